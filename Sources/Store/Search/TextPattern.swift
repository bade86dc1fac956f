/// The pattern of LIKE that finds a text in `body_text`.
enum TextPattern {
  /// The text between two wildcards, written as `body_text` writes bodies: a backslash doubled, bytes that are zero or not ASCII
  /// as a backslash and three octal digits, A to Z small. What means something to LIKE is escaped.
  static func containing(_ text: String) -> String {
    var pattern: [UInt8] = [UInt8(ascii: "%")]
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): pattern += escapedBackslash + escapedBackslash
      case 0, 0x80...:
        pattern += escapedBackslash
        for shift in [6, 3, 0] { pattern.append(UInt8(ascii: "0") + (byte >> UInt8(shift)) & 7) }
      case UInt8(ascii: "%"), UInt8(ascii: "_"): pattern += [UInt8(ascii: "\\"), byte]
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): pattern.append(byte + 32)
      default: pattern.append(byte)
      }
    }
    pattern.append(UInt8(ascii: "%"))
    return String(decoding: pattern, as: UTF8.self)
  }

  /// One backslash, as LIKE wants it.
  private static let escapedBackslash = Array(#"\\"#.utf8)
}
