// MetricInputs: metrics that others measured, as the same points as those of the host.
//
// Three ways in, each bounded in bytes and in series, with what is left out counted and shipped as metrics of its own:
//
//     Scraping    asks targets over HTTP for pages of Prometheus' text format or OpenMetrics
//     StatsD      takes datagrams (UDP, Unix socket), and puts together what came in an interval
//     Textfile    reads pages that programs leave in a directory, as node_exporter does
//
// `Exposition` reads the pages of the first and the last, line by line, while they come in.
//
// It promises that no input, whatever it holds, makes it crash, wait, or take more memory than its limits say; that a
// target, file or client that is at fault costs only its own points; and that each fault is told once and counted always.
// Names and labels stay as they came. A histogram or summary is shipped as the samples it has in the text; exemplars are
// left out.
//
// It ships nothing. What it gives cannot be had again: whoever takes it puts it on disk before anything else.
