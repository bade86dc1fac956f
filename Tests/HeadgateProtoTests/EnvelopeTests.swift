import NIOCore
import Testing

@testable import HeadgateProto

@Suite("Envelopes")
struct EnvelopeTests {
  private static let metadata = [CallMetadata(key: "authorization", value: "Bearer x"), CallMetadata(key: "", value: "")]

  @Test("A request written around its message is the request with the encoded message as its payload")
  func request() throws {
    let message = GetFlowRequest(workspace: "w", flow: "orders")
    let envelope = RequestEnvelope(
      service: "headgate.v1.FlowService", method: "Get", payload: EncodedMessage(message), timeout: .milliseconds(1500),
      metadata: Self.metadata)
    let reference = TTRPCRequest(
      service: "headgate.v1.FlowService", method: "Get", payload: message.encoded, timeoutNano: 1_500_000_000,
      metadata: [TTRPCKeyValue(key: "authorization", value: "Bearer x"), TTRPCKeyValue()])
    var buffer = ByteBuffer()
    envelope.encode(into: &buffer)
    #expect(buffer.readableBytes == envelope.length)
    #expect(Array(buffer.readableBytesView) == reference.encoded)

    let received = try ReceivedRequest(decoding: buffer)
    #expect(received.service == "headgate.v1.FlowService")
    #expect(received.method == "Get")
    #expect(received.timeoutNano == 1_500_000_000)
    #expect(received.metadata == Self.metadata)
    #expect(try GetFlowRequest(decoding: received.payload) == message)
  }

  @Test("Without a message, or with an empty one, a request has no payload")
  func noPayload() {
    for payload in [nil, EncodedMessage(GetStatusRequest())] {
      let envelope = RequestEnvelope(service: "s", method: "m", payload: payload)
      var buffer = ByteBuffer()
      envelope.encode(into: &buffer)
      #expect(Array(buffer.readableBytesView) == [0x0a, 1, 0x73, 0x12, 1, 0x6d])
    }
  }

  @Test(
    "A timeout that has passed is not the server's default",
    arguments: [
      (.zero, 1), (.seconds(-5), 1), (.nanoseconds(7), 7), (.seconds(Int64.max), .max), (.seconds(Int64.min), 1),
    ] as [(Duration, Int64)])
  func timeout(_ timeout: Duration, _ nanoseconds: Int64) throws {
    var buffer = ByteBuffer()
    RequestEnvelope(service: "s", method: "m", payload: nil, timeout: timeout).encode(into: &buffer)
    #expect(try ReceivedRequest(decoding: buffer).timeoutNano == nanoseconds)
  }

  @Test("A response written around its message is the response with the encoded message as its payload")
  func response() throws {
    let message = Workspace(id: "1", name: "default", createdAtUs: 5)
    let envelope = ResponseEnvelope(payload: EncodedMessage(message))
    var buffer = ByteBuffer(string: "frame header")
    buffer.moveReaderIndex(to: buffer.writerIndex)
    envelope.encode(into: &buffer)
    #expect(buffer.readableBytes == envelope.length)
    #expect(Array(buffer.readableBytesView) == TTRPCResponse(payload: message.encoded).encoded)
    let received = try ReceivedResponse(decoding: buffer)
    #expect(received.status == nil)
    #expect(try Workspace(decoding: received.payload) == message)
  }

  @Test("A failed response carries its status")
  func status() throws {
    let status = TTRPCStatus(code: 5, message: "no such flow", details: [TTRPCAny(typeUrl: "t", value: [1, 2])])
    let envelope = ResponseEnvelope(status: status)
    var buffer = ByteBuffer()
    envelope.encode(into: &buffer)
    #expect(buffer.readableBytes == envelope.length)
    let received = try ReceivedResponse(decoding: buffer)
    #expect(received.status == status)
    #expect(received.payload.readableBytes == 0)
  }

  @Test("A status that comes in two parts is merged")
  func statusInParts() throws {
    let bytes = TTRPCResponse(status: TTRPCStatus(code: 5)).encoded + TTRPCResponse(status: TTRPCStatus(message: "m")).encoded
    #expect(try ReceivedResponse(decoding: ByteBuffer(bytes: bytes)).status == TTRPCStatus(code: 5, message: "m"))
  }

  @Test("Two parts that are a status only when put together are refused")
  func statusCutInTwo() {
    #expect(throws: ProtoDecodingError.malformed(message: "ttrpc.v1.Status")) {
      try ReceivedResponse(decoding: ByteBuffer(bytes: [0x0a, 1, 0x08, 0x0a, 1, 5]))
    }
  }
}
