package import JSON

/// Turns a value that a path led to into the JSON of a variable. `VariableType` has the table.
package enum Conversion {
  /// The value has no form of that type.
  package struct Mismatch: Error, Hashable, Sendable {
    /// For people; contains nothing of the value.
    package let message: String
  }

  /// Writes the value as JSON of the type.
  ///
  /// - Returns: Whether the JSON type is another than the value's.
  package static func write(
    _ value: PayloadValue, as type: VariableType, limits: JSONLimits, to writer: inout JSONWriter
  ) throws(Mismatch) -> Bool {
    switch type {
    case .auto:
      value.write(to: &writer)
      return false
    case .string:
      guard let text = value.scalarText else { throw mismatch(value, "a text") }
      writer.string(text)
      return value.isNumberOrBoolean
    case .number:
      if case .json(let json) = value, json.kind == .number {
        writer.value(json)
        return false
      }
      guard !value.isBoolean, let text = value.scalarText, let digits = number(in: text) else {
        throw mismatch(value, "a number")
      }
      writer.raw(digits)
      return true
    case .boolean:
      if case .json(let json) = value, let boolean = json.boolean {
        writer.boolean(boolean)
        return false
      }
      guard let text = value.scalarText, let boolean = boolean(in: text) else { throw mismatch(value, "true or false") }
      writer.boolean(boolean)
      return true
    case .json:
      guard let text = value.embeddedText else {
        value.write(to: &writer)
        return false
      }
      guard let document = try? JSONDocument(text, limits: limits) else { throw mismatch(value, "JSON") }
      writer.value(document.root)
      return true
    }
  }

  private static func mismatch(_ value: PayloadValue, _ wanted: String) -> Mismatch {
    Mismatch(message: "The value is \(value.typeName) that cannot be read as \(wanted).")
  }

  /// The number of JSON that is all of the text but white space around it.
  static func number(in text: [UInt8]) -> ArraySlice<UInt8>? {
    let trimmed = trim(text)
    var rest = trimmed
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    guard let first = rest.first, isDigit(first) else { return nil }
    rest = first == UInt8(ascii: "0") ? rest.dropFirst() : rest.drop(while: isDigit)
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      guard let digit = rest.first, isDigit(digit) else { return nil }
      rest = rest.drop(while: isDigit)
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
      guard let digit = rest.first, isDigit(digit) else { return nil }
      rest = rest.drop(while: isDigit)
    }
    return rest.isEmpty ? trimmed : nil
  }

  /// "true" or "false" in any case, "1" or "0", white space around it aside.
  static func boolean(in text: [UInt8]) -> Bool? {
    let trimmed = trim(text)
    guard trimmed.count <= 5 else { return nil }
    return switch String(decoding: trimmed, as: UTF8.self).lowercased() {
    case "true", "1": true
    case "false", "0": false
    default: nil
    }
  }

  private static func trim(_ text: [UInt8]) -> ArraySlice<UInt8> {
    var slice = text[...]
    while let byte = slice.first, isSpace(byte) { slice.removeFirst() }
    while let byte = slice.last, isSpace(byte) { slice.removeLast() }
    return slice
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

extension PayloadValue {
  fileprivate var isBoolean: Bool {
    if case .json(let json) = self { json.kind == .boolean } else { false }
  }

  fileprivate var isNumberOrBoolean: Bool {
    if case .json(let json) = self { json.kind == .number || json.kind == .boolean } else { false }
  }

  /// The text in which JSON may be written: a JSON string's or a plain text; `nil` for what is JSON already.
  fileprivate var embeddedText: [UInt8]? {
    switch self {
    case .text(let bytes): bytes
    case .json(let json): json.stringBytes
    case .texts, .fields: nil
    }
  }
}
