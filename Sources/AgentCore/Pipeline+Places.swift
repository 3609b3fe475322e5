internal import FileTailing
internal import KafkaClient
internal import Logging
internal import Primitives
internal import RecordBatches
internal import SystemPackage

// Where files' lines go, and what happens when that changes while lines are under way.
//
// The lines of a path stay in order: while some are under way to a place that is no longer the path's, nothing more of the
// path is read. Either they are acknowledged there; or the place turns out to be gone for good, with all that it had, and
// the batches come back. Their files are then read again from where they are acknowledged, into the new place.
//
// A life may end at any moment of that. What was taken back is closed in the journal before the file is read again; the
// file's position stands before it; so the next life reads those lines as new ones. What was not yet taken back is open, and
// found to be homeless again.

extension Pipeline {
    /// A path, as a source sees it: its lines are to stay in order, across rotation too.
    struct SourcePath: Hashable {
        var source: String
        var path: FilePath
    }

    /// Where a file's lines go.
    struct Route {
        var key: [UInt8]
        var source: String
        var assembler: BatchAssembler
    }

    /// nil while that is not known, or lines of the file's path are elsewhere.
    func route(of file: TailedFileID) -> Route? {
        if let route = routes[file] { return route }
        guard let checkpoint = tailer.checkpoint(of: file), let topic = topicOfSource[checkpoint.source],
            let count = partitionCounts[topic],
            !pathsElsewhere().contains(SourcePath(source: checkpoint.source, path: checkpoint.originalPath))
        else { return nil }
        let key = recordKey(host: configuration.hostName, checkpoint.originalPath.bytes)
        let place: TopicPartition
        // Kept when the topic grows; but a topic that was made anew may have fewer.
        if let stored = placements[file], stored.topic == topic, stored.partition < count {
            place = stored
        } else {
            place = TopicPartition(
                topic: topic, partition: Int32(defaultPartition(forKey: key.rawBytes, partitionCount: count)))
            placements[file] = place
            entries.append(.placement(file, place))
            commit(force: true)
        }
        let route = Route(key: key, source: checkpoint.source, assembler: assembler(place))
        routes[file] = route
        return route
    }

    /// A topic is there, with so many partitions; fewer than before where it was made anew.
    func learn(_ topic: String, partitions count: Int) {
        let before = partitionCounts[topic] ?? count
        partitionCounts[topic] = count
        if count < before { forgetRoutes { $0.topic == topic && $0.partition >= count } }
    }

    /// Routes are found anew for files that go to such places.
    func forgetRoutes(where isToGo: (TopicPartition) -> Bool = { _ in true }) {
        routes = routes.filter { !isToGo($0.value.assembler.place) }
        elsewhere = nil
    }

    // MARK: Lines in former places

    /// The paths of which lines are under way to another place than they would go to now, or were just taken back.
    private func pathsElsewhere() -> Set<SourcePath> {
        if let elsewhere { return elsewhere }
        var paths = Set(takenBack.compactMap(sourcePath(of:)))
        var topics: Set<String> = []
        func look(_ file: TailedFileID, _ source: String, _ place: TopicPartition) {
            guard let topic = topicOfSource[source] else { return }
            if place.topic == topic && place.partition < partitionCounts[topic] ?? .max { return }
            if let path = sourcePath(of: file) { paths.insert(path) }
            if place.topic != topic { topics.insert(place.topic) }
        }
        for shipment in shipments.values {
            for part in shipment.parts {
                if let file = part.segment?.file {
                    look(file, part.source.isEmpty ? sourcePath(of: file)?.source ?? "" : part.source, shipment.place)
                } else if shipment.spool?.spool != Replays.name, let topic = topicOfSource[part.source],
                    topic != shipment.place.topic
                {
                    topics.insert(shipment.place.topic)
                }
            }
        }
        for (place, assembler) in assemblers where !assembler.isEmpty {
            for (file, source) in assembler.files { look(file, source, place) }
        }
        elsewhere = paths
        release(topics)
        return paths
    }

    private func sourcePath(of file: TailedFileID) -> SourcePath? {
        tailer.checkpoint(of: file).map { SourcePath(source: $0.source, path: $0.originalPath) }
    }

    /// Looks again, at the beginning of each turn in which it may matter.
    func lookElsewhere() {
        elsewhere = nil
        if !releasedTopics.isEmpty || mayHaveReleased { _ = pathsElsewhere() }
        mayHaveReleased = false
    }

    /// Sources that have another topic now wait for what is under way to these.
    private func release(_ topics: Set<String>) {
        if topics == releasedTopics { return }
        let new = topics.subtracting(releasedTopics).sorted()
        if !new.isEmpty {
            logger.notice(
                "sources that have another topic now go on when what is under way to their former one is acknowledged, or that is found to be deleted",
                metadata: ["topics": "\(new.joined(separator: ","))"])
        }
        releasedTopics = topics
        shipper.release(topics: topics)
    }

    // MARK: Taking back

    /// A batch's place is gone for good, with whatever it had of the batch.
    func takeBack(_ tag: BatchTag, _ kept: @escaping @Sendable () -> Void) {
        guard var shipment = shipments[tag], !shipment.isAnswered else {
            preconditionFailure("BUG: batch \(tag.value) was taken back, and is not under way")
        }
        if shipment.isMissing { return lost(tag, kept) }
        // Each piece of one that was cut is told.
        if !shipment.isTakenBack {
            shipment.isTakenBack = true
            shipments[tag] = shipment
            if shipment.spool == nil { takeBackLines(of: shipment) }
            discardWaiting(for: shipment.place)
        }
        // Known to the journal before anything of it is sent anew.
        journal.note([.answered([tag.value])], confirm: kept)
    }

    private func takeBackLines(of shipment: Shipment) {
        for (index, part) in shipment.parts.enumerated() {
            unread(part.source, part.share - (shipment.refused[index] ?? RecordShare()))
            if let file = part.segment?.file { takenBack.insert(file) }
        }
        elsewhere = nil
    }

    /// Lines that were read for a place, and are in no batch yet.
    private func discardWaiting(for place: TopicPartition) {
        forgetRoutes { $0 == place }
        guard let assembler = assemblers.removeValue(forKey: place), !assembler.isEmpty else { return }
        for (source, share) in assembler.shares { unread(source, share) }
        for (file, _) in assembler.files {
            takenBack.insert(file)
            goBack(file)
        }
    }

    /// Those lines will be read, and counted, again.
    private func unread(_ source: String, _ share: RecordShare) {
        counters.recordsRead -= Int64(share.records)
        counters.recordsTakenBack += Int64(share.records)
        ledger.change(source) { $0.read = $0.read - share }
    }

    /// Reads a file again from where it is acknowledged, if something of it was taken back and nothing is under way.
    func goBack(_ file: TailedFileID) {
        guard underWay[file] == nil else { return }
        broken.remove(file)
        guard takenBack.remove(file) != nil else { return }
        elsewhere = nil
        tailer.rewind(file)
    }
}
