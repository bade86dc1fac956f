/// Base 16 (RFC 4648 §8).
package enum Hex {
  /// Lower-case digits, two per byte.
  package static func encode(_ source: some ByteSource) -> String {
    source.withBytes { bytes in
      String(unsafeUninitializedCapacity: bytes.count * 2) { text in
        for index in 0..<bytes.count {
          text[index * 2] = digit(bytes[index] >> 4)
          text[index * 2 + 1] = digit(bytes[index] & 0xf)
        }
        return bytes.count * 2
      }
    }
  }

  /// Reads digits of either case; `nil` for an odd count or any other character.
  package static func decode(_ source: some ByteSource) -> [UInt8]? {
    source.withBytes { text in
      guard text.count.isMultiple(of: 2) else { return nil }
      var isValid = true
      let bytes = [UInt8](unsafeUninitializedCapacity: text.count / 2) { buffer, count in
        for index in 0..<text.count / 2 {
          let high = value(text[index * 2])
          let low = value(text[index * 2 + 1])
          if high | low > 0xf { isValid = false }
          buffer[index] = high << 4 | low & 0xf
        }
        count = text.count / 2
      }
      return isValid ? bytes : nil
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// The value of a digit; above 15 for anything else.
  private static func value(_ character: UInt8) -> UInt8 {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: 0xff
    }
  }
}
