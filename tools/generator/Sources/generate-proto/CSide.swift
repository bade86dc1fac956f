import Foundation
import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// The C files: protobuf-c's own generator, given descriptors that it can serve safely.
enum CSide {
  /// Paths and contents of the files that protoc-gen-c makes.
  static func generate(_ files: [Google_Protobuf_FileDescriptorProto], plugin: String) throws -> [(path: String, text: String)] {
    var request = Google_Protobuf_Compiler_CodeGeneratorRequest()
    request.protoFile = files.map(rewritten)
    request.fileToGenerate = files.map(\.name)
    let response: Google_Protobuf_Compiler_CodeGeneratorResponse = try .init(
      serializedBytes: run(plugin, input: try request.serializedData()))
    guard !response.hasError else { throw Failure("\(plugin): \(response.error)") }
    return response.file.map { ($0.name, $0.content) }
  }

  /// Without services, options and extensions, and with the types that protobuf-c 1.4.1 needs.
  private static func rewritten(_ file: Google_Protobuf_FileDescriptorProto) -> Google_Protobuf_FileDescriptorProto {
    var file = file
    file.service = []
    file.extension = []
    file.clearOptions()
    // Comments are in the Swift files; here they would be attached to the wrong declarations.
    file.clearSourceCodeInfo()
    file.dependency.removeAll { $0.hasPrefix("google/protobuf/") }
    file.publicDependency = []
    file.weakDependency = []
    file.messageType = file.messageType.map(rewritten)
    return file
  }

  private static func rewritten(_ message: Google_Protobuf_DescriptorProto) -> Google_Protobuf_DescriptorProto {
    var message = message
    message.oneofDecl = []
    for index in message.field.indices {
      // protobuf-c cuts a string at an inner NUL and accepts what is not UTF-8; Swift checks the bytes.
      if message.field[index].type == .string { message.field[index].type = .bytes }
      message.field[index].clearJsonName()
      guard message.field[index].proto3Optional else { continue }
      // protoc-gen-c 1.4.1 refuses proto3 `optional`; on the wire it is a oneof of one member.
      message.field[index].clearProto3Optional()
      message.field[index].oneofIndex = Int32(message.oneofDecl.count)
      var oneof = Google_Protobuf_OneofDescriptorProto()
      oneof.name = Names.presenceOneof(message.field[index].name)
      message.oneofDecl.append(oneof)
    }
    return message
  }

  private static func run(_ program: String, input: Data) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    let (standardInput, standardOutput) = (Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = standardOutput
    try process.run()
    // The plugin reads everything before it writes anything.
    try standardInput.fileHandleForWriting.write(contentsOf: input)
    try standardInput.fileHandleForWriting.close()
    let output = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure("\(program) failed with \(process.terminationStatus)") }
    return output
  }
}
