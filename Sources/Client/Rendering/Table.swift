/// Rows under titles, aligned, for people.
package struct Table: Sendable {
  package struct Column: Sendable {
    package enum Alignment: Sendable {
      case left
      case right
    }

    /// What becomes of a column when the table is too wide even with all columns at their smallest widths.
    package enum Fallback: Hashable, Sendable {
      /// It stays, and lines are longer.
      case stays
      /// It is left out; the lowest rank goes first.
      case leftOut(rank: Int)
      /// It is never cut: it gets a line of its own below each row as soon as anything would have to be cut.
      case ownLine
    }

    package var title: String
    package var alignment: Alignment
    /// The columns of the terminal that it keeps when the table is too wide; `nil`: it is never cut.
    package var minimumWidth: Int?
    package var fallback: Fallback

    package init(
      _ title: String, _ alignment: Alignment = .left, cutTo minimumWidth: Int? = nil, fallback: Fallback = .stays
    ) {
      self.title = title
      self.alignment = alignment
      self.minimumWidth = minimumWidth
      self.fallback = fallback
    }
  }

  package struct Cell: Sendable, ExpressibleByStringLiteral {
    package var text: String
    package var ink: Ink

    /// - Parameter text: may come from outside; it is escaped here.
    package init(_ text: String, _ ink: Ink = .plain) {
      self.text = TerminalText.escaped(text)
      self.ink = ink
    }

    /// - Parameter bytes: need not be UTF-8.
    package init(_ bytes: [UInt8], _ ink: Ink = .plain) {
      text = TerminalText.escaped(bytes)
      self.ink = ink
    }

    package init(stringLiteral value: String) { self.init(value) }
  }

  /// Spaces between two columns.
  private static let gap = 2
  /// Before what stands on a line of its own.
  private static let indentation = "  "

  package var columns: [Column]
  package var rows: [[Cell]]

  package init(_ columns: [Column], rows: [[Cell]] = []) {
    self.columns = columns
    self.rows = rows
  }

  /// The lines of the table, titles first, without line breaks.
  ///
  /// - Parameters:
  ///   - width: what the lines must fit into; `nil`: nothing is cut. When even the smallest widths do not fit, lines are longer.
  ///   - isColoured: whether inks are written.
  package func lines(width: Int?, isColoured: Bool = false) -> [String] {
    let layout = layout(fitting: width)
    let titles = columns.map { Cell($0.title, .bold) }
    return ([titles] + rows).flatMap { row in
      [line(of: row, layout, isColoured)]
        + layout.below.filter { $0 < row.count }.map { Self.indentation + row[$0].ink(row[$0].text, on: isColoured) }
    }
  }

  private func line(of row: [Cell], _ layout: Layout, _ isColoured: Bool) -> String {
    var line = ""
    for (index, width) in zip(layout.shown, layout.widths) where index < row.count {
      let text = DisplayWidth.truncated(row[index].text, to: width)
      let padding = String(repeating: " ", count: max(0, width - DisplayWidth.of(text)))
      let isLast = index == layout.shown.last
      let inked = row[index].ink(text, on: isColoured)
      switch columns[index].alignment {
      case .left: line += isLast ? inked : inked + padding
      case .right: line += padding + inked
      }
      if !isLast { line += String(repeating: " ", count: Self.gap) }
    }
    while line.last == " " { line.removeLast() }
    return line
  }

  // MARK: - Widths

  /// Which columns stand where.
  private struct Layout {
    /// Indices of the columns in a row.
    var shown: [Int]
    /// Of each column in `shown`.
    var widths: [Int]
    /// Indices of the columns on lines of their own.
    var below: [Int] = []

    var total: Int { widths.reduce(0, +) + Table.gap * max(0, widths.count - 1) }

    mutating func remove(_ column: Int) {
      guard let position = shown.firstIndex(of: column) else { return }
      shown.remove(at: position)
      widths.remove(at: position)
    }
  }

  private func layout(fitting limit: Int?) -> Layout {
    var layout = Layout(shown: Array(columns.indices), widths: columns.indices.map(naturalWidth))
    guard let limit, layout.total > limit else { return layout }
    for index in columns.indices where columns[index].fallback == .ownLine {
      layout.remove(index)
      layout.below.append(index)
    }
    for index in columns.indices.filter({ rank(of: $0) != nil }).sorted(by: { rank(of: $0) ?? 0 < rank(of: $1) ?? 0 })
    where smallestTotal(layout) > limit {
      layout.remove(index)
    }
    shrink(&layout, to: limit)
    return layout
  }

  private func naturalWidth(_ column: Int) -> Int {
    rows.reduce(DisplayWidth.of(columns[column].title)) { widest, row in
      column < row.count ? max(widest, DisplayWidth.of(row[column].text)) : widest
    }
  }

  private func rank(of column: Int) -> Int? {
    if case .leftOut(let rank) = columns[column].fallback { rank } else { nil }
  }

  /// The width of a row with every column cut as far as it may be.
  private func smallestTotal(_ layout: Layout) -> Int {
    var smallest = layout
    smallest.widths = zip(layout.shown, layout.widths).map { min($1, columns[$0].minimumWidth ?? $1) }
    return smallest.total
  }

  /// The widest columns give way first, one by one, until the table fits.
  private func shrink(_ layout: inout Layout, to limit: Int) {
    while layout.total > limit {
      let candidates = layout.shown.indices.filter { position in
        columns[layout.shown[position]].minimumWidth.map { layout.widths[position] > $0 } ?? false
      }
      guard let widest = candidates.max(by: { layout.widths[$0] < layout.widths[$1] }) else { return }
      layout.widths[widest] -= 1
    }
  }
}
