/// Text with `{{ path }}` and `{{ path ?? path ?? "fallback" }}` in it.
///
/// In the braces stand alternatives: the first that has a value counts; `null` is no value. Besides the request's paths
/// they are `flow.<constant>`, `env.<variable>`, `request.id` and texts in quotation marks. A literal `{{` is written `{{ "{{" }}`.
package struct Template: Hashable, Sendable {
  /// One alternative of an expression.
  package enum Alternative: Hashable, Sendable {
    case path(ValuePath)
    /// A constant of the flow.
    case constant(String)
    /// A variable of the workspace.
    case environment(String)
    /// The request's id; in the answer to a repeated delivery that of the first one.
    case requestID
    case literal([UInt8])
  }

  /// A piece of the template.
  package enum Segment: Hashable, Sendable {
    case text([UInt8])
    /// At least one alternative. `offset`: of its `{{` in the text.
    case expression([Alternative], offset: Int)
  }

  /// The longest template, in bytes.
  package static let maximumBytes = 8192
  /// The most alternatives of an expression.
  package static let maximumAlternatives = 16

  /// Neighbouring texts are one.
  package let segments: [Segment]
  /// As it was written.
  package let text: String

  /// Whether a text has something to fill in.
  package static func isTemplate(_ text: some StringProtocol) -> Bool {
    var previous: UInt8 = 0
    for byte in text.utf8 {
      if byte == UInt8(ascii: "{"), previous == byte { return true }
      previous = byte
    }
    return false
  }

  /// Parses a template. A text without `{{` is one too.
  package init(_ text: some StringProtocol) throws(PathSyntaxError) {
    let bytes = Array(text.utf8)
    guard bytes.count <= Self.maximumBytes else {
      throw PathSyntaxError(offset: Self.maximumBytes, message: "a template has at most \(Self.maximumBytes) characters.")
    }
    var segments: [Segment] = []
    var plain: [UInt8] = []
    var position = 0
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: "{"), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "{") else {
        plain.append(bytes[position])
        position += 1
        continue
      }
      if !plain.isEmpty { segments.append(.text(plain)) }
      plain = []
      var scanner = PathScanner(bytes, from: position + 2)
      segments.append(.expression(try Self.alternatives(&scanner, opening: position), offset: position))
      position = scanner.position
    }
    if !plain.isEmpty { segments.append(.text(plain)) }
    self.segments = segments
    self.text = String(text)
  }

  private static func alternatives(_ scanner: inout PathScanner, opening: Int) throws(PathSyntaxError) -> [Alternative] {
    var alternatives: [Alternative] = []
    repeat {
      scanner.skipSpace()
      guard !scanner.isAtEnd else { throw unclosed(opening) }
      guard alternatives.count < maximumAlternatives else {
        throw PathSyntaxError(offset: scanner.position, message: "there are at most \(maximumAlternatives) alternatives.")
      }
      alternatives.append(try alternative(&scanner))
      scanner.skipSpace()
    } while scanner.take("??")
    guard scanner.take("}}") else {
      if scanner.isAtEnd { throw unclosed(opening) }
      throw PathSyntaxError(offset: scanner.position, message: "\"??\" or \"}}\" is expected here.")
    }
    return alternatives
  }

  private static func unclosed(_ opening: Int) -> PathSyntaxError {
    PathSyntaxError(offset: opening, message: "\"{{\" is not closed by \"}}\".")
  }

  private static func alternative(_ scanner: inout PathScanner) throws(PathSyntaxError) -> Alternative {
    if let literal = try scanner.quoted() { return .literal(literal) }
    let start = scanner.position
    var ahead = scanner
    let root = ahead.name().map { String(decoding: $0, as: UTF8.self) }
    guard root == "flow" || root == "env" || root == "request" else { return .path(try ValuePath(scanning: &scanner)) }
    let steps = try ahead.steps(limit: ValuePath.maximumSteps)
    guard steps.count == 1, case .name(let bytes, _) = steps[0] else {
      throw PathSyntaxError(offset: start, message: "\(root ?? "") is followed by one name: \(root ?? "").name.")
    }
    let name = String(decoding: bytes, as: UTF8.self)
    guard root != "request" || name == "id" else {
      throw PathSyntaxError(offset: start, message: "request has an id and nothing else: request.id.")
    }
    scanner = ahead
    if root == "request" { return .requestID }
    return root == "flow" ? .constant(name) : .environment(name)
  }

  /// The names of the constants that it uses, in order.
  package var constants: [String] {
    alternatives.compactMap { if case .constant(let name) = $0 { name } else { nil } }
  }

  /// The names of the workspace's variables that it uses, in order.
  package var environmentNames: [String] {
    alternatives.compactMap { if case .environment(let name) = $0 { name } else { nil } }
  }

  /// Whether it looks into an element of a body that is split.
  package var usesElement: Bool {
    alternatives.contains { if case .path(let path) = $0 { path.root.isOfElement } else { false } }
  }

  private var alternatives: [Alternative] {
    segments.flatMap { segment -> [Alternative] in
      if case .expression(let alternatives, _) = segment { alternatives } else { [] }
    }
  }
}

extension Template: CustomStringConvertible {
  package var description: String { text }
}
