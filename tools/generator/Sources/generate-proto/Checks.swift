import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// What may not occur in the proto files, because protobuf-c or the generated Swift could not hold it safely.
enum Checks {
  static func check(_ files: [FileDescriptor]) throws {
    for file in files {
      guard file.edition == .proto3 else { throw Failure("\(file.name): must be proto3") }
      for enumeration in file.enums {
        guard enumeration.values.first?.number == 0, enumeration.values.first?.name.hasSuffix("_UNSPECIFIED") == true else {
          throw Failure("\(enumeration.fullName): the first value must be …_UNSPECIFIED = 0")
        }
        guard Set(enumeration.values.map(\.number)).count == enumeration.values.count else {
          throw Failure("\(enumeration.fullName): two values have one number")
        }
      }
      for message in file.messages { try check(message) }
    }
    try refuseRecursion(files.flatMap(\.messages))
  }

  private static func check(_ message: Descriptor) throws {
    guard message.messages.allSatisfy(\.options.mapEntry) && message.enums.isEmpty else {
      throw Failure("\(message.fullName): nested types are not supported; declare them beside it")
    }
    for field in message.fields {
      if field.isMap { throw Failure("\(field.fullName): map fields are not supported; use a repeated message") }
      if let oneof = field.realContainingOneof {
        throw Failure("\(message.fullName).\(oneof.name): oneof is not supported; use a field for each member")
      }
      _ = try Kind(field)
    }
  }

  /// protobuf-c has no limit of depth, so a message that can contain itself could exhaust the stack.
  private static func refuseRecursion(_ messages: [Descriptor]) throws {
    var finished: Set<String> = []
    func visit(_ message: Descriptor, _ path: [String]) throws {
      if finished.contains(message.fullName) { return }
      if path.contains(message.fullName) {
        throw Failure("recursive messages are not supported: \((path + [message.fullName]).joined(separator: " → "))")
      }
      for field in message.fields where field.type == .message {
        try visit(field.messageType, path + [message.fullName])
      }
      finished.insert(message.fullName)
    }
    for message in messages { try visit(message, []) }
  }
}
