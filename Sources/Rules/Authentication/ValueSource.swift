/// A single value of a request that a scheme or handshake refers to: `header:NAME`, `query:NAME`, `json:a.0.b`, `form:NAME`.
enum ValueSource: Hashable, Sendable {
  /// A header field; lower-case name.
  case header([UInt8])
  /// A query parameter; decoded name.
  case query([UInt8])
  /// A value in a JSON body.
  case json(DottedPath)
  /// A field of a form body; decoded name.
  case form([UInt8])

  /// Reads the text form; `nil` when it is none.
  init?(_ text: String) {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    let name = String(text[text.index(after: colon)...])
    guard !name.isEmpty else { return nil }
    switch text[..<colon] {
    case "header":
      guard let lower = HeaderNamePattern.lowercased(name) else { return nil }
      self = .header(lower)
    case "query": self = .query(Array(name.utf8))
    case "json":
      guard let path = DottedPath(name) else { return nil }
      self = .json(path)
    case "form": self = .form(Array(name.utf8))
    default: return nil
    }
  }

  /// The text form.
  var text: String {
    switch self {
    case .header(let name): "header:" + String(decoding: name, as: UTF8.self)
    case .query(let name): "query:" + String(decoding: name, as: UTF8.self)
    case .json(let path): "json:" + path.text
    case .form(let name): "form:" + String(decoding: name, as: UTF8.self)
    }
  }

  /// The same place in the language of payload paths.
  var payloadPath: String {
    switch self {
    case .header(let name): "headers" + Self.quoted(name)
    case .query(let name): "query" + Self.step(name)
    case .json(let path):
      "body" + path.segments.map { Self.isIndex($0) ? "[\(String(decoding: $0, as: UTF8.self))]" : Self.step($0) }.joined()
    case .form(let name): "body" + Self.step(name)
    }
  }

  /// `.name`, or `["odd name"]` where the name is none that a path can have bare.
  private static func step(_ name: [UInt8]) -> String {
    let isPlain = name.enumerated().allSatisfy { position, byte in
      byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        || (position > 0 && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte))
    }
    return isPlain ? "." + String(decoding: name, as: UTF8.self) : quoted(name)
  }

  private static func quoted(_ name: [UInt8]) -> String {
    let text = String(decoding: name, as: UTF8.self).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "[\"\(text)\"]"
  }

  private static func isIndex(_ segment: [UInt8]) -> Bool {
    segment.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}

/// A way into a JSON body: names and positions with dots between them, such as "entry.0.id".
struct DottedPath: Hashable, Sendable {
  /// Steps that one path may have.
  static let maximumDepth = 32

  let segments: [[UInt8]]

  /// Reads a path; `nil` for empty steps and for more than `maximumDepth`.
  init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
    guard !parts.contains([]), parts.count <= Self.maximumDepth else { return nil }
    segments = parts
  }

  /// The text form.
  var text: String { segments.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ".") }
}

/// The name of a header field, or all names with a beginning.
struct HeaderNamePattern: Hashable, Sendable {
  /// Lower-case.
  let name: [UInt8]
  /// Whether any name that starts with `name` is meant.
  let isPrefix: Bool

  /// Reads `x-name` or `x-name-*`; `nil` when the name is no field name (RFC 9110 §5.1).
  init?(_ text: String) {
    let isPrefix = text.hasSuffix("*")
    guard let name = Self.lowercased(isPrefix ? String(text.dropLast()) : text) else { return nil }
    self.name = name
    self.isPrefix = isPrefix
  }

  /// The text form.
  var text: String { String(decoding: name, as: UTF8.self) + (isPrefix ? "*" : "") }

  func matches(_ other: [UInt8]) -> Bool {
    // The lengths first: nearly all fields of a request are other ones.
    isPrefix ? other.count >= name.count && other.starts(with: name) : other.count == name.count && other == name
  }

  /// The field name in lower case; `nil` when it is none.
  static func lowercased(_ name: String) -> [UInt8]? {
    guard !name.isEmpty, name.utf8.allSatisfy(HTTPToken.isTokenByte) else { return nil }
    return Array(name.lowercased().utf8)
  }
}
