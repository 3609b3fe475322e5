package import FileAccess
package import SystemPackage

/// Tells what changes in directories. Events may be missing (`overflowed`, network file systems): a slow scan
/// reconciles.
package protocol DirectoryWatcher: AnyObject {
    /// To wait on with poll(2): readable when there are events. -1 where there is none.
    var descriptor: CInt { get }

    /// Watches the directory's entries and their content.
    ///
    /// - Returns: the watch; the same one for a directory that is watched already, under whatever path.
    func watch(_ directory: FilePath) throws(FileError) -> WatchNumber

    func unwatch(_ watch: WatchNumber)

    /// Hands over what happened between the last call and this one, without waiting.
    func takeEvents(_ body: (WatchEvent) -> Void) throws(FileError)
}

package struct WatchNumber: Hashable, Sendable {
    package var value: Int32

    package init(_ value: Int32) { self.value = value }
}

package enum WatchEvent: Sendable {
    /// A file's content or attributes changed.
    case modified(WatchNumber, FilePath.Component)
    /// A name came: created or moved in.
    case appeared(WatchNumber, FilePath.Component)
    /// A name went by being moved away.
    case moved(WatchNumber, FilePath.Component)
    /// A name went by being deleted.
    case deleted(WatchNumber, FilePath.Component)
    /// The directory itself went, or was moved, or its file system was unmounted. The watch may be gone.
    case directoryGone(WatchNumber)
    /// Events were lost.
    case overflowed
}
