/// Text from outside made safe to show: nothing in it can move the cursor, change colours, forge a line or reorder
/// what stands around it.
package enum TerminalText {
  /// Whether a character acts on a terminal or on the order of the text rather than being shown.
  ///
  /// C0 and C1 controls and DEL (ECMA-48 escape sequences begin with them), line and paragraph separators, the
  /// bidirectional controls (https://www.unicode.org/reports/tr9/ §2), the byte order mark, interlinear annotations and
  /// tag characters.
  package static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1f, 0x7f...0x9f, 0x061c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x206f, 0xfeff, 0xfff9...0xfffb,
      0xe0000...0xe007f:
      true
    default: false
    }
  }

  /// The text with unsafe characters written as escapes, in one line.
  ///
  /// - Parameter keepingLineBreaks: leaves "\n" and "\t" as they are, for text that is shown as a block of its own.
  package static func escaped(_ text: some StringProtocol, keepingLineBreaks: Bool = false) -> String {
    guard text.unicodeScalars.contains(where: isUnsafe) else { return String(text) }
    var output = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n", "\t":
        if keepingLineBreaks { output.unicodeScalars.append(scalar) } else { output += scalar == "\n" ? "\\n" : "\\t" }
      case "\r": output += "\\r"
      case _ where isUnsafe(scalar): output += escape(scalar)
      default: output.unicodeScalars.append(scalar)
      }
    }
    return output
  }

  /// Bytes that need not be UTF-8; those that are not appear as `\xNN`.
  package static func escaped(_ bytes: [UInt8], keepingLineBreaks: Bool = false) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return escaped(text, keepingLineBreaks: keepingLineBreaks) }
    var output = ""
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var index = 0
    while true {
      switch parser.parseScalar(from: &iterator) {
      case .valid(let encoded):
        output += escaped(String(Unicode.UTF8.decode(encoded)), keepingLineBreaks: keepingLineBreaks)
        index += encoded.count
      case .error(let length):
        for byte in bytes[index..<index + length] { output += "\\x" + hexadecimal(UInt32(byte), digits: 2) }
        index += length
      case .emptyInput: return output
      }
    }
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    scalar.value < 0x100 ? "\\x" + hexadecimal(scalar.value, digits: 2) : "\\u{" + hexadecimal(scalar.value, digits: 4) + "}"
  }

  private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
