internal import JSON

/// Spans of time in a flow file: a number and a unit, such as "4.5s", "500ms", "10m", "12h", "7d".
enum DurationText {
  /// Milliseconds of the units, longest first; "ms" before "m" and "s", which it ends with and begins with.
  private static let units: [(name: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("ms", 1), ("m", 60_000), ("s", 1000),
  ]

  /// Reads a text, to the millisecond; `nil` when it is none.
  static func parse(_ text: String) -> Duration? {
    guard let unit = units.first(where: { text.hasSuffix($0.name) }) else { return nil }
    let number = text.utf8.dropLast(unit.name.utf8.count)
    let parts = number.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first.flatMap(digits) else { return nil }
    var milliseconds = whole.multipliedReportingOverflow(by: unit.milliseconds)
    guard !milliseconds.overflow else { return nil }
    if parts.count == 2 {
      guard let fraction = digits(parts[1]) else { return nil }
      let scale = (0..<parts[1].count).reduce(Int64(1)) { scale, _ in scale * 10 }
      let scaled = fraction * unit.milliseconds
      guard scaled % scale == 0 else { return nil }
      milliseconds = milliseconds.partialValue.addingReportingOverflow(scaled / scale)
      guard !milliseconds.overflow else { return nil }
    }
    return .milliseconds(milliseconds.partialValue)
  }

  /// Writes it with the longest unit that leaves a whole number, or as seconds with a fraction.
  static func text(_ duration: Duration) -> String {
    let milliseconds = duration.wholeMilliseconds
    for unit in units where unit.milliseconds >= 1000 && milliseconds % unit.milliseconds == 0 && milliseconds > 0 {
      return "\(milliseconds / unit.milliseconds)\(unit.name)"
    }
    var fraction = String(milliseconds % 1000 + 1000).dropFirst()
    while fraction.last == "0" { fraction = fraction.dropLast() }
    return milliseconds < 1000 ? "\(milliseconds)ms" : "\(milliseconds / 1000).\(fraction)s"
  }

  /// One to nine digits.
  private static func digits(_ text: some Collection<UInt8>) -> Int64? {
    guard (1...9).contains(text.count), text.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      return nil
    }
    return text.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
  }

  /// Reads a field.
  static func parse(
    _ fields: FieldReader, _ name: String, in range: ClosedRange<Duration>, example: String, faults: inout [ConfigurationFault]
  ) -> Duration? {
    guard let value = fields.value(name) else { return nil }
    guard let duration = value.string.flatMap(parse) else {
      let message = "A number and a unit (ms, s, m, h, d) are expected, such as \(example)."
      faults.append(fields.fault(name, value.string == nil ? .wrongType : .invalidValue, message))
      return nil
    }
    guard range.contains(duration) else {
      let message = "A time from \(text(range.lowerBound)) to \(text(range.upperBound)) is expected."
      faults.append(fields.fault(name, .invalidValue, message))
      return nil
    }
    return duration
  }
}

extension Duration {
  /// Whole milliseconds, cut.
  package var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }
}
