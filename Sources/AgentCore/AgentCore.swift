// AgentCore: the agent as a service: sources in, acknowledged batches out.
//
// A line's way through it, all of it on one thread, the pipeline's, up to the last step:
//
//     Tailer reads a chunk, and lends each line          SourceReader
//     the line is appended to its partition's batch      BatchAssembler    the one copy in the agent's memory
//     full, or nobody waits for more: compressed         BatchAssembler
//     handed to the producer                             Shipment, KafkaClient
//
// and back: the acknowledgement comes as a message to the pipeline, which tells the tailer how far the file is done, and
// stores that. Nothing else moves a stored position: what was not acknowledged is read again after a restart.
//
// When the collector is slow, batches pile up to the memory limit, and then reading stops: files are their own buffer.
