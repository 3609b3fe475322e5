import FileAccess
import Glibc
import Primitives
import SystemPackage
import TestSupport
import Testing

/// Of the real file system: reads that do not wait for the disk.
@Suite struct ResidentReadTests {
    private func read(_ file: any OpenFile, _ count: Int, at position: Int64 = 0) throws -> [UInt8] {
        try file.resident.read(count, at: position)
    }

    @Test func `what was just written is read without waiting, up to the end of the file`() throws {
        let directory = temporaryDirectory()
        defer { removeTree(directory) }
        let files = PosixFileSystem()
        try files.createDirectories(directory)
        let file = try files.open(directory.appending("file"), .create)
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        try file.write(bytes.rawBytes, at: 0)
        do {
            #expect(try read(file, 100_000) == bytes)
            #expect(try read(file, 200_000, at: 99_000) == Array(bytes[99_000...]))
            #expect(try read(file, 10, at: 100_000).isEmpty)
        } catch let error as FileError {
            // A file system that cannot tell: all reads wait there.
            #expect(error.needsWaiting)
        }
    }

    @Test func `what only the disk has is not waited for`() throws {
        let directory = temporaryDirectory()
        defer { removeTree(directory) }
        let files = PosixFileSystem()
        try files.createDirectories(directory)
        let path = directory.appending("file")
        let file = try files.open(path, .create)
        let bytes = [UInt8](repeating: 7, count: 8 << 20)
        try file.write(bytes.rawBytes, at: 0)
        try file.synchronizeData()
        let descriptor = open(path.string, O_RDONLY)
        defer { close(descriptor) }
        #expect(posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0)
        do {
            _ = try read(file, bytes.count)
            Issue.record("eight megabytes were read without a disk")
        } catch let error as FileError {
            #expect(error.needsWaiting, "\(error)")
        }
        // Whoever may wait has it read, and then it is in memory.
        #expect(try file.read(bytes.count, at: 0) == bytes)
    }

    @Test func `where the system cannot tell, everything has to be waited for`() throws {
        let file = try PosixFileSystem().open("/proc/self/status", .read)
        do {
            _ = try read(file, 10)
            Issue.record("it was read")
        } catch let error as FileError {
            #expect(error.needsWaiting, "\(error)")
        }
        #expect(try file.read(4, at: 0) == Array("Name".utf8))
    }
}
