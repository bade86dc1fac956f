/// Rows under titles, aligned, for people.
package struct Table: Sendable {
  package struct Column: Sendable {
    package enum Alignment: Sendable {
      case left
      case right
    }

    package var title: String
    package var alignment: Alignment
    /// The columns of the terminal that it keeps when the table is too wide; `nil`: it is never cut.
    package var minimumWidth: Int?

    package init(_ title: String, _ alignment: Alignment = .left, cutTo minimumWidth: Int? = nil) {
      self.title = title
      self.alignment = alignment
      self.minimumWidth = minimumWidth
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
    let widths = widths(fitting: width)
    let titles = columns.map { Cell($0.title, .bold) }
    return ([titles] + rows).map { row in
      var line = ""
      for (index, cell) in row.enumerated() where index < columns.count {
        let text = DisplayWidth.truncated(cell.text, to: widths[index])
        let padding = String(repeating: " ", count: max(0, widths[index] - DisplayWidth.of(text)))
        let isLast = index == columns.count - 1
        let inked = cell.ink(text, on: isColoured)
        switch columns[index].alignment {
        case .left: line += isLast ? inked : inked + padding
        case .right: line += padding + inked
        }
        if !isLast { line += String(repeating: " ", count: Self.gap) }
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  /// The widest columns give way first, one by one, until the table fits.
  private func widths(fitting limit: Int?) -> [Int] {
    var widths = columns.indices.map { index in
      rows.reduce(DisplayWidth.of(columns[index].title)) { widest, row in
        index < row.count ? max(widest, DisplayWidth.of(row[index].text)) : widest
      }
    }
    guard let limit else { return widths }
    var excess = widths.reduce(0, +) + Self.gap * max(0, columns.count - 1) - limit
    while excess > 0 {
      let candidates = columns.indices.filter { index in columns[index].minimumWidth.map { widths[index] > $0 } ?? false }
      guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }
}
