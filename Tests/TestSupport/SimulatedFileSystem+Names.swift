internal import FileAccess
internal import Primitives
internal import SystemPackage

// Paths and directories.
extension SimulatedFileSystem.State {
    /// What a path names.
    func find(_ path: FilePath, _ operation: StaticString, followingLast: Bool) throws(FileError) -> Int {
        if hasStopped { throw FileError(operation: operation, path: path, errno: .ioError) }
        guard let found = try place(path, operation, followingLast: followingLast).existing else {
            throw FileError(operation: operation, path: path, errno: .noSuchFileOrDirectory)
        }
        return found
    }

    /// The directory that a path's last component is in, that component, and what it names. A relative path begins at
    /// the root. `name` is nil for the root itself.
    func place(
        _ path: FilePath, _ operation: StaticString, followingLast: Bool
    ) throws(FileError) -> (parent: Int, name: String?, existing: Int?) {
        var rest = Array(Self.names(path).reversed())
        var trail = [0]
        var followed = 0
        while let name = rest.popLast() {
            let parent = trail[trail.count - 1]
            if name == "." { continue }
            if name == ".." {
                if trail.count > 1 { trail.removeLast() }
                continue
            }
            guard let entries = directories[parent]?.entries else {
                throw FileError(operation: operation, path: path, errno: .notDirectory)
            }
            let existing = entries[name]
            if let existing, let target = links[existing], followingLast || !rest.isEmpty {
                followed += 1
                if followed > 40 {
                    throw FileError(operation: operation, path: path, errno: .tooManySymbolicLinkLevels)
                }
                if target.isAbsolute { trail = [0] }
                rest += Self.names(target).reversed()
                continue
            }
            if rest.isEmpty { return (parent, name, existing) }
            guard let existing else {
                throw FileError(operation: operation, path: path, errno: .noSuchFileOrDirectory)
            }
            trail.append(existing)
        }
        let here = trail[trail.count - 1]
        return (here, nil, here)
    }

    /// The components of a path. (Those of FilePath take longer than all else here, in a debug build.)
    private static func names(_ path: FilePath) -> [String] {
        let text = path.withPlatformString { String(cString: $0) }
        return text.utf8.split(separator: UInt8(ascii: "/")).compactMap { String($0) }
    }

    /// As `place`, for a name that is to be changed.
    private func entry(
        _ path: FilePath, _ operation: StaticString
    ) throws(FileError) -> (parent: Int, name: String, existing: Int?) {
        if hasStopped { throw FileError(operation: operation, path: path, errno: .ioError) }
        let (parent, name, existing) = try place(path, operation, followingLast: false)
        guard let name else { throw FileError(operation: operation, path: path, errno: .resourceBusy) }
        return (parent, name, existing)
    }

    func resolve(_ path: FilePath) throws(FileError) -> FilePath {
        let found = try find(path, "realpath", followingLast: true)
        var names: [FilePath.Component] = []
        var number = found
        while number != 0 {
            let above = directories.lazy.compactMap { parent, directory in
                directory.entries.first { $0.value == number }.map { (parent, $0.key) }
            }.first
            guard let above, let name = FilePath.Component(above.1) else { break }
            names.append(name)
            number = above.0
        }
        return FilePath(root: "/", names.reversed())
    }

    mutating func list(_ path: FilePath) throws(FileError) -> [DirectoryEntry] {
        let number = try find(path, "opendir", followingLast: true)
        guard let directory = directories[number] else {
            throw FileError(operation: "opendir", path: path, errno: .notDirectory)
        }
        for name in directory.entries.keys where components[name] == nil {
            components[name] = FilePath.Component(name)
        }
        return directory.entries.map { name, number in
            let kind: FileKind =
                directories[number] != nil ? .directory : links[number] != nil ? .symbolicLink : .regular
            return DirectoryEntry(name: components[name] ?? "?", kind: kind, inode: UInt64(number))
        }
    }

    mutating func createDirectories(_ path: FilePath) throws(FileError) {
        var above = path
        var missing: [FilePath] = []
        while true {
            if hasStopped { throw FileError(operation: "mkdir", path: path, errno: .ioError) }
            do throws(FileError) {
                let found = try place(above, "mkdir", followingLast: true).existing
                if let found {
                    if directories[found] != nil { break }
                    throw FileError(
                        operation: "mkdir", path: above, errno: missing.isEmpty ? .fileExists : .notDirectory)
                }
            } catch {
                if error.errno != .noSuchFileOrDirectory { throw error }
            }
            missing.append(above)
            above.removeLastComponent()
        }
        for path in missing.reversed() {
            let (parent, name, _) = try entry(path, "mkdir")
            try perform(.createDirectory, path, "mkdir") { (state) throws(FileError) in
                let number = state.nextNumber
                state.nextNumber += 1
                state.directories[number] = SimulatedDirectory()
                state.stamps[number] = Stamps(born: state.time, modified: state.time)
                state.directories[parent]?.change(.put(name, number))
            }
        }
    }

    mutating func createLink(_ path: FilePath, to target: FilePath) throws(FileError) {
        let (parent, name, existing) = try entry(path, "symlink")
        if existing != nil { throw FileError(operation: "symlink", path: path, errno: .fileExists) }
        let number = nextNumber
        nextNumber += 1
        links[number] = target
        stamps[number] = Stamps(born: time, modified: time)
        directories[parent]?.change(.put(name, number))
    }

    mutating func rename(_ from: FilePath, to: FilePath) throws(FileError) {
        let old = try entry(from, "rename")
        let new = try entry(to, "rename")
        guard let moved = old.existing else {
            throw FileError(operation: "rename", path: from, errno: .noSuchFileOrDirectory)
        }
        if let replaced = new.existing, let directory = directories[replaced] {
            if directories[moved] == nil { throw FileError(operation: "rename", path: to, errno: .isDirectory) }
            if !directory.entries.isEmpty { throw FileError(operation: "rename", path: to, errno: .directoryNotEmpty) }
        } else if new.existing != nil, directories[moved] != nil {
            throw FileError(operation: "rename", path: to, errno: .notDirectory)
        }
        try perform(.rename, from, "rename") { (state) throws(FileError) in
            if moved == new.existing { return }
            if old.parent == new.parent {
                state.directories[old.parent]?.change(.move(old.name, new.name, moved))
            } else {
                // Of two directories, each is synced by itself: between, the file may have two names, or none.
                state.directories[new.parent]?.change(.put(new.name, moved))
                state.directories[old.parent]?.change(.remove(old.name))
            }
        }
    }

    mutating func remove(_ path: FilePath) throws(FileError) {
        let (parent, name, existing) = try entry(path, "unlink")
        guard let existing else { throw FileError(operation: "unlink", path: path, errno: .noSuchFileOrDirectory) }
        if directories[existing] != nil { throw FileError(operation: "unlink", path: path, errno: .isDirectory) }
        try perform(.remove, path, "unlink") { (state) throws(FileError) in
            state.directories[parent]?.change(.remove(name))
            // The room is free once nobody has it open; close enough for a test that fills the disk.
            state.usedBytes -= Int64(state.files[existing]?.bytes.count ?? 0)
        }
    }

    mutating func removeDirectory(_ path: FilePath) throws(FileError) {
        let (parent, name, existing) = try entry(path, "rmdir")
        guard let existing else { throw FileError(operation: "rmdir", path: path, errno: .noSuchFileOrDirectory) }
        guard let directory = directories[existing] else {
            throw FileError(operation: "rmdir", path: path, errno: .notDirectory)
        }
        guard directory.entries.isEmpty else {
            throw FileError(operation: "rmdir", path: path, errno: .directoryNotEmpty)
        }
        try perform(.removeDirectory, path, "rmdir") { (state) throws(FileError) in
            state.directories[parent]?.change(.remove(name))
        }
    }

    mutating func synchronizeDirectory(_ path: FilePath) throws(FileError) {
        let number = try find(path, "open", followingLast: true)
        guard directories[number] != nil else { throw FileError(operation: "open", path: path, errno: .notDirectory) }
        try perform(.synchronizeDirectory, path, "fsync") { (state) throws(FileError) in
            state.directories[number]?.synchronize()
        }
    }
}
