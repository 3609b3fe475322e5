internal import Primitives

extension SealedBatch {
    /// A batch that was stored as its `bytes`. All of it is checked, as `RecordBatchHeader.init(checking:)` does.
    ///
    /// - Parameter uncompressedBytes: what the batch said of itself.
    package init(stored bytes: RawSpan, uncompressedBytes: Int) throws(BatchError) {
        let header = try RecordBatchHeader(checking: bytes)
        self.init(
            header: header, body: Array(bytes.extracting(RecordBatchHeader.byteCount..<header.totalBytes)),
            uncompressedBytes: uncompressedBytes)
    }
}
