/// Base 64 (RFC 4648 §4 and §5).
package enum Base64 {
  /// Which alphabet.
  package enum Alphabet: Sendable {
    /// With `+` and `/`.
    case standard
    /// With `-` and `_`.
    case urlSafe
  }

  /// Whether `=` ends the text.
  package enum Padding: Sendable {
    /// Must be there where the length asks for it.
    case required
    /// Must not be there.
    case absent
    /// May be there in full or be absent.
    case optional
  }

  /// Encodes; without padding when `padding` is `.absent`.
  package static func encode(_ source: some ByteSource, alphabet: Alphabet = .standard, padding: Padding = .required) -> String {
    let (digit62, digit63): (UInt8, UInt8) =
      alphabet == .standard ? (UInt8(ascii: "+"), UInt8(ascii: "/")) : (UInt8(ascii: "-"), UInt8(ascii: "_"))
    return source.withBytes { bytes in
      String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { text in
        var position = 0
        var index = 0
        while index < bytes.count {
          let rest = min(3, bytes.count - index)
          var group = UInt32(bytes[index]) << 16
          if rest > 1 { group |= UInt32(bytes[index + 1]) << 8 }
          if rest > 2 { group |= UInt32(bytes[index + 2]) }
          for digit in 0...rest {
            let value = UInt8(truncatingIfNeeded: group >> (18 - 6 * UInt32(digit)) & 0x3f)
            text[position] =
              switch value {
              case 0..<26: UInt8(ascii: "A") + value
              case 26..<52: UInt8(ascii: "a") + value - 26
              case 52..<62: UInt8(ascii: "0") + value - 52
              case 62: digit62
              default: digit63
              }
            position += 1
          }
          if padding != .absent {
            for _ in rest..<3 {
              text[position] = UInt8(ascii: "=")
              position += 1
            }
          }
          index += 3
        }
        return position
      }
    }
  }

  /// Decodes strictly: `nil` for a character outside the alphabet, white space, a wrong length or padding, and bits beyond
  /// the last byte that are not zero (RFC 4648 §3.5), so that each byte string has one text.
  ///
  /// - Parameter ignoresSpareBits: accept any bits beyond the last byte.
  package static func decode(
    _ source: some ByteSource, alphabet: Alphabet = .standard, padding: Padding = .required, ignoresSpareBits: Bool = false
  ) -> [UInt8]? {
    source.withBytes { text in
      var digits = text.count
      while digits > 0 && text.count - digits < 2 && text[digits - 1] == UInt8(ascii: "=") { digits -= 1 }
      let padded = text.count - digits
      guard digits % 4 != 1 else { return nil }
      switch padding {
      case .required: guard text.count.isMultiple(of: 4) else { return nil }
      case .absent: guard padded == 0 else { return nil }
      case .optional: guard padded == 0 || text.count.isMultiple(of: 4) else { return nil }
      }
      var isValid = true
      let length = digits * 3 / 4
      let bytes = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
        var bits: UInt32 = 0
        var pending = 0
        var position = 0
        for index in 0..<digits {
          let value = digitValue(text[index], alphabet)
          if value > 63 { isValid = false }
          bits = bits << 6 | UInt32(value & 0x3f)
          pending += 6
          if pending >= 8 {
            pending -= 8
            buffer[position] = UInt8(truncatingIfNeeded: bits >> UInt32(pending))
            position += 1
          }
        }
        if !ignoresSpareBits, bits & ((1 << UInt32(pending)) - 1) != 0 { isValid = false }
        count = position
      }
      return isValid ? bytes : nil
    }
  }

  /// The value of a digit; above 63 for anything else.
  private static func digitValue(_ character: UInt8, _ alphabet: Alphabet) -> UInt8 {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): alphabet == .standard ? 62 : 0xff
    case UInt8(ascii: "/"): alphabet == .standard ? 63 : 0xff
    case UInt8(ascii: "-"): alphabet == .urlSafe ? 62 : 0xff
    case UInt8(ascii: "_"): alphabet == .urlSafe ? 63 : 0xff
    default: 0xff
    }
  }
}
