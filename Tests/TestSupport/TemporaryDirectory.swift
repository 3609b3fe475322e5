internal import FileAccess
package import SystemPackage

/// A path that nothing is at yet. Whoever makes a directory of it removes it with `removeTree`.
///
/// - Parameter inMemory: where syncing to disk is not what the test is about.
package func temporaryDirectory(inMemory: Bool = false) -> FilePath {
    let memory: FilePath = "/dev/shm"
    let isThere = inMemory && (try? PosixFileSystem().exists(memory)) == true
    return (isThere ? memory : "/tmp").appending("tributary-test-\(UInt64.random(in: 0 ... .max))")
}

/// Removes a directory with all that is in it, as far as that can be done.
package func removeTree(_ directory: FilePath) {
    let system = PosixFileSystem()
    for entry in (try? system.list(directory)) ?? [] {
        let path = directory.appending(entry.name)
        if (try? system.status(of: path, followingLinks: false))?.kind == .directory {
            removeTree(path)
        } else {
            try? system.remove(path)
        }
    }
    try? system.removeDirectory(directory)
}
