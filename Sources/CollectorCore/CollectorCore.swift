// CollectorCore: being written.
