import Yams

/// Writes a definition as a flow file that people edit and that reads back as the same JSON.
package enum YAMLWriter {
  /// Objects of plain values stand on one line, as in the examples of flow files, when it is no longer than this.
  private static let lineWidth = 80

  /// The YAML text, with a line break at its end.
  package static func text(_ value: JSONValue) throws -> String {
    let text = try Yams.serialize(node: node(value, level: 0, indent: 0, column: 0), width: -1, allowUnicode: true)
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

  /// - Parameters:
  ///   - indent: columns before each line of the value when it takes several.
  ///   - column: where it begins.
  private static func node(_ value: JSONValue, level: Int, indent: Int, column: Int) -> Node {
    switch value {
    case .null: return Node("null", .implicit, .plain)
    case .bool(let value): return Node(value ? "true" : "false", .implicit, .plain)
    case .number(let digits): return Node(digits, .implicit, .plain)
    case .string(let text): return Node(text, .implicit, style(of: text))
    case .array(let elements):
      let isShort = elements.allSatisfy(\.isScalar) && column + width(of: value) <= lineWidth
      return Node(
        elements.map { node($0, level: level + 1, indent: indent + 2, column: indent + 2) }, .implicit, isShort ? .flow : .block)
    case .object(let members):
      let isShort = level > 0 && members.allSatisfy { $0.value.isScalar } && column + width(of: value) <= lineWidth
      let nodes = members.map { member in
        // The dashes of a list stand below its name.
        let inner = if case .array = member.value { indent } else { indent + 2 }
        return (
          node(.string(member.name), level: level + 1, indent: indent, column: indent),
          node(member.value, level: level + 1, indent: inner, column: indent + DisplayWidth.of(member.name) + 2)
        )
      }
      return Node(nodes, .implicit, isShort || members.isEmpty ? .flow : .block)
    }
  }

  /// Columns of a value in one line, but for escapes.
  private static func width(of value: JSONValue) -> Int {
    switch value {
    case .null, .bool, .number: value.compact.count
    case .string(let text): DisplayWidth.of(text) + (isSafelyPlain(text) ? 0 : 2)
    case .array(let elements): elements.reduce(2) { $0 + width(of: $1) + 2 } - (elements.isEmpty ? 0 : 2)
    case .object(let members):
      members.reduce(2) { $0 + width(of: .string($1.name)) + 2 + width(of: $1.value) + 2 } - (members.isEmpty ? 0 : 2)
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
