/// Sentences put into lines of a terminal, broken between words.
package enum TextWrap {
  /// The lines of one line of text; without a width, or when it fits, the line as it is.
  ///
  /// A word that is wider than the terminal keeps its line to itself, so that it can be copied.
  ///
  /// - Parameters:
  ///   - text: without line breaks; may carry colours.
  ///   - indent: stands before every line but the first, after the spaces that the text itself begins with.
  package static func lines(_ text: String, width: Int?, indent: String = "  ") -> [String] {
    guard let width, visibleWidth(text) > width else { return [text] }
    let margin = String(text.prefix { $0 == " " })
    var lines: [String] = []
    var line = margin
    var used = margin.count
    var isFresh = true
    for word in text.dropFirst(margin.count).split(separator: " ", omittingEmptySubsequences: false) {
      let columns = visibleWidth(word)
      if !isFresh, used + 1 + columns > width {
        lines.append(line)
        line = margin + indent
        used = margin.count + indent.count
        isFresh = true
      }
      if !isFresh {
        line += " "
        used += 1
      }
      line += word
      used += columns
      isFresh = false
    }
    lines.append(line)
    return lines
  }

  /// Columns without those of colours (SGR of ECMA-48), which take none.
  private static func visibleWidth(_ text: some StringProtocol) -> Int {
    guard text.utf8.contains(0x1b) else { return DisplayWidth.of(text) }
    var visible = ""
    var rest = text[...]
    while let escape = rest.firstIndex(of: "\u{1b}") {
      visible += rest[..<escape]
      rest = rest[escape...].drop { $0 != "m" }.dropFirst()
    }
    return DisplayWidth.of(visible + rest)
  }
}
