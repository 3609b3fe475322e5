import FileAccess
import Glibc
import HostMetrics
import SystemPackage
import TestSupport
import Testing

/// A virtual machine, a large NUMA server with RAID and sensors, a container of cgroup v1 on a kernel 4.x, a container
/// of cgroup v2 that sees nothing but itself, and an ARM board.
let machines = ["vm", "server", "old", "container", "board"]

/// What every collector must do, whatever it reads.
@Suite struct CollectorTests {
    @Test(arguments: machines, CollectorKind.allCases)
    func `a machine's files give the golden points`(machine: String, collector: CollectorKind) throws {
        let result = FixtureHost(machine).sample(collector)
        #expect(result.errors.isEmpty)
        #expect(try matchesGolden(result.lines, "\(machine)/\(collector.rawValue).jsonl"))
    }

    @Test(arguments: CollectorKind.allCases)
    func `every point is of a metric that its collector declares`(collector: CollectorKind) {
        for machine in machines {
            let declared = Set(collector.metrics.map(ObjectIdentifier.init))
            for point in FixtureHost(machine).sample(collector).points {
                #expect(declared.contains(ObjectIdentifier(point.metric)), "\(point.name)")
            }
        }
    }

    @Test(arguments: ["vm", "server"], CollectorKind.allCases)
    func `a file cut anywhere gives an error that names it, and no number that the whole does not give`(
        machine: String, collector: CollectorKind
    ) throws {
        let host = FixtureHost(machine)
        let truth = host.sample(collector).facts
        for source in host.numericSources(of: collector) {
            let whole = try bytes(of: source)
            for length in cuts(of: whole) {
                host.files.set(source, to: .content(Array(whole.prefix(length))))
                let result = host.sample(collector)
                #expect(result.errors.allSatisfy { $0.path == source })
                let facts = result.facts
                // What ends with a line cannot always be told from a shorter truth.
                if length == 0 || whole[length - 1] == UInt8(ascii: "\n") { continue }
                #expect(facts.isSubset(of: truth), "\(source) at \(length)")
                #expect(facts.count == truth.count || !result.errors.isEmpty, "\(source) at \(length)")
            }
            host.files.set(source, to: nil)
        }
    }

    @Test(arguments: ["server"], CollectorKind.allCases)
    func `a number that is negative, too large or a word is refused by name and line`(
        machine: String, collector: CollectorKind
    ) throws {
        let host = FixtureHost(machine)
        for source in host.numericSources(of: collector) {
            let whole = try bytes(of: source)
            for number in numbers(in: whole) {
                for hostile in ["-1", "18446744073709551616", "9223372036854775807", "x", "0x10", "1e5", ""] {
                    let text = Array(whole[..<number.lowerBound]) + Array(hostile.utf8) + whole[number.upperBound...]
                    host.files.set(source, to: .content(text))
                    let result = host.sample(collector)
                    #expect(result.errors.allSatisfy { $0.path.starts(with: host.root) })
                    for point in result.points where point.kind == .counter {
                        guard case .double(let value) = point.value else { continue }
                        #expect(value.isFinite && value >= 0, "\(source) with \(hostile): \(point.name)")
                    }
                }
            }
            host.files.set(source, to: nil)
        }
    }

    @Test(arguments: ["server"], CollectorKind.allCases)
    func `a file that is empty, binary, forbidden or gone never stops the others`(
        machine: String, collector: CollectorKind
    ) throws {
        let host = FixtureHost(machine)
        let garbage = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 197 ^ $0 >> 3) }
        for source in host.sources(of: collector) {
            for exception: FixtureFileSystem.Exception in [
                .content([]), .content(garbage), .content([10, 10, 10]), .failure(.permissionDenied),
                .failure(.noSuchFileOrDirectory), .failure(.ioError),
            ] {
                host.files.set(source, to: exception)
                let errors = host.sample(collector).errors
                #expect(errors.allSatisfy { $0.path.starts(with: host.root) })
                // What other users' processes read and wrote is for root only, as is known beforehand.
                let mayBeDenied = source.lastComponent == "io"
                if case .failure(.permissionDenied) = exception, !mayBeDenied {
                    #expect(errors.contains { $0.path == source })
                }
            }
            host.files.set(source, to: nil)
        }
    }
}

/// Everywhere with TRIBUTARY_THOROUGH=1, which takes minutes; else at the ends and here and there between.
private func cuts(of whole: [UInt8]) -> [Int] {
    (0..<whole.count).filter { isThorough || $0 < 40 || $0 > whole.count - 20 || $0 % 211 == 0 }
}

private let isThorough = getenv("TRIBUTARY_THOROUGH") != nil

/// Where numbers stand; of many only some.
private func numbers(in text: [UInt8]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var start: Int?
    for (index, byte) in text.enumerated() {
        if 48...57 ~= byte {
            start = start ?? index
        } else if let from = start {
            found.append(from..<index)
            start = nil
        }
    }
    let step = isThorough ? 1 : max(1, found.count / 3)
    return stride(from: 0, to: found.count, by: step).map { found[$0] }
}
