/// How often something is looked at that is too costly for each sample.
///
/// Between two looks nothing is known of it, and so what was wrong at the last one is taken to be wrong still: it would
/// be told as mended and as failed again otherwise, look by look.
struct Pace: Sendable {
    private let interval: Duration
    private var last: ContinuousClock.Instant?
    private var errors: [MetricSourceError] = []
    private var errorsBefore = 0

    init(every interval: Duration) { self.interval = interval }

    /// Whether it is time; then the look ends with `end`. Otherwise `rest` is done.
    mutating func begin(_ pass: inout SamplingPass) -> Bool {
        if let last, pass.instant - last < interval {
            rest(&pass)
            return false
        }
        last = pass.instant
        errorsBefore = pass.errors.count
        return true
    }

    /// Goes on with the last look, in a later sample than it began in.
    mutating func resume(_ pass: SamplingPass) { errorsBefore = pass.errors.count }

    /// Reports what was wrong at the last look.
    func rest(_ pass: inout SamplingPass) {
        for error in errors { pass.report(error) }
    }

    /// Keeps what was reported since `begin`.
    mutating func end(_ pass: SamplingPass) {
        errors = Array(pass.errors.dropFirst(errorsBefore))
    }
}
