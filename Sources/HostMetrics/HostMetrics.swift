// HostMetrics: being written.
