// libFuzzer's entry, see scripts/fuzz. Built only where TRIBUTARY_FUZZER is set: with `-sanitize=fuzzer` libFuzzer brings
// the main program.

import Foundation
import Fuzzing

/// Inputs that one broker gets: what they leave behind, topics for instance, must not slow the rest down.
private let inputsPerBroker = 2000

private enum Target {
    static let name = ProcessInfo.processInfo.environment["TRIBUTARY_FUZZ_TARGET"] ?? "requests"
    // libFuzzer has one thread.
    nonisolated(unsafe) static var requests: RequestTarget?
    nonisolated(unsafe) static var inputs = 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    switch Target.name {
    case "batches": runRecordBatch(bytes)
    case "configuration": runConfiguration(bytes)
    default:
        if Target.inputs % inputsPerBroker == 0 {
            Target.requests?.end()
            Target.requests = try? RequestTarget()
        }
        Target.inputs += 1
        guard let target = Target.requests else { preconditionFailure("the broker did not start") }
        _ = target.run(bytes)
    }
    return 0
}
