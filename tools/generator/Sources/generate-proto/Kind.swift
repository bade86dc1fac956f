import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// The type of a field, as far as it matters to the generated code.
enum Kind {
  case bool
  /// Swift type, expression that makes it a UInt64.
  case integer(swift: String)
  case enumeration(swift: String)
  case text
  case bytes
  case message(swift: String)

  init(_ field: FieldDescriptor) throws {
    switch field.type {
    case .bool: self = .bool
    case .int32: self = .integer(swift: "Int32")
    case .int64: self = .integer(swift: "Int64")
    case .uint32: self = .integer(swift: "UInt32")
    case .uint64: self = .integer(swift: "UInt64")
    case .enum: self = .enumeration(swift: Names.swiftType(field.enumType))
    case .string: self = .text
    case .bytes: self = .bytes
    case .message: self = .message(swift: Names.swiftType(field.messageType))
    default:
      throw Failure("\(field.fullName): type \(field.type) is not supported; use (u)int32, (u)int64, bool, bytes, string")
    }
  }

  var swift: String {
    switch self {
    case .bool: "Bool"
    case .integer(let swift), .enumeration(let swift), .message(let swift): swift
    case .text: "String"
    case .bytes: "[UInt8]"
    }
  }

  /// The value of a field that was not on the wire.
  var swiftDefault: String {
    switch self {
    case .bool: "false"
    case .integer: "0"
    case .enumeration: ".unspecified"
    case .text: "\"\""
    case .bytes: "[]"
    case .message: "nil"
    }
  }

  /// https://protobuf.dev/programming-guides/encoding/#structure
  var wireType: Int {
    switch self {
    case .bool, .integer, .enumeration: 0
    case .text, .bytes, .message: 2
    }
  }

  /// Whether a value differs from the default, so that it is written.
  func isPresent(_ value: String) -> String {
    switch self {
    case .bool: value
    case .integer: "\(value) != 0"
    case .enumeration: "\(value) != .unspecified"
    case .text, .bytes: "!\(value).isEmpty"
    case .message: "\(value) != nil"
    }
  }

  /// The value as the UInt64 of its varint: negative ones are sign-extended to ten bytes.
  func varint(_ value: String) -> String {
    switch self {
    case .bool: "\(value) ? 1 : 0"
    case .integer("UInt64"): value
    case .integer("Int64"): "UInt64(bitPattern: \(value))"
    case .integer("Int32"): "UInt64(bitPattern: Int64(\(value)))"
    case .integer: "UInt64(\(value))"
    case .enumeration: "UInt64(bitPattern: Int64(\(value).rawValue))"
    case .text, .bytes, .message: ""
    }
  }

  /// Bytes of the value without its tag.
  func length(_ value: String) -> String {
    switch self {
    case .bool: "1"
    case .integer, .enumeration: "varintLength(\(varint(value)))"
    case .text: "delimitedLength(\(value).utf8.count)"
    case .bytes: "delimitedLength(\(value).count)"
    case .message: "delimitedLength(\(value).encodedLength)"
    }
  }

  /// The statement that writes the value with its tag.
  func write(_ value: String, tag: UInt32) -> String {
    switch self {
    case .bool, .integer, .enumeration: "writer.varint(\(varint(value)), tag: \(tag))"
    case .text: "writer.text(\(value), tag: \(tag))"
    case .bytes: "writer.bytes(\(value), tag: \(tag))"
    case .message: "writer.message(\(value), tag: \(tag))"
    }
  }

  /// The Swift value of one C value.
  func copy(_ value: String, fieldName: String) -> String {
    switch self {
    case .bool: "\(value) != 0"
    case .integer: value
    case .enumeration(let swift): "\(swift)(number: Int32(truncatingIfNeeded: \(value).rawValue))"
    case .text: "try copyText(\(value), \"\(fieldName)\")"
    case .bytes: "copyBytes(\(value))"
    case .message(let swift): "try copyMessage(\(value), \(swift).init(copying:))"
    }
  }
}
