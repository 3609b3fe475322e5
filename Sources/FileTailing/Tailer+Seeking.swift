internal import FileAccess
internal import Primitives
package import SystemPackage

/// Where a file is to be read from.
package enum SeekTarget: Sendable, Equatable {
    case beginning
    /// Behind the last complete line.
    case end
    /// The beginning of the line that this position lies in.
    case offset(Int64)
}

/// Why a file cannot be read from elsewhere.
package struct SeekError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// One file that is read from elsewhere now.
package struct Sought: Sendable, Equatable {
    package var source: String
    package var path: FilePath
    /// Where it had been read to.
    package var from: Int64
    package var to: Int64
}

extension Tailer {
    /// Reads a file from elsewhere: it goes on under a new id and a higher generation, so that what is handed out are new
    /// lines even where the same bytes were handed out before. What was handed out and is not acknowledged stays so under
    /// the old id. Durable as soon as the owner has stored the changed checkpoints.
    ///
    /// - Returns: what was changed: one file, or one in each source that follows it.
    package func seek(_ path: FilePath, to target: SeekTarget) throws(SeekError) -> [Sought] {
        let known = files.values.filter { !$0.isGone && $0.placement != .missing }
        var found = known.filter { $0.path == path }
        if found.isEmpty { found = known.filter { $0.originalPath == path && $0.placement == .live } }
        if found.isEmpty { throw SeekError(description: "\(path) is not followed; see: explain \(path)") }
        if found.contains(where: \.isCompressed), case .offset = target {
            throw SeekError(description: "\(path) is compressed: only its beginning and its end can be found")
        }
        if found.contains(where: { $0.formerly != nil }) {
            throw SeekError(description: "\(path) was found compressed and is being verified; try again later")
        }
        var sought: [Sought] = []
        for file in found { sought.append(try seek(file, to: target)) }
        return sought
    }

    private func seek(_ old: TailedFile, to target: SeekTarget) throws(SeekError) -> Sought {
        guard let descriptor = descriptor(of: old), let status = try? descriptor.status() else {
            throw SeekError(description: "\(old.path) cannot be opened now; nothing was changed")
        }
        if case .offset(let offset) = target, offset > status.size {
            throw SeekError(description: "\(old.path) has only \(status.size) bytes; nothing was changed")
        }
        let from = old.readPosition
        let file = succeed(old, because: .sought)
        switch target {
        case .beginning: break
        case .end: skipToEnd(file, size: status.size)
        case .offset(let offset): skipToEnd(file, size: offset)
        }
        update(file, status)
        markReadable(file)
        return Sought(
            source: sources[file.source].name, path: file.path, from: from,
            to: file.isComplete ? old.readPosition : file.readPosition)
    }

    /// A new life of a file: the same file under a new id, to be read from its beginning.
    func succeed(_ old: TailedFile, because reason: RetiredFile.Reason) -> TailedFile {
        let file = TailedFile(
            id: makeID(), source: old.source, path: old.path, originalPath: old.originalPath, number: old.number,
            born: old.born, position: 0, now: now)
        file.generation = old.generation &+ 1
        file.isCompressed = old.isCompressed
        let descriptor = old.descriptor
        let placement = old.placement
        let isIncluded = old.isIncluded
        end(old, reason)
        counters.filesBegun += 1
        register(file)
        // The open file is handed on: it may have no name any more.
        if let descriptor { adopt(descriptor, file) }
        switch placement {
        case .live, .rotated: place(file, at: file.path, included: isIncluded)
        case .deleted, .missing, .gone: unlink(file, placement)
        }
        return file
    }
}
