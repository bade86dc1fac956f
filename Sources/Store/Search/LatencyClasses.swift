#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Counts by class of a time: class n holds times around e^(n/32) microseconds, so that a quantile is within 3 %.
struct LatencyClasses: Hashable, Sendable {
  private var counts: [Int32: Int64] = [:]

  mutating func add(_ count: Int64, of latencyClass: Int32) { counts[latencyClass, default: 0] += count }

  /// The time in microseconds that this share of all is not longer than; 0: there are none.
  func quantile(_ share: Double) -> Double {
    let total = counts.values.reduce(0, +)
    guard total > 0 else { return 0 }
    let wanted = max(1, Int64((Double(total) * share).rounded(.up)))
    var seen: Int64 = 0
    for (latencyClass, count) in counts.sorted(by: { $0.key < $1.key }) {
      seen += count
      if seen >= wanted { return exp(Double(latencyClass) / 32) }
    }
    return 0
  }
}
