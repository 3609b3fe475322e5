import FileAccess
import Glibc
import HostMetrics
import Primitives
import SystemPackage
import TestSupport
import Testing

@testable import MetricInputs

@Suite struct TextfileTests {
    private let place: TemporaryDirectory
    private var reader: TextfileReader

    init() throws {
        place = try TemporaryDirectory()
        var configuration = TextfileConfiguration(directory: place.path)
        configuration.seriesLimit = 50
        configuration.fileLimit = 4096
        reader = TextfileReader(configuration, fileSystem: PosixFileSystem(), clock: FixedClock())
    }

    private func write(_ name: String, _ text: String) throws {
        let bytes = Array(text.utf8)
        try PosixFileSystem().replace(place.path.appending(name), with: bytes.span.bytes)
    }

    private func told(_ reading: InputReading) -> [String] {
        reading.points.filter { !$0.name.hasPrefix("node_textfile") && !$0.name.hasPrefix("tributary.") }.map(\.told)
    }

    private func value(_ reading: InputReading, _ name: String) -> Double? {
        reading.points.first { $0.name == name }?.value.number
    }

    @Test mutating func `files are read in the order of their names, with the time each was written`() throws {
        try write("b.prom", "# TYPE b counter\nb 2\n")
        try write("a.prom", "a{x=\"y\"} 1\n")
        try write("c.txt", "c 3\n")
        let reading = reader.read()
        #expect(told(reading) == ["a{x=y} 1.0", "counter b 2.0"])
        let times = reading.points.filter { $0.name == "node_textfile_mtime_seconds" }
        #expect(times.map { $0.attributes[0].value.plain } == ["a.prom", "b.prom"])
        #expect(times.allSatisfy { $0.value.number > 1e9 })
        #expect(value(reading, "node_textfile_scrape_error") == 0)
        #expect(reading.changes.isEmpty)
    }

    @Test mutating func `what is wrong with a file is told once, and again when it is put right, and the others go on`()
        throws
    {
        try write("a.prom", "a 1\nnonsense\nb 2\ncut 3")
        try write("good.prom", "c 4\n")
        var reading = reader.read()
        #expect(told(reading) == ["a 1.0", "b 2.0", "c 4.0"])
        #expect(reading.changes == ["a.prom: line 2: expected a number behind the name"])
        #expect(value(reading, "node_textfile_scrape_error") == 1)
        #expect(value(reading, "tributary.textfile.malformed") == 2)
        reading = reader.read()
        #expect(reading.changes.isEmpty && value(reading, "tributary.textfile.malformed") == 4)
        try write("a.prom", "a 1\n")
        #expect(reader.read().changes == ["a.prom: is as it should be again"])
    }

    @Test mutating func `files with timestamps, too long or no files are left out`() throws {
        try write("time.prom", "a 1 1395066363000\n")
        try write("long.prom", String(repeating: "a 1\n", count: 2000))
        try PosixFileSystem().createDirectories(place.path.appending("d.prom"))
        #expect(mkfifo(place.path.appending("pipe.prom").string, 0o600) == 0)
        let reading = reader.read()
        #expect(told(reading).isEmpty)
        #expect(reading.changes.count == 4)
        #expect(value(reading, "tributary.textfile.dropped") == 1)
    }

    @Test mutating func `one series in two files is taken once, and one metric in two files is one metric`() throws {
        try write("a.prom", "m{f=\"a\"} 1\nsame 1\n")
        try write("b.prom", "m{f=\"b\"} 2\nsame 2\n")
        let reading = reader.read()
        #expect(told(reading) == ["m{f=a} 1.0", "same 1.0", "m{f=b} 2.0"])
        let metrics = reading.points.filter { $0.name == "m" }.map(\.metric)
        #expect(metrics[0] === metrics[1])
        #expect(value(reading, "tributary.textfile.dropped") == 1)
        #expect(reading.changes.count == 1)
    }

    @Test mutating func `series beyond the limit of all files are left out and counted`() throws {
        for file in 0..<10 {
            try write("f\(file).prom", (0..<20).map { "m{f=\"\(file)\",n=\"\($0)\"} 1\n" }.joined())
        }
        let reading = reader.read()
        #expect(told(reading).count == 50)
        #expect(value(reading, "tributary.textfile.dropped") == 150)
    }

    @Test mutating func `a directory that is not there is told once, and found when it is made`() throws {
        let directory = place.path.appending("later")
        reader = TextfileReader(
            TextfileConfiguration(directory: directory), fileSystem: PosixFileSystem(), clock: FixedClock())
        #expect(reader.read().changes.count == 1)
        #expect(reader.read().changes.isEmpty)
        try PosixFileSystem().createDirectories(directory)
        #expect(reader.read().changes == ["\(directory): is as it should be again"])
    }
}
