import KafkaProtocol
import NIOCore
import Primitives
import Testing

@Suite struct `A decoder that is lied to` {
    /// The body of a Metadata request 1 that claims so many topics, then has the given bytes.
    private func metadata(claiming count: UInt32, then rest: Int) throws -> RequestFrame {
        var frame = bytes(hex: "0003 0001 00000001 ffff")
        frame.writeInteger(count)
        frame.writeRepeatingByte(0, count: rest)
        return try RequestFrame(frame)
    }

    @Test func `about the length of an array refuses it before it allocates`() throws {
        let frame = try metadata(claiming: 0x7fff_ffff, then: 100)
        #expect(throws: WireError(.lengthOutOfRange(0x7fff_ffff), at: 14)) { try frame.decode(MetadataRequest.self) }
    }

    @Test func `about the length of an array of integers refuses it where only so many bytes follow`() throws {
        let frame = try RequestFrame(bytes(hex: "003d 0000 00000001 ffff 00 02 02 74 09 00000001 00000002"))
        #expect(throws: WireError(.lengthOutOfRange(8), at: 15)) { try frame.decode(DescribeProducersRequest.self) }
    }

    @Test func `with a negative length refuses it`() throws {
        let frame = try metadata(claiming: 0xffff_fffe, then: 100)
        #expect(throws: WireError(.lengthOutOfRange(-2), at: 14)) { try frame.decode(MetadataRequest.self) }
    }

    @Test func `with a compact length that does not fit 31 bits refuses it`() throws {
        let frame = try RequestFrame(bytes(hex: "0003 0009 00000001 ffff 00 ffffffff0f 00 00 00 00"))
        #expect(throws: WireError(.lengthOutOfRange(0xffff_fffe), at: 16)) { try frame.decode(MetadataRequest.self) }
        let tooLong = try RequestFrame(bytes(hex: "0003 0009 00000001 ffff 00 ffffffff1f 00 00 00 00"))
        #expect(throws: WireError.self) { try tooLong.decode(MetadataRequest.self) }
    }

    @Test func `with more elements than a request may have refuses them, each as small as can be`() throws {
        for (count, isAccepted) in [(RequestFrame.elementLimit, true), (RequestFrame.elementLimit + 1, false)] {
            var writer = WireWriter(bytes(hex: "000a 0004 00000001 ffff 00 00"))
            writer.unsignedVarint(UInt32(count) + 1)
            for _ in 0..<count { writer.string("", flexible: true) }
            writer.noTaggedFields(flexible: true)
            let frame = try RequestFrame(writer.buffer)
            if isAccepted {
                #expect(try frame.decode(FindCoordinatorRequest.self).keys.count == count)
            } else {
                #expect(throws: WireError(.tooManyElements, at: 15)) { try frame.decode(FindCoordinatorRequest.self) }
            }
        }
    }

    @Test func `about a tagged field's length refuses it`() throws {
        let frame = try RequestFrame(bytes(hex: "0012 0003 00000001 ffff 00 01 01 01 00 ff01"))
        #expect(throws: WireError.self) { try frame.decode(ApiVersionsRequest.self) }
    }

    @Test func `with text that is not UTF-8 refuses it`() throws {
        let frame = try RequestFrame(bytes(hex: "0012 0003 00000001 ffff 00 02 ff 01 00"))
        #expect(throws: WireError(.invalidUTF8, at: 13)) { try frame.decode(ApiVersionsRequest.self) }
    }

    @Test func `about a string that is longer than an older version could carry refuses it`() throws {
        for (length, isAccepted) in [(32_767, true), (32_768, false)] {
            var writer = WireWriter(bytes(hex: "000c 0004 00000001 ffff 00"))
            writer.string(String(repeating: "g", count: length), flexible: true)
            writer.integer(Int32(17))
            writer.string("m-1", flexible: true)
            writer.nullableString(nil, flexible: true)
            writer.noTaggedFields(flexible: true)
            let frame = try RequestFrame(writer.buffer)
            if isAccepted {
                let request = try frame.decode(HeartbeatRequest.self)
                #expect(request.groupID.utf8.count == length)
                #expect(request.frame(version: 0, correlationID: 1, clientID: nil).readableBytes > length)
            } else {
                #expect(throws: WireError(.lengthOutOfRange(32_768), at: 14)) {
                    try frame.decode(HeartbeatRequest.self)
                }
            }
        }
    }

    @Test func `with null where a value is needed refuses it`() throws {
        let frame = try RequestFrame(bytes(hex: "0012 0003 00000001 ffff 00 00 01 00"))
        #expect(throws: WireError(.nullNotAllowed, at: 12)) { try frame.decode(ApiVersionsRequest.self) }
    }
}

@Suite struct `ApiVersions` {
    private let features = ApiVersionsResponse(supportedFeatures: [
        .init(name: "group.version", minVersion: 0, maxVersion: 1),
        .init(name: "metadata.version", minVersion: 1, maxVersion: 21),
    ])

    private func roundTrip(_ response: ApiVersionsResponse, version: Int16) throws -> ApiVersionsResponse {
        let frame = ApiVersionsRequest.frame(response, version: version, correlationID: 1)
        return try ResponseFrame(withoutLength(frame)).decode(ApiVersionsRequest.self, version: version)
    }

    @Test func `hides features from version 0 from clients that break on them`() throws {
        #expect(try roundTrip(features, version: 3).supportedFeatures.map(\.name) == ["metadata.version"])
        #expect(try roundTrip(features, version: 4) == features)
    }

    @Test func `is refused in version 0's layout, which the client reads whatever it asked for`() throws {
        let refusal = ApiVersionsResponse(
            errorCode: .unsupportedVersion, apis: [.init(key: .apiVersions, minVersion: 0, maxVersion: 4)])
        let frame = ApiVersionsRequest.frame(refusal, version: 0, correlationID: 1)
        #expect(hex(frame) == "00000010000000010023000000010012" + "00000004")
        for version in ApiVersionsRequest.versions {
            #expect(
                try ResponseFrame(withoutLength(frame)).decode(ApiVersionsRequest.self, version: version) == refusal)
            #expect(ApiVersionsRequest.frame(refusal, version: version, correlationID: 1) == frame)
        }
    }
}

@Suite struct `Messages with rules of their own` {
    @Test func `Metadata 0 asks for all topics with an empty array, later versions with null`() throws {
        for version in MetadataRequest.versions {
            let frame = MetadataRequest().frame(version: version, correlationID: 1, clientID: nil)
            #expect(try RequestFrame(withoutLength(frame)).decode(MetadataRequest.self).topics == nil)
        }
        let none = MetadataRequest(topics: []).frame(version: 1, correlationID: 1, clientID: nil)
        #expect(try RequestFrame(withoutLength(none)).decode(MetadataRequest.self).topics == [])
    }

    @Test(arguments: [(Int16(0), true), (2, true), (3, false)])
    func `LeaveGroup up to 2 says the one member's error in place of the request's`(
        _ version: Int16, _ isSaid: Bool
    ) throws {
        let response = LeaveGroupResponse(members: [.init(memberID: "m-1", errorCode: .unknownMemberID)])
        let frame = LeaveGroupRequest.frame(response, version: version, correlationID: 1)
        let decoded = try ResponseFrame(withoutLength(frame)).decode(LeaveGroupRequest.self, version: version)
        #expect(decoded.errorCode == (isSaid ? .unknownMemberID : .none))
        #expect(decoded.members == (isSaid ? [] : response.members))
    }

    @Test func `JoinGroup up to 6 has an empty protocol name where later versions have null`() throws {
        for version in JoinGroupRequest.versions {
            let frame = JoinGroupRequest.frame(JoinGroupResponse(), version: version, correlationID: 1)
            let decoded = try ResponseFrame(withoutLength(frame)).decode(JoinGroupRequest.self, version: version)
            #expect(decoded.protocolName == (version < 7 ? "" : nil))
        }
    }

    @Test func `OffsetFetch 1 cannot ask for all topics`() throws {
        // A group "g", then null for the topics.
        let body = "0001 67 ffffffff"
        let old = try RequestFrame(bytes(hex: "0009 0001 00000001 ffff" + body))
        #expect(throws: WireError(.nullNotAllowed, at: 17)) { try old.decode(OffsetFetchRequest.self) }
        let new = try RequestFrame(bytes(hex: "0009 0002 00000001 ffff" + body))
        #expect(try new.decode(OffsetFetchRequest.self).groups == [.init(groupID: "g", topics: nil)])
    }

    @Test func `what members tell each other is a slice of the frame, not a copy`() throws {
        let metadata = ByteBuffer(repeating: 7, count: 100)
        let request = JoinGroupRequest(
            groupID: "g", sessionTimeoutMilliseconds: 1, rebalanceTimeoutMilliseconds: 1, protocolType: "consumer",
            protocols: [.init(name: "range", metadata: metadata)])
        let frame = try withoutLength(request.frame(version: 9, correlationID: 1, clientID: nil))
        let decoded = try RequestFrame(frame).decode(JoinGroupRequest.self).protocols[0].metadata
        func address(_ buffer: ByteBuffer) -> UInt {
            unsafe buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
        }
        #expect(decoded == metadata)
        #expect(address(decoded) > address(frame))
        #expect(address(decoded) < address(frame) + UInt(frame.readableBytes))
    }

    @Test func `records are a slice of the frame, not a copy`() throws {
        let records = ByteBuffer(repeating: 7, count: 100)
        let request = ProduceRequest(topics: [.init(name: "t", partitions: [.init(index: 0, records: records)])])
        let frame = try withoutLength(request.frame(version: 9, correlationID: 1, clientID: nil))
        let decoded = try RequestFrame(frame).decode(ProduceRequest.self).topics[0].partitions[0].records
        func address(_ buffer: ByteBuffer) -> UInt {
            unsafe buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
        }
        let slice = try #require(decoded)
        #expect(slice == records)
        #expect(address(slice) > address(frame))
        #expect(address(slice) < address(frame) + UInt(frame.readableBytes))
    }

    @Test func `long records are sent from where they are, short ones in their frame`() throws {
        let long = ByteBuffer(repeating: 7, count: 5000)
        let short = ByteBuffer(repeating: 8, count: 100)
        let request = ProduceRequest(topics: [
            .init(
                name: "t",
                partitions: [
                    .init(index: 0, records: short), .init(index: 1, records: long), .init(index: 2, records: long),
                ])
        ])
        let parts = request.frameParts(version: 9, correlationID: 1, clientID: nil)
        #expect(parts.count == 5)
        #expect(parts[1] == long)
        #expect(parts[3] == long)
        var joined = ByteBuffer()
        for part in parts { joined.writeImmutableBuffer(part) }
        #expect(request.frame(version: 9, correlationID: 1, clientID: nil) == joined)
        #expect(try RequestFrame(withoutLength(joined)).decode(ProduceRequest.self) == request)
    }

    @Test func `an unknown tagged field inside a partition is skipped`() throws {
        // Produce 9: no transaction, acks 1, 1500 ms, one topic "t", one partition 3 with two bytes and tag 9.
        let body = "00 0001 000005dc 02 02 74 02 00000003 03 aabb 01 09 02 cccc 00 00"
        let request = try RequestFrame(bytes(hex: "0000 0009 00000001 ffff 00" + body)).decode(ProduceRequest.self)
        #expect(request.topics[0].partitions == [.init(index: 3, records: ByteBuffer(bytes: [0xaa, 0xbb]))])
    }

    @Test func `a producer's epoch that two bytes cannot hold is refused`() throws {
        let response = DescribeProducersResponse(topics: [
            .init(
                name: "t",
                partitions: [.init(index: 0, activeProducers: [.init(id: ProducerID(1), epoch: ProducerEpoch(0x7fff))])]
            )
        ])
        let frame = hex(try withoutLength(DescribeProducersRequest.frame(response, version: 0, correlationID: 1)))
        let raised = bytes(hex: frame.replacing("00007fff", with: "00008000"))
        #expect(throws: WireError.self) {
            try ResponseFrame(raised).decode(DescribeProducersRequest.self, version: 0)
        }
    }

    @Test(arguments: [false, true])
    func `a long error message is cut to what its length field can say, between characters`(_ flexible: Bool) throws {
        let response = CreateTopicsResponse(topics: [
            .init(name: "t", errorCode: .invalidRequest, errorMessage: "a" + String(repeating: "é", count: 40_000))
        ])
        let version: Int16 = flexible ? 7 : 4
        let frame = CreateTopicsRequest.frame(response, version: version, correlationID: 1)
        let decoded = try ResponseFrame(withoutLength(frame)).decode(CreateTopicsRequest.self, version: version)
        #expect(decoded.topics[0].errorMessage == "a" + String(repeating: "é", count: 16_383))
    }
}
