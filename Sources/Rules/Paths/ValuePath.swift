/// A path to a value of a request, such as `body.data[0].name`, `headers["x-event"]` or `query.token`.
///
/// ```
/// path  = root step*
/// step  = "." name | "[" index "]" | "[" quoted "]"
/// name  = one or more of letters, digits, "_", "-", "$", "@", ":", and everything outside of ASCII
/// index = digits, or "-" digits: -1 is the last element
/// quoted = "…" or '…', in which \ stands before \, " and '
/// ```
/// A name of digits (`items.0`) is the member "0" of an object and the first element of a list. Names of headers are
/// compared without case.
package struct ValuePath: Hashable, Sendable {
  /// What a path can start with.
  package enum Root: String, CaseIterable, Sendable {
    case method
    case path
    case query
    case headers
    case body
    case ip
    case origin
    case receivedAt = "received_at"
    case trigger
    /// One element of a body that is split; without `split` it has no value.
    case element
    /// The elements of the outer lists that `element` is in, the outermost first: `parents[0].id`.
    case parents

    /// Whether something can be inside of it.
    var hasParts: Bool {
      switch self {
      case .query, .headers, .body, .trigger, .element, .parents: true
      case .method, .path, .ip, .origin, .receivedAt: false
      }
    }

    /// Whether it has a value only where the body is split.
    var isOfElement: Bool { self == .element || self == .parents }
  }

  /// One way down.
  package enum Step: Hashable, Sendable {
    /// A member; `index` when the name is digits without brackets.
    case name([UInt8], index: Int?)
    /// An element; negative positions count from the end.
    case index(Int)
  }

  /// The longest path, in bytes.
  package static let maximumBytes = 1024
  /// The most steps: deeper than any document may be.
  package static let maximumSteps = 130

  /// Where it starts.
  package let root: Root
  /// The way down from there.
  package let steps: [Step]
  /// As it was written, without surrounding space.
  package let text: String

  /// Parses a path; space around it is ignored.
  package init(_ text: some StringProtocol) throws(PathSyntaxError) {
    guard text.utf8.count <= Self.maximumBytes else {
      throw PathSyntaxError(offset: Self.maximumBytes, message: "a path has at most \(Self.maximumBytes) characters.")
    }
    var scanner = PathScanner(Array(text.utf8))
    scanner.skipSpace()
    let start = scanner.position
    self = try ValuePath(scanning: &scanner)
    let end = scanner.position
    scanner.skipSpace()
    guard scanner.isAtEnd else { throw scanner.unexpected(in: "path", after: end > start) }
  }

  /// Reads a path at the scanner's place and stops where it ends.
  init(scanning scanner: inout PathScanner) throws(PathSyntaxError) {
    let start = scanner.position
    guard let name = scanner.name() else {
      throw PathSyntaxError(offset: start, message: "a path starts with \(Self.rootNames).")
    }
    let word = String(decoding: name, as: UTF8.self)
    guard let root = Root(rawValue: word) else {
      throw PathSyntaxError(offset: start, message: Self.unknownRoot(word))
    }
    let steps = try scanner.steps(limit: Self.maximumSteps)
    if let fault = Self.misuse(of: root, steps) {
      throw PathSyntaxError(offset: start + word.utf8.count, message: fault)
    }
    self.root = root
    self.steps = root == .headers ? Self.lowercasingFirst(steps) : steps
    text = scanner.text(from: start)
  }

  private static var rootNames: String { Spelling.alternatives(Root.allCases.map(\.rawValue)) }

  private static func unknownRoot(_ word: String) -> String {
    if word == "flow" || word == "env" || word == "request" {
      let name = word == "request" ? "id" : "name"
      return "\(word) can be used in templates only: {{ \(word).\(name) }}."
    }
    let hint = Spelling.nearest(to: word, in: Root.allCases.map(\.rawValue)).map { " Did you mean \"\($0)\"?" }
    return "a path starts with \(rootNames), not \(Spelling.quoted(word)).\(hint ?? "")"
  }

  private static func misuse(of root: Root, _ steps: [Step]) -> String? {
    if !root.hasParts, !steps.isEmpty { return "\(root.rawValue) is a text; nothing is inside of it." }
    if root == .parents {
      guard case .index? = steps.first else { return "parents has positions: parents[0] is an element of the outermost list." }
      return nil
    }
    guard root != .body, root != .element, let first = steps.first else { return nil }
    guard case .name = first else { return "\(root.rawValue) has names, not positions: \(root.rawValue)[\"name\"]." }
    if root == .trigger {
      if steps.count > 1 { return "trigger.id, trigger.flow and trigger.node are texts; nothing is inside of them." }
      guard case .name(let name, _) = first, TriggerIdentity.parts.contains(String(decoding: name, as: UTF8.self)) else {
        return "trigger has id, flow and node."
      }
      return nil
    }
    if steps.count > 2 { return "a value of \(root.rawValue) is a text, or a list of texts; nothing is deeper." }
    if steps.count == 2, case .name(_, nil) = steps[1] {
      return "a value of \(root.rawValue) is a text, or a list of texts: only a position can follow its name."
    }
    return nil
  }

  private static func lowercasingFirst(_ steps: [Step]) -> [Step] {
    guard case .name(let name, let index)? = steps.first else { return steps }
    let lower = name.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    return [.name(lower, index: index)] + steps.dropFirst()
  }
}

extension ValuePath {
  /// A path of these steps, which lead somewhere from the root.
  init(root: Root, steps: [Step]) {
    self.root = root
    self.steps = steps
    text = root.rawValue + steps.map(\.text).joined()
  }

  /// What this path, which leads into the first element of a list, is seen from any element of it: with `body.entry` as the
  /// list, `body.entry[0].id` is `element.id`. `nil` when it does not lead there.
  package func seenFromElement(of list: ValuePath) -> ValuePath? {
    guard root == list.root, steps.count > list.steps.count, steps.starts(with: list.steps) else { return nil }
    switch steps[list.steps.count] {
    case .index(0), .name(_, index: 0): break
    case .index, .name: return nil
    }
    return ValuePath(root: .element, steps: Array(steps.dropFirst(list.steps.count + 1)))
  }
}

extension ValuePath.Step {
  /// As it can be written.
  var text: String {
    switch self {
    case .index(let position): return "[\(position)]"
    case .name(let name, _):
      let text = String(decoding: name, as: UTF8.self)
      var scanner = PathScanner(name)
      if scanner.name()?.count == name.count { return ".\(text)" }
      return "[\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"]"
    }
  }
}

extension ValuePath: CustomStringConvertible {
  package var description: String { text }
}
