// RecordBatches: being written.
