// swift-tools-version: 6.2

// A module is a layer, and the arrows point down only: a target may depend on targets listed above it, never below.

import PackageDescription

/// Test targets: the language settings without those that the expansion of `#expect` trips over.
let testSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

let settings: [SwiftSetting] =
    testSettings + [
        .enableUpcomingFeature("InternalImportsByDefault"),
        .strictMemorySafety(),
    ]

/// A module of ours.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// A program of ours: command line only; what it does is in the module it names.
func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: testSettings)
}

/// A C library of the system, with the Debian package that has it.
func systemLibrary(_ name: String, pkgConfig: String, debian: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([debian])])
}

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let systemPaths = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

/// libFuzzer's program, which only scripts/fuzz builds: it needs every module built for it.
let fuzzer: [Target] =
    Context.environment["TRIBUTARY_FUZZER"] == nil
    ? []
    : [
        .executableTarget(
            name: "Fuzzer", dependencies: ["Fuzzing"], path: "Tests/Fuzzer",
            swiftSettings: testSettings + [.unsafeFlags(["-parse-as-library"])])
    ]

let package = Package(
    name: "tributary",
    products: [
        .executable(name: "tributary-agent", targets: ["tributary-agent"]),
        .executable(name: "tributary-collector", targets: ["tributary-collector"]),
        .executable(name: "tributary", targets: ["tributary"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        // Layer 0: C.
        systemLibrary("CLZ4", pkgConfig: "liblz4", debian: "liblz4-dev"),
        systemLibrary("CZlib", pkgConfig: "zlib", debian: "zlib1g-dev"),
        systemLibrary("CYaml", pkgConfig: "yaml-0.1", debian: "libyaml-dev"),
        systemLibrary("CSnappy", pkgConfig: "snappy", debian: "libsnappy-dev"),
        systemLibrary("CZstd", pkgConfig: "libzstd", debian: "libzstd-dev"),
        .target(name: "CCRC32C"),
        .target(name: "CLinux"),

        // Layer 1.
        module("Primitives", ["CCRC32C", "CLinux"]),

        // Layer 2.
        module("FileAccess", ["Primitives", "CLinux", systemPaths]),
        module("RecordBatches", ["Primitives", "CLZ4", "CZlib"]),
        module("YAMLConfiguration", ["CYaml", systemPaths]),

        // Layer 3.
        module("KafkaProtocol", ["Primitives", "RecordBatches", nioCore]),
        // Only for those who must look into the batches of clients of other makes: not for the agent.
        module("ForeignCodecs", ["Primitives", "RecordBatches", "CSnappy", "CZstd"]),
        module("CommitLog", ["Primitives", "FileAccess", "RecordBatches", "ForeignCodecs", systemPaths]),
        module("FileTailing", ["Primitives", "FileAccess", "CLinux", "CZlib", systemPaths]),
        module("HostMetrics", ["Primitives", "FileAccess", "CLinux", systemPaths]),

        // Layer 4.
        module(
            "MetricInputs",
            ["HostMetrics", "FileAccess", "Primitives", "CLinux", nioCore, nioPosix, nioHTTP1, systemPaths]),
        module("KafkaClient", ["KafkaProtocol", "RecordBatches", "Primitives", nioCore, nioPosix, logging, deque]),
        module(
            "BrokerCore",
            [
                "KafkaProtocol", "CommitLog", "RecordBatches", "ForeignCodecs", "Primitives", "FileAccess", nioCore,
                logging, deque, heap, systemPaths,
            ]),

        // Layer 5.
        module("BrokerServer", ["BrokerCore", "KafkaProtocol", nioCore, nioPosix, logging, deque]),

        // Layer 6.
        module(
            "AgentCore",
            [
                "KafkaClient", "FileTailing", "HostMetrics", "MetricInputs", "YAMLConfiguration", "FileAccess",
                "CLinux", nioCore, nioHTTP1, nioPosix, lifecycle, logging,
                deque,
                systemPaths,
            ]),
        module(
            "CollectorCore",
            [
                "BrokerServer", "BrokerCore", "CommitLog", "YAMLConfiguration", "FileAccess", lifecycle, logging,
                systemPaths,
            ]),

        module("ServiceProgram", [argumentParser, lifecycle, logging]),

        // Layer 7.
        program("tributary-agent", ["ServiceProgram", "AgentCore", argumentParser, systemPaths]),
        program("tributary-collector", ["ServiceProgram", "CollectorCore", argumentParser, systemPaths]),
        program(
            "tributary",
            [
                "KafkaClient", "KafkaProtocol", "RecordBatches", "ForeignCodecs", "YAMLConfiguration", "Primitives",
                argumentParser, lifecycle, nioPosix, logging,
            ]),

        // Tests.
        .target(
            name: "TestSupport", dependencies: ["Primitives", "FileAccess", systemPaths], path: "Tests/TestSupport",
            swiftSettings: testSettings),
        .target(
            name: "Fuzzing",
            dependencies: [
                "BrokerCore", "AgentCore", "CollectorCore", "YAMLConfiguration", "KafkaProtocol", "RecordBatches",
                "FileAccess", "Primitives", "BrokerTestSupport", "TestSupport", nioCore, logging, systemPaths,
            ], path: "Tests/Fuzzing", swiftSettings: testSettings),
        .target(
            name: "BrokerTestSupport",
            dependencies: ["BrokerCore", "KafkaProtocol", "Primitives", "TestSupport", nioCore],
            path: "Tests/BrokerTestSupport", swiftSettings: testSettings),
        tests(
            "FuzzTests",
            [
                "Fuzzing", "BrokerCore", "BrokerTestSupport", "KafkaProtocol", "RecordBatches", "Primitives",
                "TestSupport", nioCore,
            ]),
        tests("PrimitivesTests", ["Primitives", "CCRC32C"]),
        tests(
            "RecordBatchesTests", ["RecordBatches", "ForeignCodecs", "Primitives"], exclude: ["make-golden-batches.py"]),
        tests("KafkaProtocolTests", ["KafkaProtocol", "Primitives", nioCore], resources: [.copy("Fixtures")]),
        tests(
            "ConfigurationTests",
            [
                "YAMLConfiguration", "AgentCore", "CollectorCore", "BrokerCore", "CommitLog", "HostMetrics",
                "MetricInputs", "FileAccess", systemPaths,
            ]),
        tests(
            "HostMetricsTests", ["HostMetrics", "FileAccess", "Primitives", "TestSupport", systemPaths],
            exclude: ["read-metrics.py"], resources: [.copy("Fixtures")]),
        tests(
            "MetricInputsTests",
            [
                "MetricInputs", "HostMetrics", "FileAccess", "Primitives", "TestSupport", nioCore, nioPosix, nioHTTP1,
                systemPaths,
            ]),
        tests(
            "BrokerCoreTests",
            [
                "BrokerCore", "CommitLog", "BrokerTestSupport", "TestSupport", "FileAccess", "KafkaProtocol",
                "RecordBatches", "Primitives", nioCore, logging, systemPaths,
            ]),
        tests(
            "BrokerServerTests",
            [
                "BrokerServer", "BrokerCore", "TestSupport", "FileAccess", "KafkaProtocol",
                "RecordBatches", "Primitives", nioCore, nioPosix, .product(name: "NIOEmbedded", package: "swift-nio"),
                logging, systemPaths,
            ]),
        tests(
            "AgentCoreTests",
            [
                "AgentCore", "HostMetrics", "TestSupport", "FileAccess", "FileTailing", "KafkaClient", "KafkaProtocol",
                "RecordBatches", "Primitives", logging,
                systemPaths,
            ]),
        tests("FileTailingTests", ["FileTailing", "FileAccess", "Primitives", "TestSupport", systemPaths]),
        tests(
            "KafkaClientTests",
            ["KafkaClient", "KafkaProtocol", "RecordBatches", "Primitives", "TestSupport", nioCore, nioPosix, logging]),
        tests(
            "TributaryCommandTests",
            ["tributary", "KafkaClient", "KafkaProtocol", "Primitives", "TestSupport", argumentParser, nioCore]),
        // Runs the built programs, so it needs none of their modules.
        tests("EndToEndTests", ["TestSupport"], resources: [.copy("Clients")]),
        tests("TestSupportTests", ["TestSupport", "FileAccess", "Primitives", systemPaths]),
        tests(
            "BrokerAdminTests",
            [
                "BrokerCore", "CollectorCore", "CommitLog", "KafkaProtocol", "RecordBatches", "FileAccess",
                "Primitives", "BrokerTestSupport", "TestSupport", nioCore, logging, systemPaths,
            ]),
        tests(
            "BrokerGroupsTests",
            [
                "BrokerCore", "CommitLog", "KafkaProtocol", "RecordBatches", "FileAccess", "Primitives",
                "BrokerTestSupport", "TestSupport", nioCore, logging, systemPaths,
            ]),
        tests(
            "CommitLogTests",
            ["CommitLog", "RecordBatches", "ForeignCodecs", "FileAccess", "Primitives", "TestSupport", systemPaths]),
    ] + fuzzer
)
