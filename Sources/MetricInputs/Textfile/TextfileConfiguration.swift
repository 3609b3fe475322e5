package import SystemPackage

/// Pages that programs leave in a directory.
package struct TextfileConfiguration: Sendable, Equatable {
    /// Every file in it whose name ends in `.prom` is read.
    package var directory: FilePath
    package var interval: Duration = .seconds(15)
    /// The most bytes of a file; a longer one is left out.
    package var fileLimit = 2 << 20
    /// The most series of all files together.
    package var seriesLimit = 2_000

    package init(directory: FilePath) { self.directory = directory }
}
