/// The path of a list in the body, perhaps in each element of another list: `body.items`, `body.entry[].changes`.
///
/// ```
/// split = path ("[]" step*)* "[]"?
/// ```
/// `[]` stands for each element of the list that leads to it. At the end it says nothing more than the list does: what is
/// meant are its elements. In a list of lists `body.rows[][]` are the elements of the inner ones.
package struct SplitPath: Hashable, Sendable {
  /// The most lists in each other.
  package static let maximumLevels = 4

  /// The path of the outermost list in the body, then of each inner one in an element of the one before.
  let levels: [ValuePath]

  /// Parses a path; space around it is ignored.
  package init(_ text: some StringProtocol) throws(PathSyntaxError) {
    guard text.utf8.count <= ValuePath.maximumBytes else {
      throw PathSyntaxError(
        offset: ValuePath.maximumBytes, message: "a path has at most \(ValuePath.maximumBytes) characters.")
    }
    var scanner = PathScanner(Array(text.utf8))
    scanner.stopsAtEach = true
    scanner.skipSpace()
    let start = scanner.position
    var levels = [try ValuePath(scanning: &scanner)]
    guard levels[0].root == .body else {
      throw PathSyntaxError(offset: start, message: "the path of a list in the body is expected, such as body.items.")
    }
    while scanner.take("[]"), !scanner.isAtEnd, scanner.next != 0x20 {
      let position = scanner.position
      guard levels.count < Self.maximumLevels else {
        throw PathSyntaxError(offset: position, message: "at most \(Self.maximumLevels) lists can be in each other.")
      }
      let steps = try scanner.steps(limit: ValuePath.maximumSteps)
      guard !steps.isEmpty || scanner.next == UInt8(ascii: "[") else {
        throw scanner.unexpected(in: "path", after: true)
      }
      levels.append(ValuePath(root: .element, steps: steps))
    }
    scanner.skipSpace()
    guard scanner.isAtEnd else { throw scanner.unexpected(in: "path", after: true) }
    self.levels = levels
  }

  /// The path in its one form, which leaves out a "[]" at its end that says nothing.
  package var text: String {
    let inner = levels.dropFirst().map { "[]" + $0.steps.map(\.text).joined() }.joined()
    return levels[0].text + inner + (levels.count > 1 && levels.last?.steps.isEmpty == true ? "[]" : "")
  }

  /// What a path that leads into the first elements of the lists is, seen from any element: with `body.entry[].changes`,
  /// `body.entry[0].changes[0].field` is `element.field` and `body.entry[0].id` is `parents[0].id`. Others stay as they are.
  func seenFromElement(_ path: ValuePath) -> ValuePath {
    var seen = path
    for (index, list) in levels.enumerated() {
      if let inner = seen.seenFromElement(of: list) {
        seen = inner
      } else {
        return index == 0 ? path : ValuePath(root: .parents, steps: [.index(index - 1)] + seen.steps)
      }
    }
    return seen
  }
}

extension SplitPath: CustomStringConvertible {
  package var description: String { text }
}
