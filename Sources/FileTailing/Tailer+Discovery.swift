internal import FileAccess
internal import Primitives
internal import SystemPackage

// What is there: names that need a look are matched with the patterns, and with the files that are known.

extension Tailer {
    func examineTouched() {
        if isExamining { return }
        isExamining = true
        defer { isExamining = false }
        repeat {
            while !touched.isEmpty || !unsettled.isEmpty {
                while let directory = touched.popLast() {
                    directory.isScheduled = false
                    if directories[directory.path] === directory { examine(directory) }
                }
                settle()
            }
            // The files of the checkpoints are not all known before.
            if hasScanned { judgeCandidates() }
        } while !touched.isEmpty || !unsettled.isEmpty
        if hasScanned { noteLooks() }
        strays.removeAll()
    }

    private func examine(_ directory: TailDirectory) {
        let names = directory.touched
        directory.touched.removeAll()
        for name in names { examine(name, kind: nil, in: directory, strayToo: true) }
        guard directory.needsListing else { return }
        directory.needsListing = false
        if directory.roles.isEmpty && directory.targets.isEmpty {
            for name in directory.residents.keys { examine(name, kind: nil, in: directory, strayToo: false) }
            return
        }
        do throws(FileError) {
            let status = try fileSystem.status(of: directory.path, followingLinks: true)
            let entries = try fileSystem.list(directory.path)
            directory.listed = isRecent(status.modified) ? nil : status.modified
            directory.problem = nil
            var gone = Set(directory.residents.keys).union(directory.children)
            for entry in entries {
                gone.remove(entry.name)
                examine(entry.name, kind: entry.kind, in: directory, strayToo: false)
            }
            for name in gone { examine(name, kind: nil, in: directory, strayToo: false) }
            noteListing(directory, status)
        } catch {
            if error.isNotFound { return leave(directory) }
            note(error, at: directory)
            giveBackDescriptors(after: error)
            unlisted.append(directory)
        }
    }

    /// So close to now that another change may bear the same time stamp.
    func isRecent(_ time: FileTime) -> Bool {
        abs(now.milliseconds - time.milliseconds) < 2000
    }

    private func examine(
        _ name: FilePath.Component, kind: FileKind?, in directory: TailDirectory, strayToo: Bool
    ) {
        let bytes = name.bytes
        directory.ignored.remove(name)
        var takers: [Int] = []
        var below: [Below] = []
        for role in directory.roles {
            match(bytes, role, kind, &takers, &below)
        }
        let residents = directory.residents[name] ?? []
        if takers.isEmpty && below.isEmpty && residents.isEmpty && !strayToo && !directory.children.contains(name) {
            guard kind == .regular || kind == nil, belongsToFamily(bytes, in: directory) else { return }
        }
        let path = directory.path.appending(name)
        let status: FileStatus?
        do throws(FileError) {
            status = try fileSystem.status(of: path, followingLinks: true)
        } catch {
            // A link that leads nowhere or in a circle is as good as none.
            if !error.isNotFound && error.errno != .tooManySymbolicLinkLevels { return note(error, at: directory) }
            status = nil
        }
        unsettleResidents(residents, directory, path, status)
        dangling[path] = nil
        guard let status else {
            if !takers.isEmpty || !below.isEmpty, isLink(path) {
                dangling[path] = TailedFile.Place(directory: directory, name: name)
            }
            if let child = directories[path], directory.children.remove(name) != nil { leave(child) }
            return
        }
        switch status.kind {
        case .directory: enterChild(name, below, of: directory)
        case .regular: observe(path, name, directory, status, takers)
        case .symbolicLink, .other: break
        }
    }

    private struct Below {
        var role: TailDirectory.Role
        /// `**` does not follow symbolic links: they may lead in circles.
        var followsLinks: Bool
    }

    private func match(
        _ name: [UInt8], _ role: TailDirectory.Role, _ kind: FileKind?, _ takers: inout [Int],
        _ below: inout [Below]
    ) {
        let parts = parts(of: role)
        switch parts[role.depth] {
        case .anyDirectories:
            if kind == nil || kind == .directory, name.first != UInt8(ascii: ".") {
                below.append(Below(role: role, followsLinks: false))
            }
        case .name(let tokens):
            guard GlobPattern.matches(name, tokens) else { return }
            if role.depth == parts.count - 1 {
                if kind != .directory, !takers.contains(role.source) { takers.append(role.source) }
            } else {
                let next = TailDirectory.Role(source: role.source, pattern: role.pattern, depth: role.depth + 1)
                below.append(Below(role: next, followsLinks: true))
            }
        }
    }

    private func enterChild(_ name: FilePath.Component, _ below: [Below], of directory: TailDirectory) {
        if below.isEmpty { return }
        let path = directory.path.appending(name)
        let isLink = isLink(path)
        let roles = below.filter { !isLink || $0.followsLinks }.map(\.role)
        if roles.isEmpty { return }
        directory.children.insert(name)
        enter(path, roles)
    }

    func isLink(_ path: FilePath) -> Bool {
        (try? fileSystem.status(of: path, followingLinks: false))?.kind == .symbolicLink
    }

    private func unsettleResidents(
        _ residents: [TailedFile], _ directory: TailDirectory, _ path: FilePath, _ status: FileStatus?
    ) {
        for file in residents {
            guard let place = file.places.first else { continue }
            if place.directory !== directory || file.path != path {
                // The target of a link changed: look at the link.
                touch(place.directory, place.name)
            } else if let status, status.number == file.number, isSame(file, status, at: path) {
                update(file, status)
            } else {
                unsettled[file.id] = file
            }
        }
    }

    private func observe(
        _ path: FilePath, _ name: FilePath.Component, _ directory: TailDirectory, _ status: FileStatus, _ takers: [Int]
    ) {
        var isTaken = false
        for source in takers where sources[source].exclusion(of: path) == nil {
            isTaken = true
            observe(path, TailedFile.Place(directory: directory, name: name), status, by: source)
        }
        if !isTaken { strays[status.number] = path }
        consider(path, TailedFile.Place(directory: directory, name: name), status, takers)
    }

    private func observe(_ path: FilePath, _ place: TailedFile.Place, _ status: FileStatus, by source: Int) {
        let key = Key(source: source, number: status.number)
        if let file = current[key] {
            if isSame(file, status, at: path) {
                if file.path != path || file.placement == .missing {
                    // Another name for a file that still has the one it is known by.
                    if file.places.first != nil, leads(file.path, to: file) { return }
                    self.place(file, at: path, included: true)
                }
                unsettled[file.id] = nil
                return update(file, status)
            }
            loseInode(of: file, key)
        }
        if let checkpoints = resuming.removeValue(forKey: key) {
            if resume(checkpoints, source: source, at: path, status, included: true) { return }
        }
        if considerIncluded(path, place, status, source) { return }
        begin(path, place, status, source)
    }

    /// Another file was given a file's inode: it is gone.
    func loseInode(of file: TailedFile, _ key: Key) {
        current[key] = nil
        if !continueCompressed([file]).isEmpty { endUnlessCompressed(file) }
    }

    func leads(_ path: FilePath, to file: TailedFile) -> Bool {
        guard let status = try? fileSystem.status(of: path, followingLinks: true) else { return false }
        return status.number == file.number && isSame(file, status, at: path)
    }

    /// - Parameters:
    ///   - base: the path whose earlier file it is, where it is one.
    ///   - opened: the file, where it is open already.
    func begin(
        _ path: FilePath, _ place: TailedFile.Place, _ status: FileStatus, _ source: Int, of base: FilePath? = nil,
        _ opened: (any OpenFile)? = nil
    ) {
        let settings = sources[source]
        if let limit = settings.ignoreOlder {
            let age = now.milliseconds - status.modified.milliseconds
            if age > limit.milliseconds {
                place.directory.ignored.insert(place.name)
                return
            }
        }
        let isCompressed = path.extension == gzipSuffix && settings.readsCompressed
        if isCompressed && isForm(path, status, of: source, place) { return }
        guard hasRoom else {
            if let base { heldBack.insert(Family(source: source, path: base)) }
            return waiting.append(place)
        }
        let file = TailedFile(
            id: makeID(), source: source, path: path, originalPath: base ?? path, number: status.number,
            born: status.born, position: 0, now: now)
        file.isCompressed = isCompressed
        counters.filesBegun += 1
        register(file)
        if let opened { hold(opened, for: file) }
        fresh.append(place.directory)
        self.place(file, at: path, included: true)
        if settings.start == .end && firstStarts.contains(source) { skipToEnd(file, size: status.size) }
        update(file, status)
    }

    /// Whether a new file may be begun.
    private var hasRoom: Bool {
        if files.count >= limits.files { return false }
        if unlinked.isEmpty && unsettled.isEmpty { return true }
        let pinned = unlinked.values.filter { $0.isPinned && !$0.isGone && $0.placement != .missing }
        let leaving = unsettled.values.filter { $0.unread > 0 || $0.unacknowledged > 0 }
        return pinned.count + leaving.count < limits.pinnedFiles
            && pinned.reduce(Int64(0), { $0 + $1.unread }) < limits.pinnedBytes
    }

    func makeID() -> TailedFileID {
        TailedFileID(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
    }

    func register(_ file: TailedFile) {
        files[file.id] = file
        addToFamily(file)
        current[Key(source: file.source, number: file.number)] = file
        if file.checkpointChanged { changed.append(file) }
    }
}

extension FileTime {
    var milliseconds: Int64 { seconds * 1000 + nanoseconds / 1_000_000 }
}
