/// The character sets that texts are read in.
package enum Charset: Hashable, Sendable {
  case utf8
  /// Windows-1252, of which ISO-8859-1 is a part: senders who name the one mean the other (WHATWG Encoding Standard §4.2).
  case windows1252

  /// By a label of a Content-Type, in any case; `nil` when it is another one. ASCII is a part of UTF-8 and read as that.
  package init?(label: String) {
    switch label.lowercased() {
    case "utf-8", "utf8", "us-ascii", "ascii": self = .utf8
    case "iso-8859-1", "iso8859-1", "iso_8859-1", "iso88591", "latin1", "l1", "windows-1252", "cp1252", "x-cp1252":
      self = .windows1252
    default: return nil
    }
  }

  /// The text in UTF-8. Bytes that are said to be UTF-8 stay as they are.
  package func utf8(_ bytes: [UInt8]) -> [UInt8] {
    guard self == .windows1252, let first = bytes.firstIndex(where: { $0 >= 0x80 }) else { return bytes }
    var text = Array(bytes[..<first])
    text.reserveCapacity(bytes.count + (bytes.count - first))
    for byte in bytes[first...] {
      let scalar = (0x80..<0xa0).contains(byte) ? Self.upper[Int(byte) - 0x80] : UInt16(byte)
      switch scalar {
      case 0..<0x80: text.append(byte)
      case 0x80..<0x800:
        text.append(0xc0 | UInt8(truncatingIfNeeded: scalar >> 6))
        text.append(0x80 | UInt8(truncatingIfNeeded: scalar & 0x3f))
      default:
        text.append(0xe0 | UInt8(truncatingIfNeeded: scalar >> 12))
        text.append(0x80 | UInt8(truncatingIfNeeded: scalar >> 6 & 0x3f))
        text.append(0x80 | UInt8(truncatingIfNeeded: scalar & 0x3f))
      }
    }
    return text
  }

  /// 0x80 to 0x9f (https://encoding.spec.whatwg.org/index-windows-1252.txt); five of them are control characters.
  private static let upper: [UInt16] = [
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008d, 0x017d,
    0x008f,
    0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e,
    0x0178,
  ]
}
