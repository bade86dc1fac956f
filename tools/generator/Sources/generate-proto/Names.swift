import Foundation
import SwiftProtobufPluginLibrary

/// How things of the proto files are called in C (as protoc-gen-c does) and in Swift.
enum Names {
  /// Prefix of the Swift types of a package: they share one module.
  static func prefix(ofPackage package: String) -> String { package == "ttrpc.v1" ? "TTRPC" : "" }

  static func swiftType(_ message: Descriptor) -> String { prefix(ofPackage: message.file.package) + message.name }

  static func swiftType(_ enumeration: EnumDescriptor) -> String {
    prefix(ofPackage: enumeration.file.package) + enumeration.name
  }

  static func swiftField(_ field: FieldDescriptor) -> String { lowerCamel(field.name) }

  /// The case of an enum value: without the enum's name in front.
  static func swiftCase(_ value: EnumValueDescriptor, of enumeration: EnumDescriptor) throws -> String {
    let prefix = upperSnake(enumeration.name) + "_"
    guard value.name.hasPrefix(prefix) else {
      throw Failure("\(value.name): the values of enum \(enumeration.fullName) must start with \(prefix)")
    }
    return lowerCamel(value.name.dropFirst(prefix.count).lowercased())
  }

  /// `Apply` → `apply`, `LeaseStream` → `leaseStream`.
  static func swiftFunction(_ method: MethodDescriptor) -> String { method.name.prefix(1).lowercased() + method.name.dropFirst() }

  static func lowerCamel(_ snake: some StringProtocol) -> String {
    let words = snake.split(separator: "_")
    return words.prefix(1).joined() + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// Where a name is declared or stands alone.
  static func quoted(_ name: String) -> String { keywords.contains(name) ? "`\(name)`" : name }

  /// `headgate.v1.SubmitRequest` → `Headgate__V1__SubmitRequest`
  static func cType(_ fullName: String) -> String {
    fullName.split(separator: ".").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(separator: "__")
  }

  /// `headgate.v1.SubmitRequest` → `headgate__v1__submit_request`
  static func cFunction(_ fullName: String) -> String {
    fullName.split(separator: ".").map { lowerSnake($0) }.joined(separator: "__")
  }

  static func cField(_ name: String) -> String {
    let lower = name.lowercased()
    return cKeywords.contains(lower) ? lower + "_" : lower
  }

  /// The one-member oneof that stands for a proto3 `optional` field on the C side.
  static func presenceOneof(_ field: String) -> String { field + "_presence" }

  /// As protoc-gen-c does: an underscore before each upper-case letter that follows one that is not.
  private static func lowerSnake(_ name: some StringProtocol) -> String {
    var result = ""
    var previousWasUpper = true
    for character in name {
      if character.isUppercase {
        if !previousWasUpper { result += "_" }
        result += character.lowercased()
      } else {
        result.append(character)
      }
      previousWasUpper = character.isUppercase
    }
    return result
  }

  private static func upperSnake(_ name: String) -> String { lowerSnake(name).uppercased() }

  private static let keywords: Set<String> = [
    "actor", "any", "as", "associatedtype", "async", "await", "break", "case", "catch", "class", "continue", "default", "defer",
    "deinit", "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import",
    "in", "init", "inout", "internal", "is", "let", "nil", "operator", "package", "private", "protocol", "public", "repeat",
    "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try", "type",
    "typealias", "var", "where", "while",
  ]

  /// Names that protoc-gen-c gives an underscore (c_helpers.cc).
  private static let cKeywords: Set<String> = [
    "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char", "class", "compl", "const",
    "const_cast", "continue", "default", "delete", "do", "double", "dynamic_cast", "else", "enum", "explicit", "extern", "false",
    "float", "for", "friend", "goto", "if", "inline", "int", "long", "mutable", "namespace", "new", "not", "not_eq", "operator",
    "or", "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "return", "short", "signed", "sizeof",
    "static", "static_cast", "struct", "switch", "template", "this", "throw", "true", "try", "typedef", "typeid", "typename",
    "union", "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
  ]
}
