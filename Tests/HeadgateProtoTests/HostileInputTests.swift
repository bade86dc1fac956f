import FoundationEssentials
import NIOCore
import Testing

@testable import HeadgateProto

/// Whatever the bytes are: an error, or a message that can be written and read again. Never a trap.
@Suite("Hostile input")
struct HostileInputTests {
  @Test("Changed, cut and random bytes against every message", arguments: MessageType.all)
  func mutations(_ message: MessageType) throws {
    func check(_ type: (some SampledMessage).Type) throws {
      var source = SampleSource(seed: 3)
      var accepted = 0
      for round in 0..<500 {
        var bytes = round % 4 == 3 ? source.bytes() : type.sample(&source).encoded
        for _ in 0..<Int.random(in: 0..<4, using: &source) where !bytes.isEmpty {
          let position = Int.random(in: 0..<bytes.count, using: &source)
          switch Int.random(in: 0..<4, using: &source) {
          case 0: bytes[position] = .random(in: 0...255, using: &source)
          case 1: bytes.removeSubrange(position...)
          case 2: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &source)
          default: bytes.insert(contentsOf: bytes[position...], at: position)
          }
        }
        if try survives(bytes, as: type) { accepted += 1 }
      }
      // Neither branch may go untested.
      #expect(accepted > 0 && accepted < 500)
    }
    try check(message.type)
  }

  @Test("Inputs that once brought another decoder down", .enabled(if: FailCases.areThere, "../shared/corpora is not there"))
  func failCases() throws {
    func check(_ type: (some SampledMessage).Type, _ bytes: [UInt8]) throws { _ = try survives(bytes, as: type) }
    let cases = try FailCases.all()
    #expect(cases.count >= 20)
    for bytes in cases {
      for message in MessageType.all { try check(message.type, bytes) }
      _ = try? ReceivedRequest(decoding: ByteBuffer(bytes: bytes))
      _ = try? ReceivedResponse(decoding: ByteBuffer(bytes: bytes))
    }
  }

  @Test("The envelope's own reader accepts nothing that protobuf-c refuses, and sees the same in what it accepts")
  func envelopeReader() throws {
    var source = SampleSource(seed: 4)
    var accepted = 0
    for _ in 0..<20_000 {
      var bytes = source.bool() ? TTRPCRequest.sample(&source).encoded : TTRPCResponse.sample(&source).encoded
      for _ in 0..<Int.random(in: 0..<3, using: &source) where !bytes.isEmpty {
        let position = Int.random(in: 0..<bytes.count, using: &source)
        if source.bool() { bytes[position] = .random(in: 0...255, using: &source) } else { bytes.removeSubrange(position...) }
      }
      if let request = try? ReceivedRequest(decoding: ByteBuffer(bytes: bytes)) {
        accepted += 1
        let reference = try TTRPCRequest(decoding: bytes)
        #expect(request.service == reference.service && request.method == reference.method)
        #expect(Array(request.payload.readableBytesView) == reference.payload)
        #expect(request.timeoutNano == reference.timeoutNano)
        #expect(request.metadata.map(\.key) == reference.metadata.map(\.key))
        #expect(request.metadata.map(\.value) == reference.metadata.map(\.value))
      }
      if let response = try? ReceivedResponse(decoding: ByteBuffer(bytes: bytes)) {
        let reference = try TTRPCResponse(decoding: bytes)
        #expect(response.status == reference.status)
        #expect(Array(response.payload.readableBytesView) == reference.payload)
      }
    }
    #expect(accepted > 1000)
  }

  /// Whether the bytes are a message; if so, it must be the same after writing and reading it again.
  private func survives<Message: ProtoMessage>(_ bytes: [UInt8], as type: Message.Type) throws -> Bool {
    guard let value = try? Message(decoding: bytes) else { return false }
    let again = value.encoded
    #expect(again.count == value.encodedLength)
    #expect(try Message(decoding: again) == value)
    return true
  }
}

/// The corpus swift-protobuf-failcases, outside the repository.
enum FailCases {
  private static var folder: String {
    let shared =
      ProcessInfo.processInfo.environment["HEADGATE_SHARED"]
      ?? URL(filePath: #filePath).appending(path: "../../../../shared").standardized.path
    return shared + "/corpora/swift-protobuf-failcases/FuzzTesting/FailCases"
  }

  static var areThere: Bool { FileManager.default.fileExists(atPath: folder) }

  static func all() throws -> [[UInt8]] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      .map { try [UInt8](Data(contentsOf: URL(filePath: folder + "/" + $0))) }
  }
}
