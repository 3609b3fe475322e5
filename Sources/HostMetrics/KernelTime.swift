internal import CLinux
internal import Glibc
package import Primitives
package import SystemPackage

/// What the kernel knows of the time, other than the time, and of its machine. Passed in, so that tests decide.
package protocol KernelTime: Sendable {
    /// When the host booted, by its clock as it is set now; nil where it does not say.
    func bootTime() -> Timestamp?

    /// `x86_64`, `aarch64`, …: uname(2).
    func machine() -> String?

    /// How well the clock is kept: adjtimex(2).
    func discipline() throws(Errno) -> ClockDiscipline
}

/// What adjtimex(2) tells, in the kernel's own units.
package struct ClockDiscipline: Sendable, Hashable {
    /// What the call returned: 5 (`TIME_ERROR`) for a clock that is not synchronised.
    package var state: Int64
    /// `STA_…`.
    package var status: Int64
    /// In nanoseconds where the status says so (`STA_NANO`), otherwise microseconds.
    package var offset: Int64
    /// In parts per million, times 2^16.
    package var frequency: Int64
    /// In microseconds.
    package var maximumError: Int64
    package var estimatedError: Int64
    package var timeConstant: Int64
    /// Microseconds between ticks.
    package var tick: Int64
    /// Seconds.
    package var taiOffset: Int64
    package var pulse = PulseDiscipline()

    package init(
        state: Int64, status: Int64, offset: Int64, frequency: Int64, maximumError: Int64, estimatedError: Int64,
        timeConstant: Int64, tick: Int64, taiOffset: Int64
    ) {
        self.state = state
        self.status = status
        self.offset = offset
        self.frequency = frequency
        self.maximumError = maximumError
        self.estimatedError = estimatedError
        self.timeConstant = timeConstant
        self.tick = tick
        self.taiOffset = taiOffset
    }
}

/// What adjtimex(2) tells of a signal that comes once in a second, from a receiver of GPS for instance; zeros without one.
package struct PulseDiscipline: Sendable, Hashable {
    /// In parts per million, times 2^16.
    package var frequency: Int64 = 0
    /// In nanoseconds or microseconds, as the clock's offset.
    package var jitter: Int64 = 0
    /// Binary logarithm of the seconds between two calibrations.
    package var shift: Int64 = 0
    /// In parts per million, times 2^16.
    package var stability: Int64 = 0
    package var jitterExceeded: Int64 = 0
    package var calibrations: Int64 = 0
    package var calibrationErrors: Int64 = 0
    package var stabilityExceeded: Int64 = 0

    package init() {}
}

package struct SystemKernelTime: KernelTime {
    package init() {}

    package func machine() -> String? {
        var names = utsname()
        guard unsafe uname(&names) == 0 else { return nil }
        return unsafe withUnsafeBytes(of: names.machine) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    package func bootTime() -> Timestamp? {
        var realTime = timespec()
        var sinceBoot = timespec()
        guard unsafe clock_gettime(CLOCK_REALTIME, &realTime) == 0,
            unsafe clock_gettime(CLOCK_BOOTTIME, &sinceBoot) == 0
        else { return nil }
        // In whole seconds, as the kernel itself tells it (btime): the same whenever the agent is started again.
        let nanoseconds = (realTime.tv_sec - sinceBoot.tv_sec) * 1_000_000_000 + realTime.tv_nsec - sinceBoot.tv_nsec
        return Timestamp(milliseconds: Int64(nanoseconds / 1_000_000_000) * 1000)
    }

    package func discipline() throws(Errno) -> ClockDiscipline {
        var found = tributary_clock_discipline()
        guard unsafe tributary_read_clock_discipline(&found) == 0 else { throw Errno(rawValue: errno) }
        var discipline = ClockDiscipline(
            state: Int64(found.state), status: Int64(found.status), offset: found.offset, frequency: found.frequency,
            maximumError: found.maximum_error, estimatedError: found.estimated_error,
            timeConstant: found.time_constant, tick: found.tick, taiOffset: Int64(found.tai_offset))
        discipline.pulse.frequency = found.pulse_frequency
        discipline.pulse.jitter = found.pulse_jitter
        discipline.pulse.shift = found.pulse_interval
        discipline.pulse.stability = found.pulse_stability
        discipline.pulse.jitterExceeded = found.pulse_jitter_exceeded
        discipline.pulse.calibrations = found.pulse_calibrations
        discipline.pulse.calibrationErrors = found.pulse_calibration_errors
        discipline.pulse.stabilityExceeded = found.pulse_stability_exceeded
        return discipline
    }
}
