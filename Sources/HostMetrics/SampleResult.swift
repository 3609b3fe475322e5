package import SystemPackage

/// What one sample gave.
package struct SampleResult: Sendable {
    package var points: [MetricPoint] = []
    /// One for each collector that is enabled, in the order in which they ran.
    package var collectors: [CollectorReport] = []
    /// What a person should be told, once: sources that began or ceased to fail.
    package var changes: [SourceChange] = []
}

package struct CollectorReport: Sendable {
    package var kind: CollectorKind
    package var duration: Duration
    /// What could not be read this time, whether told before or not.
    package var errors: [MetricSourceError]
    /// How many such there were since the sampler was made.
    package var failures: UInt64
    /// Which of the sample's points are this collector's.
    package var points: Range<Int>
}

package enum SourceChange: Hashable, Sendable, CustomStringConvertible {
    case failed(CollectorKind, MetricSourceError)
    case recovered(CollectorKind, FilePath)

    package var description: String {
        switch self {
        case .failed(let kind, let error): "\(kind.rawValue): \(error)"
        case .recovered(let kind, let path): "\(kind.rawValue): \(path): can be read again"
        }
    }
}
