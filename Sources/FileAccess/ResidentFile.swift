/// An open file as far as it is in memory.
private final class ResidentFile: ReadableFile {
    private let file: any OpenFile

    init(_ file: any OpenFile) { self.file = file }

    var resident: any ReadableFile { self }

    func read(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        try unsafe file.readResident(into: bytes, at: position)
    }

    func status() throws(FileError) -> FileStatus { try file.status() }
}

extension OpenFile {
    package var resident: any ReadableFile { ResidentFile(self) }

    /// Of a file that is in memory as a whole, as simulated ones are.
    package func readResident(
        into bytes: UnsafeMutableRawBufferPointer, at position: Int64
    ) throws(FileError) -> Int {
        try unsafe read(into: bytes, at: position)
    }
}
