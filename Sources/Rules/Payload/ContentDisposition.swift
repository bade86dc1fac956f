/// The `Content-Disposition` of a part of a form (RFC 7578 §4.2).
struct ContentDisposition: Hashable {
  /// Need not be UTF-8.
  let name: [UInt8]
  /// Need not be UTF-8; `nil` for a field.
  let fileName: [UInt8]?

  /// `nil` when it is not `form-data` with one name, or is malformed, or names something twice.
  init?(_ value: [UInt8]) {
    var scanner = FieldScanner(value)
    guard scanner.token()?.lowercased() == "form-data" else { return nil }
    var parameters: [String: [UInt8]] = [:]
    scanner.skipSpace()
    while scanner.take(UInt8(ascii: ";")) {
      scanner.skipSpace()
      guard let parameter = scanner.token()?.lowercased() else { continue }
      guard scanner.take(UInt8(ascii: "=")),
        let value = scanner.tokenBytes().map(Array.init) ?? scanner.quotedBytes(isEscapable: Self.isEscapable),
        parameters.updateValue(value, forKey: parameter) == nil
      else { return nil }
      scanner.skipSpace()
    }
    guard scanner.isAtEnd, let name = parameters["name"] else { return nil }
    self.name = Self.unescaped(name)
    switch (parameters["filename*"].flatMap(Self.extended), parameters["filename"]) {
    // RFC 7578 forbids it, senders use it all the same, and then mean it (RFC 6266 §4.3).
    case (let extended?, _): fileName = extended
    case (nil, let plain?): fileName = Self.unescaped(plain)
    case (nil, nil):
      guard parameters["filename*"] == nil else { return nil }
      fileName = nil
    }
  }

  /// Some browsers send `C:\photos\a.jpg` as it is.
  private static func isEscapable(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") }

  /// What browsers escape, and only that (WHATWG HTML, multipart form data): `"` as %22, CR as %0D, LF as %0A.
  private static func unescaped(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.contains(UInt8(ascii: "%")) else { return bytes }
    var result: [UInt8] = []
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      let next = byte == UInt8(ascii: "%") ? String(decoding: rest.prefix(2), as: UTF8.self).uppercased() : ""
      switch next {
      case "22": result.append(UInt8(ascii: "\""))
      case "0D": result.append(0x0d)
      case "0A": result.append(0x0a)
      default:
        result.append(byte)
        continue
      }
      rest = rest.dropFirst(2)
    }
    return result
  }

  /// `charset'language'percent-encoded` (RFC 8187 §3.2); `nil` when it is malformed or of another charset.
  private static func extended(_ bytes: [UInt8]) -> [UInt8]? {
    let pieces = bytes.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
    guard pieces.count == 3, let charset = Charset(label: String(decoding: pieces[0], as: UTF8.self)) else { return nil }
    var decoded: [UInt8] = []
    var rest = pieces[2]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        decoded.append(byte)
        continue
      }
      guard rest.count >= 2, rest.prefix(2).allSatisfy(isHexDigit),
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else { return nil }
      decoded.append(value)
      rest = rest.dropFirst(2)
    }
    return charset.utf8(decoded)
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): true
    default: false
    }
  }
}
