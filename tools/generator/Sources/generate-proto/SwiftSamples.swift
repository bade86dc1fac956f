import SwiftProtobufPluginLibrary

/// For the tests: a way to make a random value of every message.
enum SwiftSamples {
  static func write(_ messages: [Descriptor], to source: inout Source) throws {
    source.line("@testable import HeadgateProto")
    source.line()
    source.line("/// Every message of the proto files.")
    source.block("let everyMessage: [any SampledMessage.Type] = [", close: "]") { source in
      for message in messages { source.line("\(Names.swiftType(message)).self,") }
    }
    source.line()
    for message in messages {
      try source.block("extension \(Names.swiftType(message)): SampledMessage {") { source in
        try source.block("static func sample(_ source: inout SampleSource) -> Self {") { source in
          let arguments = try message.fields.map { field in "\(Names.swiftField(field)): \(try sample(field))" }
          if arguments.isEmpty {
            source.line("Self()")
          } else {
            source.block("Self(", close: ")") { source in
              for (index, argument) in arguments.enumerated() {
                source.line(argument + (index + 1 < arguments.count ? "," : ""))
              }
            }
          }
        }
      }
      source.line()
    }
  }

  private static func sample(_ field: FieldDescriptor) throws -> String {
    let kind = try Kind(field)
    let one =
      switch kind {
      case .bool: "bool()"
      case .integer, .enumeration: "number()"
      case .text: "text()"
      case .bytes: "bytes()"
      case .message(let swift): swift
      }
    if case .message(let swift) = kind {
      return "source.\(field.isRepeated ? "several" : "maybe") { \(swift).sample(&$0) }"
    }
    if case .enumeration = kind {
      return field.isRepeated ? "source.several { $0.value() }" : "source.value()"
    }
    if field.isRepeated { return "source.several { $0.\(one) }" }
    return field.hasPresence ? "source.maybe { $0.\(one) }" : "source.\(one)"
  }
}
