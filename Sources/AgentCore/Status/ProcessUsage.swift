internal import FileAccess
internal import Glibc
internal import SystemPackage

/// What this process has used.
struct ProcessUsage: Sendable, Equatable {
    /// getrusage(2): of all threads, in user space and in the kernel.
    var cpuTime = Duration.zero
    /// proc_pid_statm(5): the second number, in bytes. 0 where that cannot be read.
    var residentBytes: Int64 = 0

    init(_ fileSystem: any FileSystem) {
        var usage = rusage()
        if unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            cpuTime =
                .seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                + .microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
        }
        guard let text = try? fileSystem.readWhole("/proc/self/statm", limit: 256) else { return }
        let fields = text.split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Int64(String(decoding: fields[1], as: UTF8.self)) else { return }
        residentBytes = pages * Int64(sysconf(CInt(_SC_PAGESIZE)))
    }
}
