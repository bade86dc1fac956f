package import HeadgateProto

/// The leaves of a request as a tree, each with the path that a mapping needs.
package struct LeafTree {
  private final class Branch {
    let label: String
    var leaf: Leaf?
    var branches: [Branch] = []

    init(_ label: String) { self.label = label }

    func branch(_ label: String) -> Branch {
      if let last = branches.last, last.label == label { return last }
      if let known = branches.first(where: { $0.label == label }) { return known }
      let new = Branch(label)
      branches.append(new)
      return new
    }
  }

  /// The least columns that a value gets; with less the path goes to a line of its own.
  private static let leastValue = 12

  private let root = Branch("")
  private let width: Int
  private let isColoured: Bool

  /// - Parameter width: columns of a line.
  package init(_ leaves: [Leaf], width: Int, isColoured: Bool) {
    self.width = width
    self.isColoured = isColoured
    for leaf in leaves {
      var branch = root
      for step in PathSteps.of(leaf.path) { branch = branch.branch(step) }
      branch.leaf = leaf
    }
  }

  /// The lines, at most `limit` of them, and how many leaves are not in them.
  package func lines(limit: Int) -> (lines: [String], left: Int) {
    var lines: [String] = []
    var left = 0
    for top in root.branches { write(top, prefix: "", mark: "", limit, &lines, &left) }
    return (lines, left)
  }

  private func write(
    _ branch: Branch, prefix: String, mark: String, _ limit: Int, _ lines: inout [String], _ left: inout Int
  ) {
    if let leaf = branch.leaf {
      if lines.count < limit { lines += text(leaf, branch.label, prefix + mark) } else { left += 1 }
    } else if lines.count < limit {
      lines.append(Ink.dim(prefix + mark, on: isColoured) + Ink.bold(TerminalText.escaped(branch.label), on: isColoured))
    }
    let inner = prefix + (mark.isEmpty ? "" : mark == "└ " ? "  " : "│ ")
    for (index, child) in branch.branches.enumerated() {
      write(child, prefix: inner, mark: index == branch.branches.count - 1 ? "└ " : "├ ", limit, &lines, &left)
    }
  }

  private func text(_ leaf: Leaf, _ label: String, _ prefix: String) -> [String] {
    let label = TerminalText.escaped(label)
    let path = TerminalText.escaped(leaf.path)
    let value = TerminalText.escaped(leaf.value)
    let start = Ink.dim(prefix, on: isColoured) + label + "  "
    let used = DisplayWidth.of(prefix) + DisplayWidth.of(label) + 2
    let room = width - used - DisplayWidth.of(path) - 2
    if room >= min(Self.leastValue, DisplayWidth.of(value)) {
      return [start + ink(leaf)(Self.cut(value, to: room), on: isColoured) + "  " + Ink.cyan(path, on: isColoured)]
    }
    return [
      start + ink(leaf)(Self.cut(value, to: max(Self.leastValue, width - used)), on: isColoured),
      String(repeating: " ", count: DisplayWidth.of(prefix)) + Ink.cyan(path, on: isColoured),
    ]
  }

  private func ink(_ leaf: Leaf) -> Ink {
    switch leaf.type {
    case "string": .green
    case "number", "boolean": .yellow
    default: .dim
    }
  }

  private static func cut(_ text: String, to width: Int) -> String {
    guard DisplayWidth.of(text) > width else { return text }
    var kept = ""
    var columns = 0
    for character in text {
      columns += DisplayWidth.of(character)
      if columns > width - 1 { break }
      kept.append(character)
    }
    return kept + "…"
  }
}
