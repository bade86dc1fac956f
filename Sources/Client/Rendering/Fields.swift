/// Names and values under each other, for one object.
package struct Fields: Sendable {
  private var entries: [(name: String, value: String, ink: Ink)] = []

  package init() {}

  /// Adds a line. The value may come from outside; it is escaped here.
  package mutating func add(_ name: String, _ value: String, _ ink: Ink = .plain) {
    entries.append((name, TerminalText.escaped(value), ink))
  }

  /// Adds a line when there is a value.
  package mutating func addIfAny(_ name: String, _ value: String) {
    if !value.isEmpty { add(name, value) }
  }

  /// The lines, values aligned, without line breaks.
  ///
  /// - Parameter limit: what a line must fit into; its value is cut then. `nil`: nothing is cut.
  package func lines(cutTo limit: Int? = nil, isColoured: Bool = false) -> [String] {
    let width = entries.reduce(0) { max($0, DisplayWidth.of($1.name)) }
    return entries.map { entry in
      let padding = String(repeating: " ", count: width - DisplayWidth.of(entry.name) + 2)
      let value = limit.map { DisplayWidth.truncated(entry.value, to: max(1, $0 - width - 2)) } ?? entry.value
      return Ink.dim(entry.name, on: isColoured) + padding + entry.ink(value, on: isColoured)
    }
  }
}
