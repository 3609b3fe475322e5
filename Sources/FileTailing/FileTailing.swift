// FileTailing: being written.
