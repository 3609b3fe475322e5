package import Primitives
package import SystemPackage

/// What is sampled, and from where.
package struct HostMetricsConfiguration: Sendable, Equatable {
    package var collectors = CollectorKind.defaults
    /// Where the host's own root is seen: `/`, or in a container the place where the host's /proc, /sys and file
    /// systems are mounted.
    package var rootPath: FilePath = "/"
    /// Besides the total, a series per logical CPU.
    package var perCPU = true
    /// Points about the sampling itself: each collector's duration and success.
    package var reportsItself = true
    /// Points about the agent: what it read, delivered and lost, per source (`AgentMetrics`).
    package var reportsAgent = true
    /// How often at most what grows with the host is looked at, every process and every socket, to count them by state;
    /// the samples between do not have these counts.
    package var scanInterval: Duration = .seconds(10)
    package var disks = DiskSelection()
    package var filesystems = FilesystemSelection()
    package var interfaces = InterfaceSelection()
    package var cgroups = CgroupSelection()
    package var systemd = SystemdSelection()
    package var processes = ProcessSelection()

    package init() {}
}

/// What is chosen by name: what one of `included` matches and none of `excluded`.
package protocol NameSelection {
    var included: [NamePattern] { get set }
    var excluded: [NamePattern] { get set }
}

extension NameSelection {
    func includes(_ name: [UInt8]) -> Bool { included.matches(name) && !excluded.matches(name) }
}

/// Which block devices are looked at.
package struct DiskSelection: NameSelection, Sendable, Equatable {
    package var included: [NamePattern] = ["*"]
    /// Partitions are left out because their numbers are in their disk's already.
    package var excluded: [NamePattern] = [
        "loop*", "ram*", "fd[0-9]*", "[hsv]d[a-z][0-9]*", "[hsv]d[a-z][a-z][0-9]*", "xvd[a-z][0-9]*", "nvme*n*p[0-9]*",
        "mmcblk[0-9]*p[0-9]*", "mmcblk*boot[0-9]",
    ]

    package init() {}
}

/// Which mounts are looked at.
package struct FilesystemSelection: NameSelection, Sendable, Equatable {
    /// Those that keep nothing: their space is not of this world.
    package static let pseudoTypes: [NamePattern] = [
        "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs",
        "fusectl", "hugetlbfs", "iso9660", "mqueue", "nsfs", "overlay", "proc", "pstore", "ramfs", "rpc_pipefs",
        "securityfs", "selinuxfs", "squashfs", "erofs", "sysfs", "tracefs",
    ]
    /// Those that may hang when a machine or a process elsewhere does.
    package static let networkTypes: [NamePattern] = [
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse", "fuse.*", "gfs2", "gpfs", "lustre", "ncpfs",
        "nfs", "nfs[0-9]", "ocfs2", "orangefs", "smb*", "virtiofs",
    ]

    package var excludedTypes = pseudoTypes
    package var includesNetwork = false
    /// Of mount points.
    package var included: [NamePattern] = ["*"]
    package var excluded: [NamePattern] = [
        "/proc*", "/sys/*", "/dev", "/dev/*", "/run/credentials/*", "/run/user/*", "/var/lib/docker/*",
        "/var/lib/containers/storage/*", "/var/lib/kubelet/pods/*", "/snap/*",
    ]
    /// How long a sample waits for all file systems together.
    package var deadline: Duration = .milliseconds(500)
    /// The most mounts that are looked at in a sample.
    package var limit = 256

    package init() {}
}

/// Which network interfaces are looked at.
package struct InterfaceSelection: NameSelection, Sendable, Equatable {
    package var included: [NamePattern] = ["*"]
    package var excluded: [NamePattern] = ["veth*", "cali*"]
    /// The most whose links are looked at, and how long a sample waits for all of them together.
    package var limit = 256
    package var deadline: Duration = .milliseconds(500)

    package init() {}
}

/// Which control groups are looked at, and how often.
package struct CgroupSelection: NameSelection, Sendable, Equatable {
    /// Groups below one that is not included are looked at all the same.
    package var included: [NamePattern] = ["*"]
    /// Patterns of paths such as `/system.slice/ssh.service`; what is below an excluded group is left out with it.
    package var excluded: [NamePattern] = ["/init.scope", "*.mount", "*.socket"]
    /// Levels below the top. A pod's containers are four down.
    package var depth = 4
    /// The most groups in each hierarchy.
    package var limit = 512
    /// How often at most they are looked at; the samples between do not have them.
    package var interval: Duration = .seconds(10)

    package init() {}
}

/// Which units of systemd are told, and how often.
package struct SystemdSelection: NameSelection, Sendable, Equatable {
    package var included: [NamePattern] = ["*"]
    /// The kinds of which there are many, and whose state says little.
    package var excluded: [NamePattern] = ["*.automount", "*.device", "*.mount", "*.scope", "*.slice"]
    /// The most units.
    package var limit = 512
    /// How often at most they are looked at; the samples between do not have them.
    package var interval: Duration = .seconds(10)
    /// Whether systemd is asked over D-Bus, which alone knows of more than active and inactive.
    package var asksBus = true
    /// D-Bus' address of the bus; nil is the host's: DBUS_SYSTEM_BUS_ADDRESS or run/dbus/system_bus_socket below the
    /// root path.
    package var busAddress: String?
    /// How long connecting and asking may take, on a thread of its own.
    package var deadline: Duration = .seconds(2)
    /// How long a sample waits for that; what comes later is in a later sample.
    package var patience: Duration = .milliseconds(250)

    package init() {}
}

/// Which processes are told one by one.
package struct ProcessSelection: NameSelection, Sendable, Equatable {
    /// Patterns of commands, as the kernel keeps them (15 bytes).
    package var included: [NamePattern] = ["*"]
    package var excluded: [NamePattern] = []
    /// The most processes in a sample: those that used the most CPU time since the sample before.
    package var limit = 20

    package init() {}
}
