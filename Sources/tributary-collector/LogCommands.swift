internal import ArgumentParser
internal import CollectorCore
internal import ServiceProgram
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

struct LogDirectory: ParsableArguments {
    @Argument(help: "A collector's data directory, or one partition's.", completion: .directory)
    var directory: String
}

extension Program {
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print segments, batches, index entries and producers of logs.")

        @OptionGroup var target: LogDirectory

        @Flag(help: "One JSON object per line.")
        var json = false

        func run() throws {
            let output = LineOutput()
            try telling {
                try LogTools(FilePath(target.directory)) { output.print($0) }.inspect(json: json)
            }
            try output.finish()
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check every batch and index entry of logs: exit 0, or 1 with what is wrong.")

        @OptionGroup var target: LogDirectory

        func run() throws {
            try checking { output, meter in
                try LogTools(FilePath(target.directory)) { line in
                    meter.clear()
                    output.print(line)
                }
                .verify { meter.update($0, of: $1) }
            }
        }
    }

    struct Repair: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Repair damaged logs; nothing is deleted but an unfinished write at a log's end.",
            discussion: """
                Each step is printed before it is taken. A damaged segment is put aside as *.quarantined, and what is \
                whole of it takes its place. Exit 0 when all is well afterwards, 1 when something could not be repaired.
                """)

        @OptionGroup var target: LogDirectory

        @Flag(help: "Only print what would be done.")
        var dryRun = false

        func run() throws {
            try checking { output, meter in
                try LogTools(FilePath(target.directory)) { line in
                    meter.clear()
                    output.print(line)
                }
                .repair(dryRun: dryRun) { meter.update($0, of: $1) }
            }
        }
    }
}

private func checking(_ work: (LineOutput, ProgressMeter) throws -> Bool) throws {
    let output = LineOutput()
    let meter = ProgressMeter(isTerminal: isatty(STDERR_FILENO) == 1) { text in
        let bytes = Array(text.utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    }
    let isWell = try telling { try work(output, meter) }
    meter.clear()
    try output.finish()
    if !isWell { throw ExitCode.failure }
}

private func telling<Result>(_ work: () throws -> Result) throws -> Result {
    do {
        return try work()
    } catch let error as LogToolError {
        throw failure("tributary-collector: \(error.description)")
    }
}

/// Lines to standard output, many to a system call where it is no terminal.
private final class LineOutput {
    private var pending: [UInt8] = []
    private var failure: Errno?
    private let limit = isatty(STDOUT_FILENO) == 1 ? 0 : 1 << 16

    func print(_ line: String) {
        pending += line.utf8
        pending.append(UInt8(ascii: "\n"))
        if pending.count > limit { flush() }
    }

    func finish() throws {
        flush()
        if let failure { throw notWritten("standard output: \(failure)") }
    }

    private func flush() {
        defer { pending.removeAll(keepingCapacity: true) }
        if failure != nil { return }
        do {
            try FileDescriptor.standardOutput.writeAll(pending)
        } catch {
            failure = error as? Errno ?? .ioError
        }
    }
}

private func notWritten(_ reason: String) -> ExitCode { failure("tributary-collector: \(reason)") }
