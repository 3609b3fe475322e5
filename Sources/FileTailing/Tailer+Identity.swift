internal import FileAccess
internal import Primitives
internal import SystemPackage

// Which file is which, and what became of it.

extension Tailer {
    /// Whether what was found with a file's inode under `path` is still that file. Its content is verified before
    /// anything more is read of it.
    func isSame(_ file: TailedFile, _ status: FileStatus, at path: FilePath) -> Bool {
        guard status.number == file.number else { return false }
        // While it is open its inode is not given to another.
        if file.descriptor != nil { return true }
        if let known = file.born, let born = status.born {
            // A file made anew within one tick of the clock may bear the same time.
            return known == born && !(file.sawDeletion && path == file.path)
        }
        // Without a birth time only an unbroken presence tells.
        return !file.sawDeletion && file.placement != .missing
    }

    /// Files that are not where they were: deleted, renamed, or out of sight.
    func settle() {
        // One that was not to be found before may be back.
        for file in unlinked.values
        where file.placement == .missing && file.descriptor == nil && strays[file.number] != nil {
            unsettled[file.id] = file
        }
        let lost = unsettled.values.filter { files[$0.id] === $0 && !$0.isGone }
        unsettled.removeAll()
        var sought: [TailedFile] = []
        for file in lost {
            if let descriptor = file.descriptor, let status = try? descriptor.status(), status.links == 0 {
                update(file, status)
                unlink(file, .deleted)
            } else if let path = strays[file.number], leads(path, to: file) {
                place(file, at: path, included: isTaken(path, by: file.source))
            } else {
                sought.append(file)
            }
        }
        if sought.isEmpty { return }
        couldNotList = false
        let found = search(for: Set(sought.map(\.number)), in: neighbourhood(of: sought))
        var gone: [TailedFile] = []
        for file in sought {
            if let (path, status) = found[file.number], isSame(file, status, at: path) {
                place(file, at: path, included: isTaken(path, by: file.source))
                update(file, status)
            } else {
                gone.append(file)
            }
        }
        // An event that tells of a deletion finds the file by its place: it has none any more once it is missing.
        if !gone.isEmpty { takeEvents() }
        for file in continueCompressed(gone) {
            // It may be where nobody could look.
            if couldNotList { unlink(file, .missing) } else { vanish(file) }
        }
    }

    func isTaken(_ path: FilePath, by source: Int) -> Bool {
        if case .taken = sources[source].verdict(on: path) { true } else { false }
    }

    /// A file that is nowhere to be found.
    func vanish(_ file: TailedFile) {
        // Without a birth time it could not be told from another file, should it come back.
        if file.descriptor == nil && (file.sawDeletion || file.born == nil) {
            endUnlessCompressed(file)
        } else {
            unlink(file, .missing)
        }
    }

    /// A file that was deleted, unless its compressed form may yet be found: a listing can miss a name that changes.
    func endUnlessCompressed(_ file: TailedFile) {
        if file.isCompressed || file.born == nil || isSettled(file) { return end(file, .lost) }
        close(file)
        let key = Key(source: file.source, number: file.number)
        if current[key] === file { current[key] = nil }
        file.sawDeletion = true
        unlink(file, .missing)
    }

    /// A file that was deleted is lost as soon as its directory was looked at since, and again. Where nothing happens in
    /// that any more, it is listed for this.
    private func endIfSettled(_ file: TailedFile) {
        if isSettled(file) { return end(file, .lost) }
        guard let look = look(of: file), look.settled < look.listed else { return }
        directories[file.home]?.listed = nil
    }

    /// Where a file that is not in its place may be: its own directory first, then those of its source.
    private func neighbourhood(of files: [TailedFile]) -> [FilePath] {
        var paths: [FilePath] = []
        for file in files {
            paths += file.places.map(\.directory.path)
            paths.append(file.path.removingLastComponent())
        }
        let sources = Set(files.map(\.source))
        paths += directories.values.filter { $0.roles.contains { sources.contains($0.source) } }.map(\.path)
        return paths
    }

    /// The files in a directory, each once, as they were at one moment. A rotation that renames a dozen of them may come
    /// between a listing and the looks at what bears the names: then one file is found under another's name, and another
    /// not at all. So it is looked at again until a second listing is the same.
    func files(in directory: FilePath, where isWanted: (FilePath.Component) -> Bool) -> [OtherForm] {
        func list() -> [FilePath.Component: UInt64] {
            let wanted = entries(of: directory).filter { ($0.kind == .regular || $0.kind == nil) && isWanted($0.name) }
            return Dictionary(wanted.map { ($0.name, $0.inode) }, uniquingKeysWith: { $1 })
        }
        var names = list()
        var found: [OtherForm] = []
        for _ in 0..<32 {
            found = names.keys.compactMap { name in
                let path = directory.appending(name)
                let status = try? fileSystem.status(of: path, followingLinks: false)
                guard let status, status.kind == .regular else { return nil }
                return OtherForm(path: path, status: status, isCompressed: isGzipName(name.bytes))
            }
            let again = list()
            if again == names { break }
            names = again
        }
        return found
    }

    private func entries(of directory: FilePath) -> [DirectoryEntry] {
        do throws(FileError) {
            return try fileSystem.list(directory)
        } catch {
            if !error.isNotFound {
                couldNotList = true
                giveBackDescriptors(after: error)
            }
            return []
        }
    }

    /// Finds inodes in directories, under whatever names.
    func search(for numbers: Set<FileNumber>, in paths: [FilePath]) -> [FileNumber: (FilePath, FileStatus)] {
        var found: [FileNumber: (FilePath, FileStatus)] = [:]
        var seen: Set<FilePath> = []
        for path in paths where seen.insert(path).inserted && found.count < numbers.count {
            for file in files(in: path, where: { _ in true }) where numbers.contains(file.status.number) {
                found[file.status.number] = (file.path, file.status)
            }
        }
        return found
    }

    /// Puts a file where it was found.
    func place(_ file: TailedFile, at path: FilePath, included: Bool) {
        removePlaces(of: file)
        if file.path != path {
            file.path = path
            noteChanged(file)
        }
        file.isIncluded = included
        file.sawDeletion = false
        file.outOfReachSince = nil
        if included { file.isArchived = false }
        addPlace(path, to: file)
        let target = isLink(path) ? try? fileSystem.resolve(path) : nil
        if let target { addPlace(target, to: file) }
        if path == file.originalPath {
            if file.target != target { noteChanged(file) }
            file.target = target
            if let target { noteTarget(target, of: file) }
        }
        if path == file.originalPath {
            file.placement = .live
            file.unlinkedAt = nil
            unlinked[file.id] = nil
        } else {
            unlink(file, .rotated)
        }
    }

    /// Generations of what a link leads to are looked for where that lies.
    private func noteTarget(_ target: FilePath, of file: TailedFile) {
        guard let directory = directories[target.removingLastComponent()], let name = target.lastComponent else {
            return
        }
        directory.targets[name, default: []].append(Family(file))
        touch(directory)
    }

    private func addPlace(_ path: FilePath, to file: TailedFile) {
        guard let name = path.lastComponent else { return }
        let parent = path.removingLastComponent()
        guard let directory = directories[parent] ?? open(parent) else { return }
        directory.residents[name, default: []].append(file)
        file.places.append(TailedFile.Place(directory: directory, name: name))
    }

    func removePlaces(of file: TailedFile) {
        for place in file.places {
            let directory = place.directory
            directory.residents[place.name]?.removeAll { $0 === file }
            if directory.residents[place.name]?.isEmpty ?? false { directory.residents[place.name] = nil }
            directory.targets[place.name]?.removeAll { $0 == Family(file) }
            if directory.targets[place.name]?.isEmpty ?? false { directory.targets[place.name] = nil }
            if directory.roles.isEmpty && directory.residents.isEmpty && directories[directory.path] === directory {
                directories[directory.path] = nil
                unwatch(directory)
            }
        }
        file.places.removeAll()
    }

    /// A file lost the name by which it was found. It is kept until it is read to its end and acknowledged.
    func unlink(_ file: TailedFile, _ placement: TailedFile.Placement) {
        if placement != .rotated { removePlaces(of: file) }
        if file.placement == .live {
            file.unlinkedAt = now
            counters.rotations += 1
        }
        let mayHaveMore = file.unread > 0 || file.path == file.originalPath
        if placement == .missing && file.placement != .missing && file.descriptor == nil && mayHaveMore {
            file.outOfReachSince = now
        }
        file.placement = placement
        file.changedAt = now
        unlinked[file.id] = file
        // The last look at its size may be old.
        markReadable(file)
        if file.descriptor == nil && placement == .rotated && openFiles.count < limits.openFiles + limits.pinnedFiles {
            _ = descriptor(of: file)
        }
    }

    /// Looks after the files that lost their name: notes what is still written to them, and lets go of those that are
    /// done with.
    ///
    /// - Parameter all: also for what takes a look at a directory.
    func tendUnlinked(all: Bool) {
        for file in Array(unlinked.values) {
            if file.isGone {
                retireIfDone(file)
                continue
            }
            if file.placement != .rotated, let status = try? file.descriptor?.status(), status.size != file.size {
                update(file, status)
            }
            let quiet = now.milliseconds - max(file.changedAt, file.unlinkedAt ?? file.changedAt).milliseconds
            guard !file.isReadable || file.placement == .missing else { continue }
            if quiet >= limits.settleTime.milliseconds {
                if file.unread > 0 && file.descriptor != nil { markReadable(file) }
                if !file.isPinned && (all || !file.isArchived) { letGo(file) }
                if all && file.placement == .missing && file.sawDeletion { endIfSettled(file) }
            }
            if !file.isGone && quiet >= limits.forgetAfter.milliseconds && !file.isIncludedNow
                && !awaitsCompression(file) && (file.placement != .rotated || isSettled(file))
            {
                forget(file)
            }
        }
    }

    /// A file that was read to its end and acknowledged needs no descriptor, and without a name nothing at all.
    private func letGo(_ file: TailedFile) {
        close(file)
        file.isArchived = true
        switch file.placement {
        case .deleted:
            // Known by its compressed form, it is not taken for a file that nobody read.
            if file.isCompressed {
                end(file, .finished)
            } else if !continueCompressed([file]).isEmpty {
                endUnlessCompressed(file)
            }
        case .live, .rotated, .missing, .gone: break
        }
    }

    /// Once it is compressed it would be read from its beginning if it were not known any more. Container runtimes do that
    /// a rotation later, and give the compressed file the time of that.
    private func awaitsCompression(_ file: TailedFile) -> Bool {
        file.placement == .rotated && !file.isCompressed
            && (sources[file.source].readsCompressed || file.target != nil)
    }

    private func forget(_ file: TailedFile) {
        if file.isPinned && file.placement == .rotated { return }
        if file.isPinned && file.descriptor != nil { return }
        end(file, file.isPinned ? .lost : .finished)
    }

    /// Nothing more can or will be read of a file.
    func end(_ file: TailedFile, _ reason: RetiredFile.Reason) {
        if file.isUnproven && reason != .truncated && !file.isCompressed {
            file.largestSize = max(file.largestSize, file.size)
        }
        if reason != .sought { lose(file.knownUnread, because: reason) }
        let reason = reason == .lost && file.unread == 0 ? .finished : reason
        close(file)
        removePlaces(of: file)
        let key = Key(source: file.source, number: file.number)
        if current[key] === file { current[key] = nil }
        file.isReadable = false
        file.placement = .gone(reason)
        unlinked[file.id] = file
        retireIfDone(file)
    }

    func lose(_ bytes: Int64, because reason: RetiredFile.Reason) {
        if reason == .truncated { counters.bytesTruncatedUnread += bytes } else { counters.bytesDeletedUnread += bytes }
    }

    /// A file whose content is gone is known until what was read of it is acknowledged.
    func retireIfDone(_ file: TailedFile) {
        guard case .gone(let reason) = file.placement, file.unacknowledged == 0 else { return }
        retire(file, reason, bytesLost: reason == .sought ? 0 : file.knownUnread)
    }

    func retire(_ file: TailedFile, _ reason: RetiredFile.Reason, bytesLost: Int64) {
        removeFromFamily(file)
        storeLook(besides: file)
        files[file.id] = nil
        unlinked[file.id] = nil
        counters.filesRetired += 1
        retired.append(
            RetiredFile(
                id: file.id, source: sources[file.source].name, reason: reason, bytesLost: bytesLost + file.bytesLost))
    }
}

extension TailedFile {
    /// It has a name that matches the patterns: as long as it has, it must be known lest it be read again.
    var isIncludedNow: Bool { isIncluded && placement == .rotated }
}
