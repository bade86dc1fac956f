import Foundation
import Testing

@testable import HeadgateProto

/// Another implementation of protobuf reads what is written here, and writes what is read here.
@Suite("Agreement with protoc", .enabled(if: Protoc.path != nil, "protoc is not installed"))
struct ProtocTests {
  @Test("protoc decodes each message and encodes it to the same bytes", arguments: MessageType.all)
  func agreement(_ message: MessageType) throws {
    func check(_ type: (some SampledMessage).Type) throws {
      var source = SampleSource(seed: 5)
      // The fullest of some samples says most.
      let value = try #require((0..<20).map { _ in type.sample(&source) }.max { $0.encodedLength < $1.encodedLength })
      let text = try Protoc.run("--decode", type.protoName, input: Data(value.encoded))
      let bytes = try Protoc.run("--encode", type.protoName, input: text)
      #expect(Array(bytes) == value.encoded)
      #expect(try type.init(decoding: Array(bytes)) == value)
    }
    try check(message.type)
  }

  @Test("protoc sees the values where they belong")
  func values() throws {
    let value = SubmitResponse(
      status: 200, headers: [Header(name: Array("a".utf8), value: [0, 255])], body: Array("ok".utf8), outcome: .duplicate,
      cause: .signatureWrong)
    let text = try Protoc.run("--decode", "headgate.v1.SubmitResponse", input: Data(value.encoded))
    #expect(
      String(decoding: text, as: UTF8.self) == """
        status: 200
        headers {
          name: "a"
          value: "\\000\\377"
        }
        body: "ok"
        outcome: OUTCOME_DUPLICATE
        cause: CAUSE_SIGNATURE_WRONG

        """)
  }
}

/// The protobuf compiler, if there is one.
private enum Protoc {
  static let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { $0 + "/protoc" }
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  private static let protoFolder = URL(filePath: #filePath).appending(path: "../../../proto").standardized

  static func run(_ verb: String, _ message: String, input: Data) throws -> Data {
    let process = Process()
    process.executableURL = URL(filePath: try #require(path))
    let file = message.hasPrefix("ttrpc.") ? ["ttrpc/v1/ttrpc.proto"] : try files()
    process.arguments = ["-I", protoFolder.path, verb + "=" + message] + file
    let (standardInput, standardOutput) = (Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = standardOutput
    try process.run()
    // Samples are smaller than a pipe's buffer, so that neither side waits for the other.
    try standardInput.fileHandleForWriting.write(contentsOf: input)
    try standardInput.fileHandleForWriting.close()
    let output = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return output
  }

  private static func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: protoFolder.path + "/headgate/v1").sorted().map { "headgate/v1/" + $0 }
  }
}
