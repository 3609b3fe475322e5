// CommitLog: being written.
