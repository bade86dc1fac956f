import Foundation
import HeadgateProto
import NIOCore
import Testing

@testable import RPC

/// The bytes that proto/PROTOCOL.md shows are those that the code writes.
@Suite struct ProtocolDocumentTests {
  private static func documented(_ name: String) throws -> [UInt8] {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let document = try String(contentsOfFile: "/\(root)/proto/PROTOCOL.md", encoding: .utf8)
    let start = try #require(document.range(of: "<!-- bytes: \(name) -->\n```\n"))
    let block = document[start.upperBound...].prefix { $0 != "`" }
    return block.split(whereSeparator: { $0.isWhitespace }).compactMap { UInt8($0, radix: 16) }
  }

  private static func frame(_ type: FrameType, length: Int, _ write: (inout ByteBuffer) -> Void) -> [UInt8] {
    var buffer = ByteBuffer()
    FrameHeader(type: type, streamID: 1, length: length).write(into: &buffer)
    write(&buffer)
    return Array(buffer.readableBytesView)
  }

  @Test func theRequestIsAsDocumented() throws {
    let method = TriggerServiceMethods.get
    let envelope = RequestEnvelope(
      service: method.service, method: method.name, payload: EncodedMessage(GetTriggerRequest(trigger: "orders/hook")),
      timeout: .seconds(5))
    #expect(Self.frame(.request, length: envelope.length) { envelope.encode(into: &$0) } == (try Self.documented("request")))
  }

  @Test func theResponseIsAsDocumented() throws {
    let envelope = ResponseEnvelope(status: TTRPCStatus(code: 5, message: "there is no trigger orders/hook"))
    #expect(Self.frame(.response, length: envelope.length) { envelope.encode(into: &$0) } == (try Self.documented("response")))
  }
}
