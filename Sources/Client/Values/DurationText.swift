/// Durations as people write them: "90s", "30m", "24h", "7d", "1h30m", "500ms".
package enum DurationText {
  /// What error messages give as examples.
  package static let examples = "90s, 30m, 24h, 7d or 1h30m"

  private static let units: [(name: String, microseconds: Int64)] = [
    ("ms", 1000), ("us", 1), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000),
    ("w", 604_800_000_000),
  ]

  /// Reads a duration; "0" needs no unit. `nil` for anything else, negative ones and more than Int64 microseconds.
  package static func parse(_ text: some StringProtocol) -> Duration? {
    if text == "0" { return .zero }
    var rest = Substring(text)
    var total: Int64 = 0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { ("0"..."9").contains($0) }
      guard !digits.isEmpty, let amount = Int64(digits) else { return nil }
      rest = rest[digits.endIndex...]
      let name = rest.prefix { $0.isLetter }
      guard let unit = units.first(where: { $0.name == name }) else { return nil }
      rest = rest[name.endIndex...]
      let (product, productOverflow) = amount.multipliedReportingOverflow(by: unit.microseconds)
      let (sum, sumOverflow) = total.addingReportingOverflow(product)
      guard !productOverflow, !sumOverflow else { return nil }
      total = sum
    }
    return .microseconds(total)
  }

  /// A duration in its two largest units: "1h 30m", "12.3s", "45ms".
  package static func text(microseconds: Int64) -> String {
    switch microseconds {
    case ..<1000: "\(microseconds)µs"
    case ..<1_000_000: "\(microseconds / 1000)ms"
    case ..<60_000_000: "\(microseconds / 1_000_000).\(microseconds / 100_000 % 10)s"
    case ..<3_600_000_000: "\(microseconds / 60_000_000)m \(microseconds / 1_000_000 % 60)s"
    case ..<86_400_000_000: "\(microseconds / 3_600_000_000)h \(microseconds / 60_000_000 % 60)m"
    default: "\(microseconds / 86_400_000_000)d \(microseconds / 3_600_000_000 % 24)h"
    }
  }
}

extension Duration {
  /// Whole microseconds.
  package var microseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }
}
