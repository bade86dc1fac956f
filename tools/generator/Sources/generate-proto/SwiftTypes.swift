import SwiftProtobufPluginLibrary

/// Swift enums and structs.
enum SwiftTypes {
  static func write(_ enumeration: EnumDescriptor, to source: inout Source) throws {
    let name = Names.swiftType(enumeration)
    source.documentation(enumeration, otherwise: "\(enumeration.fullName)")
    try source.block("package enum \(name): Int32, Sendable, CaseIterable {") { source in
      for value in enumeration.values {
        source.documentation(value)
        source.line("case \(Names.quoted(try Names.swiftCase(value, of: enumeration))) = \(value.number)")
      }
      source.line()
      source.line("/// The value of a number on the wire; `unspecified` for a number that is not known here.")
      source.line("package init(number: Int32) { self = Self(rawValue: number) ?? .unspecified }")
    }
    source.line()
  }

  static func write(_ message: Descriptor, to source: inout Source) throws {
    let fields = try message.fields.map(Field.init)
    source.documentation(message, otherwise: "\(message.fullName)")
    source.block("package struct \(Names.swiftType(message)): ProtoMessage {") { source in
      source.line("package static var protoName: String { \"\(message.fullName)\" }")
      source.line()
      for field in fields {
        source.documentation(field.descriptor)
        source.line("package var \(Names.quoted(field.name)): \(field.type) = \(field.initial)")
      }
      if !fields.isEmpty { source.line() }
      source.line("package init() {}")
      if !fields.isEmpty {
        source.line()
        source.block("package init(", close: ") {") { source in
          for field in fields {
            let comma = field.descriptor === fields.last!.descriptor ? "" : ","
            source.line("\(field.name): \(field.type) = \(field.initial)\(comma)")
          }
        }
        for field in fields { source.line("  self.\(field.name) = \(Names.quoted(field.name))") }
        source.line("}")
      }
    }
    source.line()
    writeCoding(message, fields.sorted { $0.descriptor.number < $1.descriptor.number }, to: &source)
  }

  private static func writeCoding(_ message: Descriptor, _ fields: [Field], to source: inout Source) {
    let cType = Names.cType(message.fullName)
    source.block("extension \(Names.swiftType(message)) {") { source in
      source.block("package var encodedLength: Int {") { source in
        if fields.isEmpty {
          source.line("0")
        } else {
          source.line("var length = 0")
          for field in fields { field.length(&source) }
          source.line("return length")
        }
      }
      source.line()
      source.block("package func write(to writer: inout ProtoWriter) {") { source in
        for field in fields { field.write(&source) }
      }
      source.line()
      source.block("package init(decoding bytes: UnsafeRawBufferPointer) throws(ProtoDecodingError) {") { source in
        let function = Names.cFunction(message.fullName) + "__unpack"
        source.line("self = try unpack(bytes, \"\(message.fullName)\", \(function), Self.init(copying:))")
      }
      source.line()
      source.block("init(copying message: UnsafePointer<\(cType)>) throws(ProtoDecodingError) {") { source in
        for field in fields { source.line("self.\(field.name) = \(field.copy)") }
      }
    }
    source.line()
  }
}

/// One field of a message on its way into Swift.
private struct Field {
  let descriptor: FieldDescriptor
  let kind: Kind
  let name: String
  let isOptional: Bool

  init(_ descriptor: FieldDescriptor) throws {
    self.descriptor = descriptor
    kind = try Kind(descriptor)
    name = Names.swiftField(descriptor)
    if case .message = kind { isOptional = !descriptor.isRepeated } else { isOptional = descriptor.hasPresence }
  }

  private var isPacked: Bool { descriptor.isRepeated && kind.wireType == 0 }

  private var tag: UInt32 {
    UInt32(descriptor.number) << 3 | UInt32(isPacked ? 2 : kind.wireType)
  }

  private var tagLength: Int { (UInt64(tag).bitWidth - UInt64(tag).leadingZeroBitCount + 6) / 7 }

  var type: String {
    if descriptor.isRepeated { return "[\(kind.swift)]" }
    return isOptional ? kind.swift + "?" : kind.swift
  }

  var initial: String {
    if descriptor.isRepeated { return "[]" }
    return isOptional ? "nil" : kind.swiftDefault
  }

  func length(_ source: inout Source) {
    if isPacked {
      source.block("if !\(name).isEmpty {") { source in
        source.line("var packed = 0")
        source.line("for element in \(name) { packed += \(kind.length("element")) }")
        source.line("length += \(tagLength) + delimitedLength(packed)")
      }
    } else if descriptor.isRepeated {
      source.line("for element in \(name) { length += \(tagLength) + \(kind.length("element")) }")
    } else if isOptional {
      let usesValue = kind.length("value").contains("value")
      source.line(
        usesValue
          ? "if let value = \(name) { length += \(tagLength) + \(kind.length("value")) }"
          : "if \(name) != nil { length += \(tagLength) + \(kind.length("value")) }")
    } else {
      source.line("if \(kind.isPresent(name)) { length += \(tagLength) + \(kind.length(name)) }")
    }
  }

  func write(_ source: inout Source) {
    if isPacked {
      source.block("if !\(name).isEmpty {") { source in
        source.line("var packed = 0")
        source.line("for element in \(name) { packed += \(kind.length("element")) }")
        source.line("writer.varint(UInt64(packed), tag: \(tag))")
        source.line("for element in \(name) { writer.varint(\(kind.varint("element"))) }")
      }
    } else if descriptor.isRepeated {
      source.line("for element in \(name) { \(kind.write("element", tag: tag)) }")
    } else if isOptional {
      source.line("if let value = \(name) { \(kind.write("value", tag: tag)) }")
    } else {
      source.line("if \(kind.isPresent(name)) { \(kind.write(name, tag: tag)) }")
    }
  }

  /// The expression that makes the Swift value out of the unpacked C message.
  var copy: String {
    let c = "message.pointee." + Names.cField(descriptor.name)
    let full = descriptor.containingType.fullName + "." + descriptor.name
    if descriptor.isRepeated {
      let count = "message.pointee.n_" + descriptor.name.lowercased()
      if case .message(let swift) = kind { return "try copyEach(\(c), \(count), \(swift).init(copying:))" }
      return "try copyEach(\(c), \(count)) { (element) throws(ProtoDecodingError) in \(kind.copy("element", fieldName: full)) }"
    }
    if case .message = kind { return kind.copy(c, fieldName: full) }
    if isOptional {
      let presence = "message.pointee." + Names.presenceOneof(descriptor.name.lowercased()) + "_case.rawValue"
      return "\(presence) == \(descriptor.number) ? \(kind.copy(c, fieldName: full)) : nil"
    }
    return kind.copy(c, fieldName: full)
  }
}
