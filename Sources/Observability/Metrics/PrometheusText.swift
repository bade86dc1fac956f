/// The pieces of Prometheus' text format.
enum PrometheusText {
  /// A metric's name: characters that are not allowed in one become "_".
  static func name(_ text: String) -> String { sanitized(text, allowsColon: true) }

  /// `a="1",b="2"`, in the order of the names; empty without labels.
  static func labels(_ labels: [(String, String)]) -> String {
    labels.sorted { $0.0 < $1.0 }.map { "\(sanitized($0.0, allowsColon: false))=\"\(escapedValue($0.1))\"" }.joined(
      separator: ",")
  }

  /// A sample's name and labels, with one more label where the format needs it (`le`).
  static func sample(_ name: String, _ labels: String, _ extra: String = "") -> String {
    if labels.isEmpty, extra.isEmpty { return name }
    return "\(name){\(labels)\(labels.isEmpty || extra.isEmpty ? "" : ",")\(extra)}"
  }

  /// Whole numbers without a fraction.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return Int64(exactly: value).map(String.init) ?? "\(value)"
  }

  static func escapedHelp(_ text: String) -> String { escaped(text, quotes: false) }

  private static func escapedValue(_ text: String) -> String { escaped(text, quotes: true) }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func sanitized(_ text: String, allowsColon: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
      case ":" where allowsColon: result.unicodeScalars.append(scalar)
      case "0"..."9" where !result.isEmpty: result.unicodeScalars.append(scalar)
      default: result += "_"
      }
    }
    return result.isEmpty ? "_" : result
  }
}
