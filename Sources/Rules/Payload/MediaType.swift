/// A parsed `Content-Type` (RFC 9110 §8.3.1).
package struct MediaType: Hashable, Sendable {
  /// Lower-case, such as "application".
  package let type: String
  /// Lower-case, such as "json" or "vnd.github+json".
  package let subtype: String
  /// Names lower-case; the first of a name counts.
  package let parameters: [String: String]
  /// Whether a name occurs several times: two readers could take different ones.
  package let isAmbiguous: Bool

  /// Parses a field value; `nil` when it is not `type/subtype` with well-formed parameters.
  package init?(_ bytes: [UInt8]) {
    var scanner = FieldScanner(bytes)
    scanner.skipSpace()
    guard let type = scanner.token(), scanner.take(UInt8(ascii: "/")), let subtype = scanner.token() else { return nil }
    var parameters: [String: String] = [:]
    var isAmbiguous = false
    scanner.skipSpace()
    while scanner.take(UInt8(ascii: ";")) {
      scanner.skipSpace()
      // A semicolon with nothing after it is common and harmless (RFC 9110 §5.6.6).
      guard let name = scanner.token() else { continue }
      guard scanner.take(UInt8(ascii: "=")), let value = scanner.token() ?? scanner.quotedString() else { return nil }
      let key = name.lowercased()
      if parameters[key] == nil { parameters[key] = value } else { isAmbiguous = true }
      scanner.skipSpace()
    }
    guard scanner.isAtEnd else { return nil }
    self.type = type.lowercased()
    self.subtype = subtype.lowercased()
    self.parameters = parameters
    self.isAmbiguous = isAmbiguous
  }

  /// "type/subtype" without parameters.
  package var essence: String { "\(type)/\(subtype)" }

  /// `application/json`, `text/json`, or a structured suffix `+json` (RFC 6839 §3.1).
  package var isJSON: Bool {
    subtype.hasSuffix("+json") || (subtype == "json" && (type == "application" || type == "text"))
  }

  /// `application/x-www-form-urlencoded`.
  package var isForm: Bool { type == "application" && subtype == "x-www-form-urlencoded" }

  /// `application/xml`, `text/xml`, or a structured suffix `+xml` (RFC 7303).
  package var isXML: Bool { subtype.hasSuffix("+xml") || (subtype == "xml" && (type == "application" || type == "text")) }

  /// `multipart/form-data`.
  package var isMultipartForm: Bool { type == "multipart" && subtype == "form-data" }

  /// `text/plain`.
  package var isPlainText: Bool { type == "text" && subtype == "plain" }

  /// Whether the character set, if one is named, is UTF-8 or its subset ASCII.
  package var isUTF8: Bool { charset == .some(.utf8) }

  /// The character set that is named, UTF-8 when none is; `nil` when it is one that is not read.
  package var charset: Charset? { parameters["charset"].map { Charset(label: $0) } ?? .utf8 }
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
