import NIOCore
import Testing

@testable import HeadgateProto

@Suite("What is not a message")
struct RefusalTests {
  @Test(
    "Bytes that no encoder writes",
    arguments: [
      ("tag without a value", [0x0a]),
      ("length beyond the end", [0x0a, 2, 0x61]),
      ("length of four gigabytes", [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
      ("length of six bytes", [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]),
      ("tag of six bytes", [0x8a, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00]),
      ("field number 0", [0x02, 0]),
      ("varint without an end", [0x18, 0x80]),
      ("varint of eleven bytes", [0x18, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]),
      ("text as varint", [0x08, 1]),
      ("number as text", [0x1a, 1, 0x31]),
      ("group", [0x0b, 0x0c]),
      ("wire type 6", [0x0e, 0]),
      ("unknown field of 64 bits, cut", [0xa1, 0x06, 1, 2, 3]),
      ("unknown field of 32 bits, cut", [0xa5, 0x06, 1, 2, 3]),
    ] as [(String, [UInt8])])
  func malformed(_ name: String, _ bytes: [UInt8]) {
    #expect(throws: ProtoDecodingError.malformed(message: "headgate.v1.Workspace")) { try Workspace(decoding: bytes) }
    // The envelopes have a reader of their own. A request's number is its field 4, not 3.
    var bytes = bytes
    if bytes[0] >> 3 == 3 { bytes[0] = 4 << 3 | bytes[0] & 7 }
    #expect(throws: ProtoDecodingError.malformed(message: "ttrpc.v1.Request")) {
      try ReceivedRequest(decoding: ByteBuffer(bytes: bytes))
    }
  }

  @Test(
    "Text that is not UTF-8",
    arguments: [
      [0x80], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xff],
      [0x61, 0xfe, 0x62],
    ])
  func notUTF8(_ text: [UInt8]) {
    let field = [UInt8(text.count)] + text
    #expect(throws: ProtoDecodingError.notUTF8(field: "headgate.v1.Workspace.name")) { try Workspace(decoding: [0x12] + field) }
    #expect(throws: ProtoDecodingError.notUTF8(field: "headgate.v1.ApplyFlowResponse.warnings")) {
      try ApplyFlowResponse(decoding: [0x32] + field)
    }
    #expect(throws: ProtoDecodingError.notUTF8(field: "headgate.v1.Flow.id")) {
      try ApplyFlowResponse(decoding: [0x0a, UInt8(field.count + 1), 0x0a] + field)
    }
    #expect(throws: ProtoDecodingError.notUTF8(field: "ttrpc.v1.Request.service")) {
      try ReceivedRequest(decoding: ByteBuffer(bytes: [0x0a] + field))
    }
    #expect(throws: ProtoDecodingError.notUTF8(field: "ttrpc.v1.KeyValue.value")) {
      try ReceivedRequest(decoding: ByteBuffer(bytes: [0x2a, UInt8(field.count + 1), 0x12] + field))
    }
  }

  @Test("A sub-message that is malformed makes the whole message so")
  func malformedInside() {
    #expect(throws: ProtoDecodingError.malformed(message: "headgate.v1.ApplyFlowResponse")) {
      try ApplyFlowResponse(decoding: [0x0a, 2, 0x0a, 5])
    }
  }

  @Test("20 KB of empty sub-messages, which would take a megabyte, are refused")
  func manyEmptyMessages() {
    let bytes = [[UInt8]](repeating: [0x0a, 0], count: 10_000).flatMap { $0 }
    #expect(throws: ProtoDecodingError.tooLarge(message: "headgate.v1.HeaderList")) { try HeaderList(decoding: bytes) }
  }

  @Test("20 KB of unknown fields are refused as well")
  func manyUnknownFields() {
    let bytes = [[UInt8]](repeating: [0xa0, 0x06, 0], count: 7_000).flatMap { $0 }
    #expect(throws: ProtoDecodingError.tooLarge(message: "headgate.v1.HeaderList")) { try HeaderList(decoding: bytes) }
  }

  @Test("After a refusal the next message has all of its memory again")
  func memoryIsGivenBack() throws {
    let tooLarge = [[UInt8]](repeating: [0x0a, 0], count: 10_000).flatMap { $0 }
    let value = HeaderList(headers: [Header](repeating: Header(name: [1], value: [2]), count: 400))
    for _ in 0..<100 {
      #expect(throws: ProtoDecodingError.self) { try HeaderList(decoding: tooLarge) }
      #expect(try HeaderList(decoding: value.encoded) == value)
    }
  }

  @Test("The largest messages that the limits of a request allow are read")
  func largest() throws {
    let header = Header(name: [0x61], value: [])
    let request = SubmitRequest(headers: Array(repeating: header, count: 100), body: Array(repeating: 0xff, count: 3 << 20))
    #expect(try SubmitRequest(decoding: request.encoded) == request)
  }

  @Test("A page of 1,000 short entries is read")
  func page() throws {
    let entry = LogEntry(id: String(repeating: "0", count: 36), triggerId: String(repeating: "1", count: 36), receivedAtUs: 1)
    let page = QueryLogsResponse(entries: Array(repeating: entry, count: 1000))
    #expect(try QueryLogsResponse(decoding: page.encoded) == page)
  }

  @Test("A request may carry so many entries of metadata and no more")
  func metadataEntries() throws {
    let limit = EnvelopeLimit.metadataEntries
    let entries = [[UInt8]](repeating: [0x2a, 0], count: limit).flatMap { $0 }
    #expect(try ReceivedRequest(decoding: ByteBuffer(bytes: entries)).metadata.count == limit)
    #expect(throws: ProtoDecodingError.tooLarge(message: "ttrpc.v1.Request")) {
      try ReceivedRequest(decoding: ByteBuffer(bytes: entries + [0x2a, 0]))
    }
  }
}
