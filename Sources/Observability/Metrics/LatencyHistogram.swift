/// How long something took, many times, for percentiles since the start: a record costs one atomic addition.
///
/// Eight classes for each power of two of microseconds, so a percentile is at most an eighth off. Takes 2.2 KB.
package final class LatencyHistogram: Sendable {
  /// Longer times count as about this long: 2^36 µs, 19 hours.
  private static let highestPower = 36
  private static let classesPerPower = 8

  private let counts = AtomicCounts((highestPower - 2) * classesPerPower + classesPerPower)

  package init() {}

  /// Counts one. Negative times, which a clock that is set back can make, count as none.
  package func record(microseconds: Int64) { counts.increment(Self.index(of: UInt64(clamping: microseconds))) }

  /// Counts one.
  package func record(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    record(microseconds: seconds.multipliedReportingOverflow(by: 1_000_000).partialValue &+ attoseconds / 1_000_000_000_000)
  }

  /// The time, in microseconds, that the given share of all was no longer than; `nil` while nothing was recorded.
  ///
  /// - Parameter share: 0.5 for the median, 0.99 for p99.
  package func quantile(_ share: Double) -> UInt64? {
    let values = counts.values
    let total = values.reduce(0, +)
    guard total > 0 else { return nil }
    let rank = max(1, UInt64((Double(total) * share).rounded(.up)))
    var seen: UInt64 = 0
    for (index, count) in values.enumerated() {
      seen += count
      if seen >= rank { return Self.upperBound(of: index) }
    }
    return Self.upperBound(of: values.count - 1)
  }

  private static func index(of microseconds: UInt64) -> Int {
    let value = min(microseconds, (1 << (highestPower + 1)) - 1)
    if value < classesPerPower { return Int(value) }
    let power = UInt64.bitWidth - 1 - value.leadingZeroBitCount
    return (power - 2) * classesPerPower + Int(value >> (power - 3)) % classesPerPower
  }

  /// The longest time of a class, in microseconds.
  private static func upperBound(of index: Int) -> UInt64 {
    if index < classesPerPower { return UInt64(index) }
    let power = index / classesPerPower + 2
    let least = UInt64(classesPerPower + index % classesPerPower) << (power - 3)
    return least + (1 << (power - 3)) - 1
  }
}
