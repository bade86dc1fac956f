/// How a piece of text stands out on a terminal.
package enum Ink: Sendable {
  case plain
  case bold
  case dim
  case red
  case green
  case yellow
  case cyan

  /// The parameter of SGR (ECMA-48 §8.3.117).
  private var parameter: String? {
    switch self {
    case .plain: nil
    case .bold: "1"
    case .dim: "2"
    case .red: "31"
    case .green: "32"
    case .yellow: "33"
    case .cyan: "36"
    }
  }

  /// The text in this ink, or as it is when colours are off.
  package func callAsFunction(_ text: String, on isColoured: Bool) -> String {
    guard isColoured, !text.isEmpty, let parameter else { return text }
    return "\u{1b}[\(parameter)m\(text)\u{1b}[0m"
  }
}
