internal import FileAccess
internal import Primitives
internal import SystemPackage

// Where to look: directories, their watches, and which of their names need a look.

extension Tailer {
    func takeEvents() {
        guard let watcher else { return }
        do throws(FileError) {
            try watcher.takeEvents { take($0) }
        } catch {
            report(error, at: error.path)
            nextReconcile = nil
        }
    }

    private func take(_ event: WatchEvent) {
        switch event {
        case .modified(let watch, let name):
            for directory in watches[watch] ?? [] {
                if let residents = directory.residents[name] {
                    for file in residents { noteModified(file) }
                } else if directory.roles.contains(where: { isFile(name, in: $0) }) {
                    touch(directory, name)
                }
            }
        case .appeared(let watch, let name):
            for directory in watches[watch] ?? [] { touch(directory, name) }
        case .moved(let watch, let name): leave(watch, name, deleted: false)
        case .deleted(let watch, let name): leave(watch, name, deleted: true)
        case .directoryGone(let watch):
            for directory in watches.removeValue(forKey: watch) ?? [] {
                directory.watch = nil
                refresh(directory)
            }
        case .overflowed:
            counters.watchOverflows += 1
            nextReconcile = nil
            for directory in directories.values { directory.listed = nil }
        }
    }

    private func noteModified(_ file: TailedFile) {
        file.changedAt = now
        file.isRacy = true
        markReadable(file)
    }

    private func leave(_ watch: WatchNumber, _ name: FilePath.Component, deleted: Bool) {
        for directory in watches[watch] ?? [] {
            let residents = directory.residents[name] ?? []
            if !residents.isEmpty || directory.children.contains(name) { touch(directory, name) }
            // The last place is the file itself, the first may be a symbolic link to it.
            for file in residents where deleted && file.places.last?.directory === directory { file.sawDeletion = true }
        }
    }

    /// Looks at the directories that are not watched, or at all of them.
    func lookAround(everywhere: Bool) {
        for (source, settings) in sources.enumerated() {
            for (pattern, glob) in settings.include.enumerated() {
                enter(glob.base, [TailDirectory.Role(source: source, pattern: pattern, depth: 0)])
            }
        }
        for directory in Array(directories.values) where everywhere || directory.watch == nil { refresh(directory) }
        let again = retries
        retries.removeAll()
        for file in again {
            file.isRetried = false
            if files[file.id] === file { markReadable(file) }
        }
        touchWaiting()
    }

    func touchWaiting() {
        for place in waiting { touch(place.directory, place.name) }
        waiting.removeAll()
        for directory in unlisted { touch(directory) }
        unlisted.removeAll()
        for (path, place) in dangling {
            if directories[place.directory.path] === place.directory {
                touch(place.directory, place.name)
            } else {
                dangling[path] = nil
            }
        }
        heldBack.removeAll()
        for (key, entry) in undecided {
            let path = entry.place.directory.path.appending(entry.place.name)
            if (try? fileSystem.status(of: path, followingLinks: true))?.number != key.number { undecided[key] = nil }
            touch(entry.place.directory, entry.place.name)
        }
    }

    /// Looks whether a directory and its known files are as they were.
    private func refresh(_ directory: TailDirectory) {
        let status: FileStatus
        do throws(FileError) {
            status = try fileSystem.status(of: directory.path, followingLinks: true)
        } catch {
            if error.isNotFound { leave(directory) } else { note(error, at: directory) }
            return
        }
        guard status.kind == .directory else { return leave(directory) }
        if status.number != directory.number {
            unwatch(directory)
            directory.number = status.number
            directory.listed = nil
        }
        watch(directory)
        if directory.listed != status.modified { touch(directory) }
        for name in directory.ignored { touch(directory, name) }
        for (name, residents) in directory.residents {
            for file in residents where file.places.first?.directory === directory {
                refresh(file, directory, name)
            }
        }
    }

    private func refresh(_ file: TailedFile, _ directory: TailDirectory, _ name: FilePath.Component) {
        let status = try? fileSystem.status(of: file.path, followingLinks: true)
        if let status, isSame(file, status, at: file.path) {
            update(file, status)
        } else {
            touch(directory, name)
        }
    }

    /// Begins to look into a directory, or to look for more in it.
    func enter(_ path: FilePath, _ roles: [TailDirectory.Role]) {
        let directory: TailDirectory
        if let known = directories[path] {
            directory = known
        } else {
            guard let new = open(path) else { return }
            directory = new
        }
        for role in roles { add(role, to: directory) }
    }

    private func add(_ role: TailDirectory.Role, to directory: TailDirectory) {
        if directory.roles.contains(role) { return }
        directory.roles.append(role)
        touch(directory)
        if parts(of: role)[role.depth] == .anyDirectories {
            add(TailDirectory.Role(source: role.source, pattern: role.pattern, depth: role.depth + 1), to: directory)
        }
    }

    /// A directory that is known from now on, and watched where it can be.
    func open(_ path: FilePath) -> TailDirectory? {
        guard let status = try? fileSystem.status(of: path, followingLinks: true), status.kind == .directory else {
            return nil
        }
        let directory = TailDirectory(path: path)
        directory.number = status.number
        directories[path] = directory
        // Watched before it is listed, so that nothing appears unseen in between.
        watch(directory)
        return directory
    }

    private func watch(_ directory: TailDirectory) {
        guard let watcher, directory.watch == nil else { return }
        do throws(FileError) {
            let watch = try watcher.watch(directory.path)
            directory.watch = watch
            watches[watch, default: []].append(directory)
            directory.watchProblem = nil
            // What happened before the watch is not known.
            touch(directory)
        } catch {
            if error.isNotFound { return }
            counters.watchFailures += 1
            if directory.watchProblem != error.errno { report(error, at: directory.path) }
            directory.watchProblem = error.errno
        }
    }

    func unwatch(_ directory: TailDirectory) {
        guard let watch = directory.watch else { return }
        directory.watch = nil
        // The same directory may be known by another path too, as after it was renamed.
        watches[watch]?.removeAll { $0 === directory }
        if watches[watch]?.isEmpty ?? false {
            watches[watch] = nil
            watcher?.unwatch(watch)
        }
    }

    /// Ends looking into a directory that is gone, and into those below it.
    func leave(_ directory: TailDirectory) {
        guard directories[directory.path] === directory else { return }
        directories[directory.path] = nil
        unwatch(directory)
        for residents in directory.residents.values {
            for file in residents {
                if file.places.first?.directory === directory {
                    unsettled[file.id] = file
                } else if let place = file.places.first {
                    touch(place.directory, place.name)
                }
            }
        }
        for name in directory.children {
            if let child = directories[directory.path.appending(name)] { leave(child) }
        }
    }

    /// The whole directory needs a look.
    func touch(_ directory: TailDirectory) {
        directory.listed = nil
        directory.needsListing = true
        schedule(directory)
    }

    /// One name in it needs a look.
    func touch(_ directory: TailDirectory, _ name: FilePath.Component) {
        directory.touched.insert(name)
        schedule(directory)
    }

    private func schedule(_ directory: TailDirectory) {
        if directory.isScheduled { return }
        directory.isScheduled = true
        touched.append(directory)
    }

    func note(_ error: FileError, at directory: TailDirectory) {
        if directory.problem == error.errno { return }
        directory.problem = error.errno
        report(error, at: directory.path)
    }

    func parts(of role: TailDirectory.Role) -> [GlobPattern.Part] {
        sources[role.source].include[role.pattern].parts
    }

    func isFile(_ name: FilePath.Component, in role: TailDirectory.Role) -> Bool {
        let parts = parts(of: role)
        guard role.depth == parts.count - 1, case .name(let tokens) = parts[role.depth] else { return false }
        return GlobPattern.matches(name.bytes, tokens)
    }
}
