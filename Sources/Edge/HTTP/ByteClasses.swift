/// Kinds of characters of HTTP's grammar, as bit sets over ASCII.
enum ByteClass {
  /// tchar (RFC 9110 §5.6.2).
  static let token = Bits("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  /// What methods are made of: capitals and hyphens. A method in small letters is a mistake of the sender, and case matters
  /// (RFC 9110 §9.1).
  static let method = Bits("ABCDEFGHIJKLMNOPQRSTUVWXYZ-")
  /// reg-name, which covers IPv4 addresses (RFC 3986 §3.2.2).
  static let regName = Bits("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()*+,;=")

  /// A set of ASCII characters.
  struct Bits: Sendable {
    private let low: UInt64
    private let high: UInt64

    init(_ characters: StaticString) {
      var low: UInt64 = 0
      var high: UInt64 = 0
      characters.withUTF8Buffer { bytes in
        for byte in bytes {
          if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte - 64) }
        }
      }
      self.low = low
      self.high = high
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
      byte < 64 ? low >> UInt64(byte) & 1 == 1 : byte < 128 && high >> UInt64(byte & 63) & 1 == 1
    }
  }

  /// What a request target may hold: visible ASCII without "#" (a fragment is never sent, RFC 9112 §3.2).
  @inline(__always)
  static func isTarget(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "#") }

  /// What a field value may hold: visible ASCII, blanks, and bytes above ASCII (RFC 9110 §5.5).
  @inline(__always)
  static func isFieldValue(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7f || byte == 0x09 }

  @inline(__always)
  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  @inline(__always)
  static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  @inline(__always)
  static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension Span where Element == UInt8 {
  /// The bytes of a part.
  @inline(__always)
  func bytes(_ range: Range<Int>) -> [UInt8] { extracting(range).withUnsafeBufferPointer { Array($0) } }

  /// Whether a part is this text, letters in either case.
  func equals(_ text: StaticString, in range: Range<Int>) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { expected in
      for offset in 0..<expected.count where ByteClass.lowercased(self[range.lowerBound + offset]) != expected[offset] {
        return false
      }
      return true
    }
  }

  /// The part without blanks around it.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, ByteClass.isBlank(self[start]) { start += 1 }
    while end > start, ByteClass.isBlank(self[end - 1]) { end -= 1 }
    return start..<end
  }
}
