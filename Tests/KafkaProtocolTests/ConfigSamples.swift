import KafkaProtocol
import Primitives

/// Samples of the APIs that change topics and settings, see `MessageSamples.swift`.
let configSamples: [Sample] = [
    .request(
        "CreatePartitionsRequest full",
        CreatePartitionsRequest(
            topics: [
                .init(name: "lögs", partitionCount: 6, assignments: [.init(brokers: [7, 8]), .init()]),
                .init(name: "b", partitionCount: 2),
            ], timeoutMilliseconds: 1500, validateOnly: true)),
    .response(
        "CreatePartitionsResponse full", to: CreatePartitionsRequest.self,
        CreatePartitionsResponse(
            throttleMilliseconds: 250,
            topics: [.init(name: "lögs", errorCode: .invalidPartitions, errorMessage: "fewer"), .init(name: "b")])),
    .request(
        "DeleteRecordsRequest full",
        DeleteRecordsRequest(
            topics: [
                .init(
                    name: "lögs",
                    partitions: [.init(index: 3, offset: Offset(4_294_967_301)), .init(index: 4, offset: Offset(-1))])
            ], timeoutMilliseconds: 1500)),
    .response(
        "DeleteRecordsResponse full", to: DeleteRecordsRequest.self,
        DeleteRecordsResponse(
            throttleMilliseconds: 250,
            topics: [
                .init(
                    name: "lögs",
                    partitions: [
                        .init(index: 3, lowWatermark: Offset(4_294_967_301)),
                        .init(index: 4, errorCode: .offsetOutOfRange),
                    ])
            ])),
    .request(
        "DescribeConfigsRequest full",
        DescribeConfigsRequest(
            resources: [
                .init(type: .topic, name: "lögs", configNames: ["retention.ms", "cleanup.policy"]),
                .init(type: .broker, name: "7"),
            ], includeSynonyms: true, includeDocumentation: true)
    ) { if $1 < 3 { $0.includeDocumentation = false } },
    .response(
        "DescribeConfigsResponse full", to: DescribeConfigsRequest.self,
        DescribeConfigsResponse(
            throttleMilliseconds: 250,
            results: [
                .init(
                    type: .topic, name: "lögs",
                    configs: [
                        .init(
                            name: "retention.ms", value: "1000", isReadOnly: true, source: .topic,
                            synonyms: [
                                .init(name: "retention.ms", value: "1000", source: .topic),
                                .init(name: "log.retention.ms", value: nil, source: .staticBroker),
                            ], type: .long, documentation: "how long"),
                        .init(name: "secret", value: nil, source: .defaultConfig, isSensitive: true),
                    ]),
                .init(errorCode: .unknownTopicOrPartition, errorMessage: "unknown", type: .group, name: "g-1"),
            ])
    ) {
        if $1 < 3 {
            $0.results[0].configs[0].type = .unknown
            $0.results[0].configs[0].documentation = nil
        }
    },
    .request(
        "AlterConfigsRequest full",
        AlterConfigsRequest(
            resources: [
                .init(
                    type: .topic, name: "lögs",
                    configs: [.init(name: "retention.ms", value: "1000"), .init(name: "cleanup.policy", value: nil)])
            ], validateOnly: true)),
    .response(
        "AlterConfigsResponse full", to: AlterConfigsRequest.self,
        AlterConfigsResponse(
            throttleMilliseconds: 250,
            results: [
                .init(errorCode: .invalidConfig, errorMessage: "odd", type: .topic, name: "lögs"),
                .init(type: .broker, name: ""),
            ])),
    .request(
        "IncrementalAlterConfigsRequest full",
        IncrementalAlterConfigsRequest(
            resources: [
                .init(
                    type: .topic, name: "lögs",
                    configs: [
                        .init(name: "cleanup.policy", operation: .append, value: "compact"),
                        .init(name: "retention.ms", operation: .delete, value: nil),
                    ])
            ], validateOnly: true)),
    .response(
        "IncrementalAlterConfigsResponse full", to: IncrementalAlterConfigsRequest.self,
        IncrementalAlterConfigsResponse(
            throttleMilliseconds: 250,
            results: [
                .init(errorCode: .invalidConfig, errorMessage: "odd", type: .topic, name: "lögs"),
                .init(type: .broker, name: ""),
            ])),
]
