/// A UUID: 128 bits, printed as lower-case text with hyphens (RFC 9562 §4).
package struct UniqueID: Hashable, Sendable {
  /// The first eight bytes in network order.
  package let high: UInt64
  /// The last eight bytes in network order.
  package let low: UInt64

  /// Makes an identifier of its two halves.
  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Reads 16 bytes in network order; `nil` for any other count.
  ///
  /// Takes an array and not any collection: a generic function is not specialized across modules, and this one is called
  /// for every request.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for index in 0..<8 {
      high = high << 8 | UInt64(bytes[index])
      low = low << 8 | UInt64(bytes[index + 8])
    }
    self.init(high: high, low: low)
  }

  /// Reads the 36 characters of RFC 9562 §4 in either case; `nil` for anything else.
  package init?(_ text: some StringProtocol) {
    let characters = Array(text.utf8)
    guard characters.count == 36 else { return nil }
    var halves: (high: UInt64, low: UInt64) = (0, 0)
    var digits = 0
    for (index, character) in characters.enumerated() {
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard character == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let digit = Self.hexDigit(character) else { return nil }
      if digits < 16 { halves.high = halves.high << 4 | digit } else { halves.low = halves.low << 4 | digit }
      digits += 1
    }
    self.init(high: halves.high, low: halves.low)
  }

  /// A random identifier, version 4 (RFC 9562 §5.4), from the system's random source.
  package static func random() -> UniqueID {
    var source = SystemRandomNumberGenerator()
    return UniqueID(high: source.next() & ~0xf000 | 0x4000, low: source.next() & ~(0b11 << 62) | 0b10 << 62)
  }

  /// The version digit.
  package var version: Int { Int(high >> 12 & 0xf) }

  /// Milliseconds since 1970 UTC: meaningful for version 7, and for version 8 as Headgate makes it.
  package var unixMilliseconds: Int64 { Int64(high >> 16) }

  /// The 16 bytes in network order.
  package var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
      for index in 0..<8 {
        buffer[index] = UInt8(truncatingIfNeeded: high >> (56 - 8 * UInt64(index)))
        buffer[index + 8] = UInt8(truncatingIfNeeded: low >> (56 - 8 * UInt64(index)))
      }
      count = 16
    }
  }

  private static func hexDigit(_ character: UInt8) -> UInt64? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(character - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(character - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(character - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}

extension UniqueID: Comparable {
  package static func < (left: UniqueID, right: UniqueID) -> Bool {
    left.high != right.high ? left.high < right.high : left.low < right.low
  }
}

extension UniqueID: CustomStringConvertible {
  /// The 36 characters, lower-case.
  package var description: String {
    String(unsafeUninitializedCapacity: 36) { text in
      var position = 0
      for digit in 0..<32 {
        if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
          text[position] = UInt8(ascii: "-")
          position += 1
        }
        let half = digit < 16 ? high : low
        let value = UInt8(truncatingIfNeeded: half >> (60 - 4 * UInt64(digit & 15)) & 0xf)
        text[position] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
        position += 1
      }
      return 36
    }
  }
}
