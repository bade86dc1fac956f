/// A parsed `Content-Type` (RFC 9110 §8.3.1).
package struct MediaType: Hashable, Sendable {
  /// Lower-case, such as "application".
  package let type: String
  /// Lower-case, such as "json" or "vnd.github+json".
  package let subtype: String
  /// Names lower-case; the first of a name counts.
  package let parameters: [String: String]

  /// Parses a field value; `nil` when it is not `type/subtype` with well-formed parameters.
  package init?(_ bytes: [UInt8]) {
    var scanner = FieldScanner(bytes)
    scanner.skipSpace()
    guard let type = scanner.token(), scanner.take(UInt8(ascii: "/")), let subtype = scanner.token() else { return nil }
    var parameters: [String: String] = [:]
    scanner.skipSpace()
    while scanner.take(UInt8(ascii: ";")) {
      scanner.skipSpace()
      // A semicolon with nothing after it is common and harmless (RFC 9110 §5.6.6).
      guard let name = scanner.token() else { continue }
      guard scanner.take(UInt8(ascii: "=")), let value = scanner.token() ?? scanner.quotedString() else { return nil }
      let key = name.lowercased()
      if parameters[key] == nil { parameters[key] = value }
      scanner.skipSpace()
    }
    guard scanner.isAtEnd else { return nil }
    self.type = type.lowercased()
    self.subtype = subtype.lowercased()
    self.parameters = parameters
  }

  /// "type/subtype" without parameters.
  package var essence: String { "\(type)/\(subtype)" }

  /// `application/json`, `text/json`, or a structured suffix `+json` (RFC 6839 §3.1).
  package var isJSON: Bool {
    subtype.hasSuffix("+json") || (subtype == "json" && (type == "application" || type == "text"))
  }

  /// `application/x-www-form-urlencoded`.
  package var isForm: Bool { type == "application" && subtype == "x-www-form-urlencoded" }

  /// `text/plain`.
  package var isPlainText: Bool { type == "text" && subtype == "plain" }

  /// Whether the character set, if one is named, is UTF-8 or its subset ASCII.
  package var isUTF8: Bool {
    guard let charset = parameters["charset"]?.lowercased() else { return true }
    return ["utf-8", "utf8", "us-ascii", "ascii"].contains(charset)
  }
}

/// Reads tokens and quoted strings of a header field (RFC 9110 §5.6).
private struct FieldScanner {
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

  mutating func token() -> String? {
    let start = position
    while position < bytes.count, HTTPToken.isTokenByte(bytes[position]) { position += 1 }
    return position == start ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
  }

  mutating func quotedString() -> String? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    var content: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard position < bytes.count else { return nil }
        content.append(bytes[position])
        position += 1
      default: content.append(byte)
      }
    }
    return nil
  }
}

/// Tokens of HTTP (RFC 9110 §5.6.2): methods, field names, parameter names.
package enum HTTPToken {
  /// Whether a byte may stand in a token.
  package static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"),
      UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
      UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
      true
    default: isLetterOrDigit(byte)
    }
  }

  /// Whether a byte is an ASCII letter or digit.
  package static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: false
    }
  }

  /// Whether the bytes are a token.
  package static func isToken(_ bytes: some Collection<UInt8>) -> Bool { !bytes.isEmpty && bytes.allSatisfy(isTokenByte) }
}
