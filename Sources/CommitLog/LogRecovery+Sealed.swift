internal import FileAccess
internal import Primitives
internal import SystemPackage

// Segments before the last: those that the manifest knows are not looked at until somebody reads them.
extension LogRecovery {
    /// - Parameter bases: of all segments, the last included.
    mutating func openSealed(
        _ bases: [Offset], _ listing: Listing
    ) throws(LogError) -> (segments: [SegmentView], manifestSlots: Int) {
        let encoded = load(SegmentManifest.path(in: directory), limit: SegmentManifest.sizeLimit) ?? []
        let (known, isWhole) = SegmentManifest.decode(encoded)
        let indexed = Set(listing.offsets("index")).intersection(listing.offsets("timeindex"))
        var views: [SegmentView] = []
        views.reserveCapacity(bases.count)
        var summaries: [SegmentSummary] = []
        var isComplete = isWhole
        for (base, next) in zip(bases, bases.dropFirst()) {
            let opener = SegmentOpener(
                names: SegmentNames(directory: directory, baseOffset: base), endOffset: next,
                indexInterval: configuration.indexIntervalBytes, fileSystem: fileSystem)
            let summary: SegmentSummary
            if let found = known[base], found.endOffset == next, indexed.contains(base) {
                summary = found
            } else {
                summary = try opener.open(repairs: repairs).summary
                isComplete = false
            }
            summaries.append(summary)
            views.append(SealedSegment(opener, summary, cache: cache, repairs: repairs).view)
        }
        let slots = encoded.count / SegmentManifest.entryBytes
        // With as many entries again of segments that are gone, it is time to leave them out.
        if isComplete && slots <= summaries.count * 2 + 64 { return (views, slots) }
        return (views, rewriteManifest(summaries) ? summaries.count : slots)
    }

    private func rewriteManifest(_ summaries: [SegmentSummary]) -> Bool {
        let content = summaries.flatMap { SegmentManifest.encode($0) }
        do throws(FileError) {
            try fileSystem.replace(SegmentManifest.path(in: directory), with: content.rawBytes)
            return true
        } catch {
            return false
        }
    }
}
