import Foundation
import Testing

@testable import generate_proto

/// Faults planted in proto files: the generator must name each of them and write nothing.
@Suite("What the generator refuses", .enabled(if: Workshop.hasTools, "protoc or protoc-gen-c is not installed"))
struct RefusalTests {
  @Test(
    "Faults of messages and enums",
    arguments: [
      ("message A { A inner = 1; }", "recursive messages are not supported: t.A → t.A"),
      ("message A { B b = 1; } message B { repeated A a = 1; }", "recursive messages are not supported: t.A → t.B → t.A"),
      ("message A { map<string, string> m = 1; }", "t.A.m: map fields are not supported"),
      ("message A { oneof x { string a = 1; string b = 2; } }", "t.A.x: oneof is not supported"),
      ("message A { double d = 1; }", "t.A.d: type"),
      ("message A { message B {} B b = 1; }", "t.A: nested types are not supported"),
      ("message A { enum B { B_UNSPECIFIED = 0; } }", "t.A: nested types are not supported"),
      ("enum A { A_FIRST = 0; }", "t.A: the first value must be …_UNSPECIFIED = 0"),
      ("enum A { A_UNSPECIFIED = 0; OTHER = 1; }", "OTHER: the values of enum t.A must start with A_"),
      ("enum A { option allow_alias = true; A_UNSPECIFIED = 0; A_B = 1; A_C = 1; }", "t.A: two values have one number"),
    ] as [(String, String)])
  func messages(_ declarations: String, _ message: String) throws { try refuses(declarations, message) }

  @Test(
    "Faults of methods",
    arguments: [
      ("rpc Get(A) returns (A);", "t.S.Get: has no roles"),
      ("rpc Get(A) returns (A) { option (headgate.v1.direct) = true; }", "t.S.Get: has no roles"),
      ("rpc Get(A) returns (A) { option (headgate.v1.roles) = ROLE_UNSPECIFIED; }", "t.S.Get: has no roles"),
      (
        "rpc Get(stream A) returns (stream A) { option (headgate.v1.roles) = ROLE_ADMIN; }",
        "t.S.Get: streams in both directions are not supported"
      ),
      (
        "rpc Get(A) returns (stream A) { option (headgate.v1.roles) = ROLE_ADMIN; option (headgate.v1.direct) = true; }",
        "t.S.Get: only a unary method can be direct"
      ),
    ] as [(String, String)])
  func methods(_ method: String, _ message: String) throws { try refuses("message A {} service S { \(method) }", message) }

  @Test("What is right is written")
  func accepted() throws {
    let workshop = try Workshop(
      """
      // A thing.
      message A { optional string a = 1; repeated B b = 2; int32 default = 3; }
      message B {}
      service S {
        rpc Get(A) returns (B) { option (headgate.v1.roles) = ROLE_ADMIN; }
        rpc Put(stream A) returns (B) { option (headgate.v1.roles) = ROLE_ADMIN; option (headgate.v1.roles) = ROLE_EDGE; }
      }
      """)
    try workshop.generate()
    let swift = try workshop.read("swift/Probe.pb.swift")
    #expect(swift.contains("/// A thing.\npackage struct A: ProtoMessage {"))
    #expect(swift.contains("package var a: String? = nil"))
    #expect(swift.contains("package var `default`: Int32 = 0"))
    #expect(swift.contains(#"service: "t.S", name: "Put", shape: .clientStream, roles: [.admin, .edge])"#))
    // protobuf-c would cut text at a NUL, so it is bytes there.
    #expect(try workshop.read("c/include/probe.pb-c.h").contains("ProtobufCBinaryData a;"))
  }

  private func refuses(_ declarations: String, _ message: String) throws {
    let workshop = try Workshop(declarations)
    let error = #expect(throws: Failure.self) { try workshop.generate() }
    #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
  }
}

/// A folder with one proto file, probe.proto of package t, and what is generated of it.
private final class Workshop {
  private static let protoFolder = URL(filePath: #filePath).appending(path: "../../../../../proto").standardized.path

  private let folder = FileManager.default.temporaryDirectory.appending(path: "generate-proto-\(UUID().uuidString)")

  static var hasTools: Bool { find("protoc") != nil && find("protoc-gen-c") != nil }

  init(_ declarations: String) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try "syntax = \"proto3\";\npackage t;\nimport \"headgate/v1/options.proto\";\n\(declarations)\n"
      .write(to: folder.appending(path: "probe.proto"), atomically: true, encoding: .utf8)
    let protoc = Process()
    protoc.executableURL = URL(filePath: try #require(Self.find("protoc")))
    protoc.arguments = [
      "-I", folder.path, "-I", Self.protoFolder, "--include_imports", "--include_source_info",
      "--descriptor_set_out=" + folder.appending(path: "set").path, "probe.proto",
    ]
    // An unused import is only a warning.
    protoc.standardError = FileHandle.nullDevice
    try protoc.run()
    protoc.waitUntilExit()
    try #require(protoc.terminationStatus == 0)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func generate() throws {
    try generate_proto.generate(
      [folder.appending(path: "set").path, try #require(Self.find("protoc-gen-c"))]
        + ["c", "swift", "tests"].map { folder.appending(path: $0).path })
  }

  func read(_ file: String) throws -> String { try String(contentsOf: folder.appending(path: file), encoding: .utf8) }

  private static func find(_ program: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { $0 + "/" + program }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
