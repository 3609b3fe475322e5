internal import FileAccess
package import SystemPackage

/// A source that gave no numbers, or not all: which file, which line, and why.
package struct MetricSourceError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Problem: Hashable, Sendable {
        /// The system refused.
        case unreadable(Errno)
        /// The file does not hold what the kernel writes there.
        case malformed(expected: String)
        /// More than `limit` bytes.
        case tooLong(limit: Int)
        /// A file system or a device that does not answer. It is left alone until it does.
        case notAnswering
        /// Others took so long that it was not asked in this sample.
        case outOfTime
        /// More entries than are taken; those beyond are left out.
        case tooMany(limit: Int)
        /// A service that does not answer in time. It is asked again.
        case unanswered(within: Duration)
        /// A service that says no: D-Bus' name for why.
        case refused(String)
        /// What it takes to ask a service is not there.
        case noLibrary(String)
    }

    package var path: FilePath
    /// From 1; nil where the whole file is meant.
    package var line: Int?
    package var problem: Problem

    package init(path: FilePath, line: Int? = nil, problem: Problem) {
        self.path = path
        self.line = line
        self.problem = problem
    }

    init(_ error: FileError) {
        self.init(path: error.path, problem: .unreadable(error.errno))
    }

    /// The source is not there at all: the kernel, or the machine, has no such thing.
    var isAbsence: Bool {
        guard case .unreadable(let errno) = problem else { return false }
        return errno == .noSuchFileOrDirectory || errno == .notDirectory
    }

    /// What was being read ended: a process, a group, a device.
    var isDisappearance: Bool {
        problem == .unreadable(.operationNotSupportedByDevice) || problem == .unreadable(.noSuchProcess)
    }

    /// The file is for others to read.
    var isRefusal: Bool {
        problem == .unreadable(.permissionDenied) || problem == .unreadable(.notPermitted)
    }

    /// The kernel or a driver has the file and does not do what it is for.
    var isUnsupported: Bool {
        problem == .unreadable(.notSupportedOnSocket) || problem == .unreadable(.notSupported)
    }

    /// A driver had nothing to say, other than that it is not for us.
    var isDeviceRefusal: Bool {
        guard case .unreadable(let errno) = problem else { return false }
        return errno != .permissionDenied && errno != .notPermitted
    }

    package var description: String {
        let place = line.map { "\(path):\($0)" } ?? "\(path)"
        return switch problem {
        case .unreadable(let errno): "\(place): \(errno)"
        case .malformed(let expected): "\(place): expected \(expected)"
        case .tooLong(let limit): "\(place): longer than \(limit) bytes"
        case .notAnswering: "\(place): does not answer; it is left alone until it does"
        case .outOfTime: "\(place): no time was left to ask it"
        case .tooMany(let limit): "\(place): more than \(limit) entries; the rest is left out"
        case .unanswered(let limit): "\(place): no answer within \(limit)"
        case .refused(let name): "\(place): \(name)"
        case .noLibrary(let why): "\(place): cannot be asked: \(why)"
        }
    }
}
