/// The text that a signature covers, with places for values of the request.
///
/// `{body}` `{ts}` `{method}` `{url}` `{path}` `{target}` `{form_sorted}` `{header:N}` `{headers:N}` `{query:N}` `{json:a.0.b}`
/// `{form:N}`, each also as `{…|lower}`; `{secret}` makes the signature a digest; `[ … ]` is dropped when a value inside is absent or empty; `\` before `{ } [ ] \` makes it literal.
struct SignedTemplate: Hashable, Sendable {
  enum Value: Hashable, Sendable {
    case body
    case timestamp
    case method
    case url
    case path
    /// Path and query.
    case target
    case sortedForm
    /// The header fields that the field of this lower-case name lists: `name:value` with ";" between them.
    case headerList([UInt8])
    /// The secret itself.
    case secret
    case source(ValueSource)
  }

  struct Piece: Hashable, Sendable {
    enum Content: Hashable, Sendable {
      case literal([UInt8])
      case value(Value, isLowercased: Bool)
    }

    var content: Content
    /// Pieces of one optional segment share its number; `nil`: not optional.
    var segment: Int?

    var isSecret: Bool { content == .value(.secret, isLowercased: false) }
  }

  /// What is wrong with a template: one sentence.
  struct SyntaxError: Error {
    let message: String
  }

  /// The most bytes of a template, and so of its pieces.
  static let maximumLength = 4096

  let text: String
  let pieces: [Piece]

  /// `{body}` alone.
  static let body = SignedTemplate(text: "{body}", pieces: [Piece(content: .value(.body, isLowercased: false))])

  private init(text: String, pieces: [Piece]) {
    self.text = text
    self.pieces = pieces
  }

  /// Reads a template.
  init(_ text: String) throws(SyntaxError) {
    guard !text.isEmpty else { throw SyntaxError(message: "The template must not be empty.") }
    guard text.utf8.count <= Self.maximumLength else {
      throw SyntaxError(message: "The template is longer than \(Self.maximumLength) bytes.")
    }
    var pieces: [Piece] = []
    var literal: [UInt8] = []
    var segment: Int?
    var segments = 0
    func endLiteral() {
      if !literal.isEmpty { pieces.append(Piece(content: .literal(literal), segment: segment)) }
      literal = []
    }
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\\"):
        guard let escaped = rest.popFirst() else { throw SyntaxError(message: "A character must follow \"\\\".") }
        literal.append(escaped)
      case UInt8(ascii: "{"):
        guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else { throw SyntaxError(message: "A \"{\" is not closed.") }
        endLiteral()
        pieces.append(Piece(content: try Self.value(String(decoding: rest[..<end], as: UTF8.self)), segment: segment))
        rest = rest[(end + 1)...]
      case UInt8(ascii: "["):
        guard segment == nil else { throw SyntaxError(message: "Optional segments cannot stand inside each other.") }
        endLiteral()
        segments += 1
        segment = segments
      case UInt8(ascii: "]"):
        guard segment != nil else { throw SyntaxError(message: "A \"]\" has no \"[\".") }
        endLiteral()
        segment = nil
      case UInt8(ascii: "}"): throw SyntaxError(message: "A \"}\" has no \"{\".")
      default: literal.append(byte)
      }
    }
    endLiteral()
    guard segment == nil else { throw SyntaxError(message: "A \"[\" is not closed.") }
    let covers = pieces.contains { piece in
      if case .value(let value, _) = piece.content { value != .secret } else { false }
    }
    guard covers else { throw SyntaxError(message: "The template has no value of the request.") }
    guard !pieces.contains(where: { $0.segment != nil && $0.isSecret }) else {
      throw SyntaxError(message: "{secret} is never optional.")
    }
    self.init(text: text, pieces: pieces)
  }

  private static func value(_ text: String) throws(SyntaxError) -> Piece.Content {
    let parts = text.split(separator: "|", omittingEmptySubsequences: false)
    guard parts.count == 1 || (parts.count == 2 && parts[1] == "lower") else {
      throw SyntaxError(message: "Only \"|lower\" can follow a value.")
    }
    let value: Value
    switch parts[0] {
    case "body": value = .body
    case "ts": value = .timestamp
    case "method": value = .method
    case "url": value = .url
    case "path": value = .path
    case "target": value = .target
    case "secret":
      guard parts.count == 1 else { throw SyntaxError(message: "{secret} is signed as it is.") }
      value = .secret
    case "form_sorted": value = .sortedForm
    case let name where name.hasPrefix(Self.headerList):
      guard let field = HeaderNamePattern.lowercased(String(name.dropFirst(Self.headerList.count))) else {
        throw SyntaxError(message: "{headers:NAME} takes the name of a header field.")
      }
      value = .headerList(field)
    default:
      guard let source = ValueSource(String(parts[0])) else {
        throw SyntaxError(message: "\(Spelling.quoted("{\(text)}")) is none of the values a template can have.")
      }
      value = .source(source)
    }
    return .value(value, isLowercased: parts.count == 2)
  }

  private static let headerList = "headers:"

  /// Whether the URL or a part of it is covered.
  var usesURL: Bool { contains(.url) || contains(.path) || contains(.target) }

  /// Whether the secret is a part of the text.
  var usesSecret: Bool { contains(.secret) }

  /// Whether the sender's time is covered.
  var usesTimestamp: Bool { contains(.timestamp) }

  /// Whether the body is covered, always.
  var coversBody: Bool {
    pieces.contains { piece in
      if case .value(.body, _) = piece.content { piece.segment == nil } else { false }
    }
  }

  private func contains(_ wanted: Value) -> Bool {
    pieces.contains { piece in
      if case .value(wanted, _) = piece.content { true } else { false }
    }
  }
}
