import NIOCore
import Testing

@testable import HeadgateProto

@Suite("Encoding and decoding")
struct RoundTripTests {
  @Test("Random values of every message come back as they were", arguments: MessageType.all)
  func roundTrip(_ message: MessageType) throws {
    func check(_ type: (some SampledMessage).Type) throws {
      var source = SampleSource(seed: 1)
      for _ in 0..<100 {
        let value = type.sample(&source)
        let bytes = value.encoded
        #expect(bytes.count == value.encodedLength)
        #expect(try type.init(decoding: bytes) == value)
      }
    }
    try check(message.type)
  }

  @Test("A message with nothing set is no bytes, and no bytes are a message with nothing set", arguments: MessageType.all)
  func empty(_ message: MessageType) throws {
    func check(_ type: (some SampledMessage).Type) throws {
      #expect(type.init().encoded == [])
      #expect(try type.init(decoding: []) == type.init())
      #expect(try type.init(decoding: UnsafeRawBufferPointer(start: nil, count: 0)) == type.init())
    }
    try check(message.type)
  }

  @Test("Fields that are not known are ignored, of every wire type", arguments: MessageType.all)
  func unknownFields(_ message: MessageType) throws {
    // Field 50000 as varint, 64 bits, length-delimited, 32 bits.
    let unknown: [UInt8] =
      [0x80, 0xb5, 0x18, 0x96, 0x01] + [0x81, 0xb5, 0x18, 1, 2, 3, 4, 5, 6, 7, 8] + [0x82, 0xb5, 0x18, 3, 0x80, 0, 0xff]
      + [0x85, 0xb5, 0x18, 1, 2, 3, 4]
    func check(_ type: (some SampledMessage).Type) throws {
      var source = SampleSource(seed: 2)
      for _ in 0..<20 {
        let value = type.sample(&source)
        #expect(try type.init(decoding: unknown + value.encoded + unknown) == value)
      }
    }
    try check(message.type)
  }

  @Test("Encoding appends to what the buffer holds")
  func appends() {
    var buffer = ByteBuffer(string: "before")
    EncodedMessage(GetFlowRequest(workspace: "w", flow: "f")).encode(into: &buffer)
    #expect(buffer == ByteBuffer(bytes: Array("before".utf8) + [0x0a, 1, 0x77, 0x12, 1, 0x66]))
  }

  @Test("Text keeps an inner NUL")
  func innerNul() throws {
    let value = Workspace(id: "a\0b", name: "\0", createdAtUs: 1)
    #expect(value.encoded == [0x0a, 3, 0x61, 0, 0x62, 0x12, 1, 0, 0x18, 1])
    #expect(try Workspace(decoding: value.encoded) == value)
  }

  @Test("An optional field that is not given differs from one that is empty or 0")
  func presence() throws {
    #expect(QueryLogsRequest(event: nil).encoded == [])
    #expect(QueryLogsRequest(event: []).encoded == [0x3a, 0])
    #expect(try QueryLogsRequest(decoding: []).event == nil)
    #expect(try QueryLogsRequest(decoding: [0x3a, 0]).event == [])
    #expect(RotateTriggerRequest(overlapSeconds: 0).encoded == [0x20, 0])
    #expect(try RotateTriggerRequest(decoding: []).overlapSeconds == nil)
    #expect(try RotateTriggerRequest(decoding: [0x20, 0]).overlapSeconds == 0)
    #expect(try RotateTriggerRequest(decoding: [0x20, 0, 0x20, 7]).overlapSeconds == 7)
  }

  @Test("A message field that is not given differs from an empty one")
  func messagePresence() throws {
    #expect(ApplyFlowResponse(flow: Flow()).encoded == [0x0a, 0])
    #expect(try ApplyFlowResponse(decoding: [0x0a, 0]).flow == Flow())
    #expect(try ApplyFlowResponse(decoding: []).flow == nil)
  }

  @Test("A field with its default value in it is like none")
  func explicitDefaults() throws {
    #expect(try Workspace(decoding: [0x0a, 0, 0x12, 0, 0x18, 0]) == Workspace())
  }

  @Test("Numbers at the edges of their types", arguments: [Int64.min, -1, 0, 1, 127, 128, .max])
  func edges(_ number: Int64) throws {
    let value = Workspace(createdAtUs: number)
    #expect(try Workspace(decoding: value.encoded) == value)
    let status = TTRPCStatus(code: Int32(truncatingIfNeeded: number))
    #expect(try TTRPCStatus(decoding: status.encoded) == status)
  }

  @Test("A negative number of 32 bits takes ten bytes, as in every protobuf")
  func negative() {
    #expect(TTRPCStatus(code: -1).encoded == [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])
  }

  @Test(
    "An enum number that is not known is unspecified",
    arguments: [
      [0x20, 99], [0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [0x20, 0x80, 0x80, 0x80, 0x80, 0x08],
    ])
  func unknownEnum(_ bytes: [UInt8]) throws {
    #expect(try SubmitResponse(decoding: bytes).outcome == .unspecified)
  }

  @Test("A repeated number is read packed and unpacked")
  func packed() throws {
    let value = AuthenticateResponse(roles: [.admin, .worker])
    #expect(value.encoded == [0x12, 2, 3, 6])
    #expect(try AuthenticateResponse(decoding: [0x10, 3, 0x10, 6]) == value)
    #expect(try AuthenticateResponse(decoding: [0x12, 1, 3, 0x10, 6]) == value)
  }

  @Test("Of a field that occurs twice the last value counts; a message field is merged, a repeated one grows")
  func occursTwice() throws {
    #expect(try Workspace(decoding: [0x12, 1, 0x61, 0x12, 1, 0x62]).name == "b")
    let first = ApplyFlowResponse(flow: Flow(id: "1", revision: 2, triggers: [FlowTrigger(id: "x")]), warnings: ["a"])
    let second = ApplyFlowResponse(flow: Flow(name: "n", revision: 3, triggers: [FlowTrigger(id: "y")]), warnings: ["b"])
    let merged = try ApplyFlowResponse(decoding: first.encoded + second.encoded)
    #expect(merged.flow == Flow(id: "1", name: "n", revision: 3, triggers: [FlowTrigger(id: "x"), FlowTrigger(id: "y")]))
    #expect(merged.warnings == ["a", "b"])
  }
}
