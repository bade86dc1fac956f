import Yams

/// Writes a definition as a flow file that people edit and that reads back as the same JSON.
package enum YAMLWriter {
  /// Objects of plain values up to this many characters stand on one line, as in the examples of flow files.
  private static let flowStyleLimit = 80

  /// The YAML text, with a line break at its end.
  package static func text(_ value: JSONValue) throws -> String {
    let text = try Yams.serialize(node: node(value, level: 0), width: -1, allowUnicode: true)
    guard text.contains("\\U") else { return text }
    // Outside double quotes a backslash is one, so what was put in its place must prove to be the same.
    let readable = withoutEscapes(text)
    return (try? YAMLReader.documents(in: readable).map(\.json)) == [value] ? readable : text
  }

  /// Puts characters beyond U+FFFF, such as emoji, in the place of the emitter's escapes for them, "\U0001F4B0".
  private static func withoutEscapes(_ text: String) -> String {
    var output = ""
    var rest = text[...]
    while let backslash = rest.firstIndex(of: "\\") {
      output += rest[..<backslash]
      let escape = rest[backslash...].prefix(10)
      if escape.count == 10, escape.dropFirst().first == "U", let value = UInt32(escape.dropFirst(2), radix: 16),
        let scalar = Unicode.Scalar(value), !TerminalText.isUnsafe(scalar)
      {
        output.unicodeScalars.append(scalar)
        rest = rest[escape.endIndex...]
      } else {
        // An escaped backslash is passed over as a whole.
        output += escape.prefix(2)
        rest = rest[escape.prefix(2).endIndex...]
      }
    }
    return output + rest
  }

  private static func node(_ value: JSONValue, level: Int) -> Node {
    switch value {
    case .null: return Node("null", .implicit, .plain)
    case .bool(let value): return Node(value ? "true" : "false", .implicit, .plain)
    case .number(let digits): return Node(digits, .implicit, .plain)
    case .string(let text): return Node(text, .implicit, style(of: text))
    case .array(let elements):
      let isShort = elements.allSatisfy(\.isScalar) && value.compact.count <= flowStyleLimit
      return Node(elements.map { node($0, level: level + 1) }, .implicit, isShort ? .flow : .block)
    case .object(let members):
      let isShort = level > 0 && members.allSatisfy { $0.value.isScalar } && value.compact.count <= flowStyleLimit
      return Node(
        members.map { (node(.string($0.name), level: level + 1), node($0.value, level: level + 1)) }, .implicit,
        isShort || members.isEmpty ? .flow : .block)
    }
  }

  private static func style(of text: String) -> Node.Scalar.Style {
    if isSafelyPlain(text) { return .plain }
    // The emitter itself falls back to double quotes where a block cannot hold the text.
    return text.contains("\n") && !text.contains("\r") ? .literal : .doubleQuoted
  }

  /// Whether every YAML reader takes the bare text for that text: none of YAML 1.1's words, numbers and dates either.
  private static func isSafelyPlain(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, first.properties.isAlphabetic || first == "_" || first == "/" else {
      return false
    }
    let words: Set<String> = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
    guard !words.contains(text.lowercased()) else { return false }
    return text.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII
        ? Character(scalar).isLetter || Character(scalar).isNumber || "_-./$@".unicodeScalars.contains(scalar)
        : scalar.properties.isAlphabetic
    }
  }
}

extension JSONValue {
  fileprivate var isScalar: Bool {
    switch self {
    case .array(let elements): elements.isEmpty
    case .object(let members): members.isEmpty
    default: true
    }
  }
}
