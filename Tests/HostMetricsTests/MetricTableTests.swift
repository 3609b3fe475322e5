import FileAccess
import HostMetrics
import SystemPackage
import Testing

@Suite struct MetricTableTests {
    @Test func `the page of all metrics is what the code declares`() throws {
        let page = fixtures.removingLastComponent().removingLastComponent().removingLastComponent()
            .appending("Sources/HostMetrics/HostMetrics.docc/Metrics.md")
        #expect(try matches(MetricTable.markdown, page))
    }
}
