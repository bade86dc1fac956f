extension JSONValue {
  /// The value in one line, without spaces.
  package var compact: String { text(indented: false) }

  /// The value over several lines, indented by two spaces; the layout that `jq .` writes.
  package var pretty: String { text(indented: true) }

  /// The value in one line as UTF-8, without spaces.
  package var bytes: [UInt8] { Array(compact.utf8) }

  private func text(indented: Bool) -> String {
    var output = ""
    write(into: &output, level: indented ? 0 : nil)
    return output
  }

  private func write(into output: inout String, level: Int?) {
    switch self {
    case .null: output += "null"
    case .bool(let value): output += value ? "true" : "false"
    case .number(let digits): output += digits
    case .string(let text): Self.writeQuoted(text, into: &output)
    case .array(let elements):
      Self.writeList(elements, "[", "]", into: &output, level: level) { element, output, level in
        element.write(into: &output, level: level)
      }
    case .object(let members):
      Self.writeList(members, "{", "}", into: &output, level: level) { member, output, level in
        Self.writeQuoted(member.name, into: &output)
        output += level == nil ? ":" : ": "
        member.value.write(into: &output, level: level)
      }
    }
  }

  private static func writeList<Element>(
    _ elements: [Element], _ open: String, _ close: String, into output: inout String, level: Int?,
    _ writeElement: (Element, inout String, Int?) -> Void
  ) {
    output += open
    let inner = level.map { $0 + 1 }
    for (index, element) in elements.enumerated() {
      if index > 0 { output += "," }
      if let inner { output += "\n" + String(repeating: "  ", count: inner) }
      writeElement(element, &output, inner)
    }
    if let level, !elements.isEmpty { output += "\n" + String(repeating: "  ", count: level) }
    output += close
  }

  /// Writes a string with its quotes. Besides what RFC 8259 §7 demands, everything that could act on a terminal is
  /// escaped, so that JSON output is safe to look at too.
  private static func writeQuoted(_ text: String, into output: inout String) {
    output += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      case _ where TerminalText.isUnsafe(scalar):
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      default: output.unicodeScalars.append(scalar)
      }
    }
    output += "\""
  }
}
