internal import AgentCore
internal import CollectorCore
internal import Primitives
internal import RecordBatches
internal import YAMLConfiguration

/// Takes bytes for a record batch apart, as a consumer and as the collector do; once as they are, and once with the
/// checksum made right, or little would be seen of what stands behind it.
package func runRecordBatch(_ bytes: [UInt8]) {
    takeApart(bytes)
    guard bytes.count >= RecordBatchHeader.byteCount else { return }
    var mended = bytes
    let length = mended[8..<12].reduce(0) { $0 << 8 | Int($1) }
    let end = min(mended.count, max(RecordBatchHeader.byteCount, length + RecordBatchHeader.lengthPrefix))
    let checksummed = Array(mended[RecordBatchHeader.checksummedFrom..<end])
    let checksum = CRC32C.of(checksummed.rawBytes)
    for index in 0..<4 { mended[17 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * index)) }
    takeApart(mended)
}

private func takeApart(_ bytes: [UInt8]) {
    let whole = RecordBatchHeader.wholeBatches(in: bytes.rawBytes)
    precondition((0...bytes.count).contains(whole), "BUG: more whole batches than bytes")
    do throws(BatchError) {
        try RecordBatchHeader(checking: bytes.rawBytes).checkFromProducer()
    } catch {
        precondition(!error.description.isEmpty, "BUG: an error says nothing")
    }
    do throws(BatchError) {
        let contents = try RecordBatchContents(bytes.rawBytes, limit: 1 << 20)
        precondition(contents.payload.count <= 1 << 20, "BUG: more was decompressed than allowed")
        for record in try contents.records() {
            let ranges = [record.key, record.value].compactMap { $0 } + record.headers.map(\.key)
            precondition(
                ranges.allSatisfy { $0.upperBound <= contents.payload.count }, "BUG: a field outside the records")
        }
    } catch {
        precondition(!error.description.isEmpty, "BUG: an error says nothing")
    }
}

/// Reads bytes as the configuration of the collector, and of the agent.
package func runConfiguration(_ bytes: [UInt8]) {
    let environment = Environment(["HOME": "/root"])
    do throws(ConfigurationError) {
        _ = try readConfiguration(bytes, source: "fuzz", environment: environment, as: CollectorConfiguration.form)
    } catch {
        precondition(!"\(error)".isEmpty, "BUG: an error says nothing")
    }
    do throws(ConfigurationError) {
        _ = try readConfiguration(
            bytes, source: "fuzz", environment: environment, as: AgentConfiguration.form(machineName: "box"))
    } catch {
        precondition(!"\(error)".isEmpty, "BUG: an error says nothing")
    }
}
