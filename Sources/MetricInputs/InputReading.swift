package import HostMetrics

/// What an input gave, or has to tell.
package struct InputReading: Sendable {
    package var points: [MetricPoint] = []
    /// What a person should be told, once: what began or ceased to fail.
    package var changes: [String] = []
    /// The same of what is no trouble.
    package var notices: [String] = []

    package init() {}
}

extension MetricPoint {
    /// No format takes NaN and infinity everywhere.
    var isNumber: Bool {
        switch value {
        case .integer: true
        case .double(let value): value.isFinite
        }
    }
}

extension MetricAttribute {
    /// What it takes in memory, about.
    var bytesHeld: Int {
        let length: Int =
            switch value {
            case .text(let text): text.utf8.count
            case .bytes(let bytes): bytes.count
            case .integer: 0
            }
        return 64 + key.utf8.count + length
    }
}

/// Tells each problem of many things (targets, files) once, and once more when it has another or none.
struct ToldProblems {
    private var told: [String: String] = [:]

    /// - Returns: what is to be told now.
    mutating func note(_ subject: String, _ problem: String?) -> String? {
        let before = told[subject]
        told[subject] = problem
        if before == problem { return nil }
        return problem.map { "\(subject): \($0)" } ?? "\(subject): is as it should be again"
    }

    /// Forgets the others.
    mutating func keep(_ subjects: Set<String>) { told = told.filter { subjects.contains($0.key) } }
}
