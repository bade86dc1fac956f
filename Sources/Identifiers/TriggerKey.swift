/// The secret-like name of a trigger in its URL: "wh_" and 128 random bits in base 32.
package enum TriggerKey {
  /// What every key starts with.
  package static let prefix = "wh_"

  /// Characters after the prefix: 26 of a-z and 2-7 (RFC 4648 §6, lower-case, no padding).
  package static let digitCount = 26

  /// A new key from the system's random source.
  package static func generate() -> String {
    var source = SystemRandomNumberGenerator()
    let bits = (source.next(), source.next())
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
    var digits: [UInt8] = []
    digits.reserveCapacity(digitCount)
    var (high, low) = bits
    for _ in 0..<digitCount {
      digits.append(alphabet[Int(high >> 59)])
      high = high << 5 | low >> 59
      low <<= 5
    }
    return prefix + String(decoding: digits, as: UTF8.self)
  }

  /// Whether the bytes have the form of a key; says nothing about whether the key exists.
  package static func isWellFormed(_ bytes: [UInt8]) -> Bool {
    guard bytes.count == prefix.utf8.count + digitCount, bytes.starts(with: prefix.utf8) else { return false }
    return bytes[prefix.utf8.count...].allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "2")...UInt8(ascii: "7")).contains(byte)
    }
  }
}
