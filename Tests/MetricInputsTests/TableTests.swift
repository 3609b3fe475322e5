import FileAccess
import Glibc
import SystemPackage
import Testing

@testable import MetricInputs

@Suite struct InputMetricTableTests {
    @Test func `the page of the inputs' own metrics is what the code declares`() throws {
        let page = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
            .appending("Sources/MetricInputs/MetricInputs.docc/Metrics.md")
        if getenv("UPDATE_GOLDEN").map({ String(cString: $0) }) == "1" {
            try PosixFileSystem().createDirectories(page.removingLastComponent())
            let bytes = Array(InputMetricTable.markdown.utf8)
            try PosixFileSystem().replace(page, with: bytes.span.bytes)
        }
        #expect(try PosixFileSystem().readWhole(page) == Array(InputMetricTable.markdown.utf8))
    }
}
