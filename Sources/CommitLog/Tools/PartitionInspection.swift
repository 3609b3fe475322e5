package import FileAccess
internal import Primitives
internal import RecordBatches
package import SystemPackage

/// Tells everything that a partition's files say, one item at a time, so that it takes no memory however long the log is.
///
/// It judges nothing, see `PartitionVerification` for that; what cannot be read becomes an item of the kind "unreadable".
package struct PartitionInspection {
    private let files: PartitionFiles
    private let fileSystem: any FileSystem
    private let tell: (LogItem) -> Void

    package init(
        _ directory: FilePath, fileSystem: any FileSystem, tell: @escaping (LogItem) -> Void
    ) throws(LogError) {
        files = try PartitionFiles(directory, fileSystem: fileSystem)
        self.fileSystem = fileSystem
        self.tell = tell
    }

    package func run() throws(LogError) {
        tell(
            LogItem(
                "partition",
                [
                    ("path", .text(files.directory.string)), ("segments", .number(Int64(files.segments.count))),
                    ("bytes", .number(try files.logBytes(fileSystem))),
                ]))
        inspectSmallFiles()
        for index in files.segments.indices { try inspectSegment(index) }
        for offset in files.snapshots { inspectSnapshot(offset) }
        for path in files.swaps.map(\.path) + files.cleaned {
            tell(LogItem("unfinished_compaction", [("file", name(path))]))
        }
        for tail in files.cutTails {
            tell(
                LogItem(
                    "cut_tail",
                    [
                        ("file", name(tail.path)), ("segment", .number(tail.segment.baseOffset.value)),
                        ("position", .number(tail.position)),
                    ]))
        }
        for file in files.quarantined {
            tell(
                LogItem(
                    "quarantined",
                    [
                        ("file", .text(file.name)), ("base_offset", .number(file.offsets.lowerBound.value)),
                        ("end_offset", .number(file.offsets.upperBound.value)),
                    ]))
        }
    }

    private func unreadable(_ path: FilePath, _ reason: String, at position: Int64? = nil) {
        var fields: [(name: String, value: LogItem.Value)] = [("file", name(path))]
        if let position { fields.append(("position", .number(position))) }
        tell(LogItem("unreadable", fields + [("reason", .text(reason))]))
    }

    private func name(_ path: FilePath) -> LogItem.Value { .text(path.lastComponent?.string ?? path.string) }

    // MARK: The partition's own files

    private func inspectSmallFiles() {
        let start = LogStart.path(in: files.directory)
        inspect(start) { bytes in
            LogStart.decode(bytes).map { LogItem("log_start", [("offset", .number($0.value))]) }
        }
        inspect(RecoveryPoint.path(in: files.directory)) { bytes in
            RecoveryPoint(bytes).map { point in
                LogItem(
                    "recovery_point",
                    [
                        ("leader_epoch", .number(Int64(point.leaderEpoch.value))),
                        ("base_offset", .number(point.baseOffset.value)), ("bytes", .number(point.bytes)),
                        ("end_offset", .number(point.endOffset.value)),
                        ("max_timestamp", .number(point.index.maxTimestamp.milliseconds)),
                        ("index_entries", .number(Int64(point.index.offsetEntries))),
                        ("time_index_entries", .number(Int64(point.index.timeEntries))),
                    ])
            }
        }
        inspect(CleanerCheckpoint.path(in: files.directory)) { bytes in
            CleanerCheckpoint(bytes).map { checkpoint in
                LogItem(
                    "cleaner_checkpoint",
                    [
                        ("first_dirty_offset", .number(checkpoint.firstDirty.value)),
                        ("compacted_end_offset", .number(checkpoint.compactedEnd.value)),
                        ("next_delete_horizon", .number(checkpoint.nextHorizon.milliseconds)),
                    ])
            }
        }
        inspect(LeaderEpochs.path(in: files.directory)) { bytes in
            LeaderEpochs(text: bytes).map { epochs in
                LogItem(
                    "leader_epochs",
                    [
                        (
                            "epochs",
                            .list(
                                epochs.entries.map { entry in
                                    LogItem(
                                        "epoch",
                                        [
                                            ("epoch", .number(Int64(entry.epoch.value))),
                                            ("start_offset", .number(entry.start.value)),
                                        ])
                                })
                        )
                    ])
            }
        }
    }

    private func inspect(_ path: FilePath, _ item: ([UInt8]) -> LogItem?) {
        guard files.has(path) else { return }
        do throws(FileError) {
            if let item = item(try fileSystem.readWhole(path)) { tell(item) } else { unreadable(path, "damaged") }
        } catch {
            unreadable(path, error.description)
        }
    }

    private func inspectSnapshot(_ offset: Offset) {
        let path = SegmentNames(directory: files.directory, baseOffset: offset).producers
        let table: ProducerTable
        do throws(FileError) {
            let bytes = try fileSystem.readWhole(path, limit: 1 << 30)
            guard let read = ProducerTable(snapshot: bytes, at: offset) else { return unreadable(path, "damaged") }
            table = read
        } catch {
            return unreadable(path, error.description)
        }
        tell(
            LogItem(
                "snapshot",
                [
                    ("file", name(path)), ("offset", .number(offset.value)),
                    ("producers", .number(Int64(table.producers.count))),
                ]))
        for (id, producer) in table.producers.sorted(by: { $0.key < $1.key }) {
            tell(item(id, producer, at: offset))
        }
    }

    private func item(_ id: ProducerID, _ producer: ProducerTable.Producer, at offset: Offset) -> LogItem {
        let window = producer.window.map { batch in
            LogItem(
                "batch",
                [
                    ("first_sequence", .number(Int64(batch.firstSequence.value))),
                    ("last_sequence", .number(Int64(batch.lastSequence.value))),
                    ("last_offset", .number(batch.lastOffset.value)),
                    ("timestamp", .number(batch.timestamp.milliseconds)),
                ])
        }
        return LogItem(
            "producer",
            [
                ("snapshot", .number(offset.value)), ("producer_id", .number(id.value)),
                ("epoch", .number(Int64(producer.epoch.value))),
                ("last_arrival", .number(producer.lastArrival.milliseconds)), ("batches", .list(window)),
            ])
    }

    // MARK: Segments

    private func inspectSegment(_ index: Int) throws(LogError) {
        let names = files.segments[index]
        let (log, size) = try withFiles { () throws(FileError) in
            let log = try fileSystem.open(names.log, .read)
            return (log, try log.status().size)
        }
        tell(
            LogItem(
                "segment",
                [
                    ("file", name(names.log)), ("base_offset", .number(names.baseOffset.value)),
                    ("bytes", .number(size)),
                ]))
        var walk = SegmentWalk(
            file: log, path: names.log, from: 0, to: size, offsets: names.baseOffset..<files.limit(of: index),
            verifying: true)
        var told = 0
        while true {
            let batch = try walk.next()
            for damage in walk.damages[told...] {
                unreadable(names.log, "\(damage.bytes) bytes: \(damage.reason)", at: damage.position)
            }
            told = walk.damages.count
            guard let batch else { break }
            tell(item(batch, names))
        }
        inspectIndexes(names)
    }

    private func item(_ batch: PlacedBatch, _ names: SegmentNames) -> LogItem {
        let header = batch.header
        var fields: [(name: String, value: LogItem.Value)] = [
            ("segment", .number(names.baseOffset.value)), ("position", .number(batch.position)),
            ("bytes", .number(Int64(header.totalBytes))), ("base_offset", .number(header.baseOffset.value)),
            ("last_offset", .number(header.lastOffset.value)), ("records", .number(Int64(header.recordCount))),
            ("leader_epoch", .number(Int64(header.leaderEpoch.value))),
            ("codec", .text(header.attributes.codec?.name ?? "?")),
            ("base_timestamp", .number(header.baseTimestamp.milliseconds)),
            ("max_timestamp", .number(header.maxTimestamp.milliseconds)),
            ("timestamp_type", .text(header.attributes.hasLogAppendTime ? "LogAppendTime" : "CreateTime")),
        ]
        if header.attributes.hasDeleteHorizon {
            fields.append(("delete_horizon", .number(header.baseTimestamp.milliseconds)))
        }
        if header.isIdempotent {
            fields += [
                ("producer_id", .number(header.producerID.value)),
                ("producer_epoch", .number(Int64(header.producerEpoch.value))),
                ("base_sequence", .number(Int64(header.baseSequence.value))),
            ]
        }
        return LogItem("batch", fields)
    }

    private func inspectIndexes(_ names: SegmentNames) {
        do throws(FileError) {
            let index = try fileSystem.open(names.index, .read)
            var cursor = try EntryCursor(index, entryBytes: SegmentIndex.offsetEntryBytes)
            while let entry = try cursor.offsetEntry() {
                tell(
                    LogItem(
                        "index_entry",
                        [
                            ("segment", .number(names.baseOffset.value)),
                            ("offset", .number(names.baseOffset.value + Int64(entry.relativeOffset))),
                            ("position", .number(entry.position)),
                        ]))
                cursor.advance()
            }
        } catch {
            unreadable(names.index, error.description)
        }
        do throws(FileError) {
            let timeIndex = try fileSystem.open(names.timeIndex, .read)
            var cursor = try EntryCursor(timeIndex, entryBytes: SegmentIndex.timeEntryBytes)
            while let entry = try cursor.timeEntry() {
                tell(
                    LogItem(
                        "time_index_entry",
                        [
                            ("segment", .number(names.baseOffset.value)),
                            ("timestamp", .number(entry.timestamp.milliseconds)),
                            ("offset", .number(names.baseOffset.value + Int64(entry.relativeOffset))),
                        ]))
                cursor.advance()
            }
        } catch {
            unreadable(names.timeIndex, error.description)
        }
    }
}
