// HostMetrics: what the kernel tells about this host under /proc and /sys, as metric points.
//
// One file per collector, each with a pure parser and the declaration of the metrics it gives. It promises that a
// source that is missing, cut short, garbled or forbidden costs only its own points and is named (file and line) in
// the result; that no file system that hangs holds up a sample beyond the stated deadline; and that its memory is
// bounded by what the host has, not by how long it runs. Names, units and attributes are those of OpenTelemetry's
// semantic conventions for hosts (as of its version 1.40, https://github.com/open-telemetry/semantic-conventions,
// docs/system); what they do not define keeps their style.
//
// What becomes of a sample is decided here too: the names of others (Naming), deltas, rates and windows (Series), and
// the format (Encoding); `MetricStream` puts it together. Every metric stands in HostMetrics.docc/Metrics.md.
//
// It ships nothing, and keeps nothing that was not shipped. Every sample blocks on files: never call it from a
// cooperative thread or an event loop.
