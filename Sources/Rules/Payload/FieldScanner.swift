/// Reads tokens and quoted strings of a header field (RFC 9110 §5.6).
struct FieldScanner {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  mutating func skipSpace() {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
  }

  mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  mutating func token() -> String? { tokenBytes().map { String(decoding: $0, as: UTF8.self) } }

  mutating func tokenBytes() -> ArraySlice<UInt8>? {
    let start = position
    while position < bytes.count, HTTPToken.isTokenByte(bytes[position]) { position += 1 }
    return position == start ? nil : bytes[start..<position]
  }

  mutating func quotedString() -> String? {
    quotedBytes { _ in true }.map { String(decoding: $0, as: UTF8.self) }
  }

  /// - Parameter isEscapable: Whether a reverse solidus before this byte escapes it; else both stand for themselves.
  mutating func quotedBytes(isEscapable: (UInt8) -> Bool) -> [UInt8]? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    var content: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return content
      case UInt8(ascii: "\\"):
        guard position < bytes.count else { return nil }
        if isEscapable(bytes[position]) {
          content.append(bytes[position])
          position += 1
        } else {
          content.append(byte)
        }
      default: content.append(byte)
      }
    }
    return nil
  }

  /// Without the spaces and tabs around it.
  static func trimmed(_ slice: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var slice = slice
    while slice.first == 0x20 || slice.first == 0x09 { slice.removeFirst() }
    while slice.last == 0x20 || slice.last == 0x09 { slice.removeLast() }
    return slice
  }
}
