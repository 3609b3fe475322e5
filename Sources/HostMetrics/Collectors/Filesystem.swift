internal import FileAccess
internal import Primitives
internal import SystemPackage

/// How full file systems are: /proc/<pid>/mountinfo, and statvfs(3) on a thread of its own (`DeadlineProbe`).
///
/// Each file system is told once, under the first place where it is mounted; bind mounts of it are left out.
struct FilesystemCollector: Collector {
    static let kind = CollectorKind.filesystem

    private static let file = "/proc/1/mountinfo or /proc/self/mountinfo, statvfs(3)"
    static let usage = Metric(
        "system.filesystem.usage", .upDownCounter, unit: "By",
        "Space by state; `reserved` is free for root only. The states add up to the limit.", source: file)
    static let utilization = Metric(
        "system.filesystem.utilization", .gauge, unit: "1",
        "Share of the space that is used, of that which users can have (as df tells it).", source: file)
    static let limit = Metric(
        "system.filesystem.limit", .upDownCounter, unit: "By", "Size of the file system.", source: file)
    static let inodes = Metric(
        "system.filesystem.inodes.usage", .upDownCounter, unit: "{inode}", "Inodes by state.", source: file)
    static let unavailable = Metric(
        "system.filesystem.unavailable", .upDownCounter, unit: "1",
        "1 for a file system that does not tell its space: it does not answer, or fails.", source: file)
    static let metrics = [usage, utilization, limit, inodes, unavailable]

    private let selection: FilesystemSelection
    private let root: FilePath
    private var probe: DeadlineProbe<FileSystemSpace>?

    init(_ configuration: HostMetricsConfiguration) {
        selection = configuration.filesystems
        root = configuration.rootPath
    }

    mutating func collect(_ pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            let found = Mount.parse(try pass.readOfHost("mountinfo"))
            pass.report(found.firstError)
            let mounts = selected(found.rows)
            if mounts.count > selection.limit {
                pass.report(
                    MetricSourceError(
                        path: pass.reader.path("proc/mountinfo"), problem: .tooMany(limit: selection.limit)))
            }
            let probe = self.probe ?? Self.probe(pass.fileSystem)
            self.probe = probe
            let taken = mounts.prefix(selection.limit)
            let answers = probe.answers(for: taken.map { path(of: $0) }, within: selection.deadline)
            for (mount, answer) in zip(taken, answers) {
                switch answer {
                case .success(let space): add(mount, space, to: &pass)
                case .failure(let error):
                    pass.report(error)
                    pass.add(Self.unavailable, Int64(1), attributes(of: mount))
                }
            }
        }
    }

    private static func probe(_ fileSystem: any FileSystem) -> DeadlineProbe<FileSystemSpace> {
        DeadlineProbe { path in
            do throws(FileError) {
                return .success(try fileSystem.space(at: path))
            } catch {
                return .failure(MetricSourceError(error))
            }
        }
    }

    /// The last mount at a place hides those before; of the rest the first of each device.
    private func selected(_ mounts: [Mount]) -> [Mount] {
        var lastAt: [[UInt8]: Int] = [:]
        for (index, mount) in mounts.enumerated() { lastAt[mount.point] = index }
        var devices: Set<[UInt8]> = []
        return mounts.enumerated().filter { index, mount in
            lastAt[mount.point] == index && isWanted(mount) && devices.insert(mount.deviceNumber).inserted
        }.map(\.element)
    }

    private func isWanted(_ mount: Mount) -> Bool {
        if !selection.includesNetwork, FilesystemSelection.networkTypes.matches(mount.type) { return false }
        if !selection.includes(mount.point) { return false }
        // A container's own root is an overlay, and all that it sees of a disk.
        let isRoot = mount.point == [UInt8(ascii: "/")]
        return isRoot && mount.type == Array("overlay".utf8) || !selection.excludedTypes.matches(mount.type)
    }

    private func path(of mount: Mount) -> FilePath {
        // Not through a string: a mount point need not be UTF-8.
        let point = unsafe FilePath(platformString: mount.point.map { CChar(bitPattern: $0) } + [0])
        return root == "/" ? point : root.appending(point.components)
    }

    private func attributes(of mount: Mount) -> [MetricAttribute] {
        [
            MetricAttribute("system.device", mount.device),
            MetricAttribute("system.filesystem.mountpoint", mount.point),
            MetricAttribute("system.filesystem.type", mount.type),
            MetricAttribute("system.filesystem.mode", mount.isReadOnly ? "ro" : "rw"),
        ]
    }

    private func add(_ mount: Mount, _ space: FileSystemSpace, to pass: inout SamplingPass) {
        // Without blocks it is a file system that has no notion of space.
        guard space.capacity > 0, space.capacity >= space.free, space.free >= space.available else { return }
        let attributes = attributes(of: mount)
        func with(_ state: String) -> [MetricAttribute] {
            attributes + [MetricAttribute("system.filesystem.state", state)]
        }
        let used = space.capacity - space.free
        pass.add(Self.limit, Int64(clamping: space.capacity), attributes)
        pass.add(Self.usage, Int64(clamping: used), with("used"))
        pass.add(Self.usage, Int64(clamping: space.available), with("free"))
        pass.add(Self.usage, Int64(clamping: space.free - space.available), with("reserved"))
        if used + space.available > 0 {
            pass.add(Self.utilization, Double(used) / Double(used + space.available), attributes)
        }
        // Some file systems (btrfs) make inodes as they need them and tell 0.
        if space.inodes > 0, space.inodes >= space.freeInodes {
            pass.add(Self.inodes, Int64(clamping: space.inodes - space.freeInodes), with("used"))
            pass.add(Self.inodes, Int64(clamping: space.freeInodes), with("free"))
        }
    }
}

/// One line of mountinfo (proc_pid_mountinfo(5)):
/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
struct Mount: Equatable {
    /// `major:minor`.
    var deviceNumber: [UInt8]
    var point: [UInt8]
    var isReadOnly: Bool
    var type: [UInt8]
    var device: [UInt8]

    static func parse(_ text: SourceText) -> Rows<Mount> {
        Rows(text) { (cursor) throws(MetricSourceError) in
            _ = try cursor.count("a mount's number")
            _ = try cursor.count("the parent mount's number")
            let deviceNumber = try cursor.requiredField("a device's numbers")
            _ = try cursor.requiredField("the root of the mount")
            let point = try cursor.requiredField("a mount point")
            let options = try cursor.requiredField("mount options")
            // Any number of optional fields, then a hyphen.
            while !cursor.matches(try cursor.requiredField("a hyphen after the optional fields"), "-") {}
            let type = try cursor.requiredField("a file system's type")
            let device = try cursor.requiredField("a device")
            return Mount(
                deviceNumber: cursor.bytes(deviceNumber), point: unescaped(cursor.bytes(point)),
                isReadOnly: cursor.matches(options, "ro") || cursor.starts(options, with: "ro,"),
                type: cursor.bytes(type), device: unescaped(cursor.bytes(device)))
        }
    }
}
