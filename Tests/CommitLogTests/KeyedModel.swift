import CommitLog
import FileAccess
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

/// What was appended to a compacted log, and what a log that says it holds it must show.
struct KeyedModel {
    struct Batch {
        var records: [Keyed]
        var time: Int64
        var source: BatchSource?
        var base: Int64

        var end: Int64 { base + Int64(records.count) }
    }

    /// Every batch that was handed to `append`, in order, as far as it is not known to be lost.
    var batches: [Batch] = []
    /// How many of them are durable.
    var durable = 0
    var next: [Int64: Int32] = [:]

    var end: Int64 { batches.last?.end ?? 0 }
    var durableEnd: Int64 { durable == 0 ? 0 : batches[durable - 1].end }

    mutating func append(_ log: PartitionLog, _ records: [Keyed], at time: Int64, producer: Int64) throws {
        let source = producer == 0 ? nil : BatchSource(id: producer, sequence: next[producer, default: 0])
        let before = batches.count
        batches.append(Batch(records: records, time: time, source: source, base: end))
        let appended = try log.append(try keyedBatch(records, at: time, from: source), now: time)
        #expect(appended == .written(baseOffset: Offset(batches[before].base), nextOffset: Offset(end)))
        next[producer, default: 0] += Int32(records.count)
        // A roll makes durable what came before.
        if log.reader.view.endOffset.value > durableEnd { durable = before }
    }

    /// A record of each key is the newest below `limit`; those are never missing, unless they are tombstones.
    private func newest(below limit: Int64) -> [String: (offset: Int64, value: String?)] {
        var newest: [String: (offset: Int64, value: String?)] = [:]
        for batch in batches {
            for (index, record) in batch.records.enumerated() where batch.base + Int64(index) < limit {
                newest[record.key ?? ""] = (batch.base + Int64(index), record.value)
            }
        }
        return newest
    }

    /// What is wrong with what a reader of the log sees; nil where all is right.
    func fault(of log: PartitionLog) throws -> String? {
        let view = log.reader.view
        let found = try log.reader.keyed()
        let all = batches.flatMap { batch in
            batch.records.enumerated().map { index, record in
                StoredKeyed(
                    offset: batch.base + Int64(index), key: record.key, value: record.value, time: batch.time)
            }
        }
        for (earlier, later) in zip(found, found.dropFirst()) where earlier.offset >= later.offset {
            return "\(later) comes behind \(earlier)"
        }
        for record in found where record.offset >= Int64(all.count) || all[Int(record.offset)] != record {
            return "\(record) was not written"
        }
        let offsets = Set(found.map(\.offset))
        for (key, record) in newest(below: view.endOffset.value) where record.offset >= view.startOffset.value {
            if record.value != nil && !offsets.contains(record.offset) {
                return "the newest of \(key), \(record.offset), is missing"
            }
            // Of a key that was deleted nothing may come to light again.
            if record.value == nil, !offsets.contains(record.offset),
                let ghost = found.first(where: { $0.key == key })
            {
                return "\(ghost) was deleted at \(record.offset)"
            }
        }
        // What lies in the active segment was never compacted.
        for offset in max(view.active.baseOffset.value, view.startOffset.value)..<view.endOffset.value
        where !offsets.contains(offset) {
            return "\(offset) is missing from the active segment"
        }
        return nil
    }

    /// Takes the state in which a log was found after a crash as the truth from now on.
    ///
    /// - Returns: what is wrong with it.
    mutating func recover(_ log: PartitionLog) throws -> String? {
        let surviving = batches.prefix { $0.base < log.endOffset.value }.count
        if surviving < durable { return "of \(durable) acknowledged batches \(surviving) are there" }
        batches.removeLast(batches.count - surviving)
        durable = surviving
        if log.endOffset.value != end { return "the log ends at \(log.endOffset), not \(end)" }
        next = [:]
        var last: [Int64: Batch] = [:]
        for batch in batches {
            next[batch.source?.id ?? 0, default: 0] += Int32(batch.records.count)
            if let source = batch.source { last[source.id] = batch }
        }
        for (id, batch) in last {
            let verdict = log.producers.judge(try keyedBatch(batch.records, at: batch.time, from: batch.source).header)
            guard case .duplicate(let base, _, _) = verdict, base.value == batch.base else {
                return "the last batch of producer \(id) is answered \(verdict)"
            }
        }
        return try fault(of: log)
    }
}

extension LogHarness {
    /// What `verify` finds in a log that nobody has open.
    func problems() throws -> [LogProblem] {
        var found: [LogProblem] = []
        var verification = try PartitionVerification(directory, fileSystem: files) { found.append($0) }
        _ = try verification.run()
        return found
    }

    /// Files that compaction uses on the way.
    func compactionLeftovers() throws -> [String] {
        try files.list(directory).map(\.name.string).filter { $0.hasSuffix(".cleaned") || $0.hasSuffix(".swap") }
    }
}
