#if canImport(Glibc)
  import Glibc
#endif

/// A moment as PostgreSQL stores it: microseconds since 1970-01-01 00:00 UTC.
package struct UnixTime: Hashable, Sendable {
  /// Microseconds since 1970-01-01 00:00 UTC; negative before it.
  package var microseconds: Int64

  /// Makes a moment of microseconds since 1970 UTC.
  package init(microseconds: Int64) { self.microseconds = microseconds }

  /// The system clock's present time. For leases and expiry PostgreSQL's own clock decides, not this one.
  package static func now() -> UnixTime {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UnixTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  /// The moment a duration later; the last there is, where 64 bits do not hold it. Peers name times: none may trap.
  package static func + (time: UnixTime, duration: Duration) -> UnixTime {
    let (sum, overflow) = time.microseconds.addingReportingOverflow(duration.wholeMicroseconds)
    return UnixTime(microseconds: overflow ? (time.microseconds < 0 ? .min : .max) : sum)
  }

  /// The moment a duration earlier; the first there is, where 64 bits do not hold it.
  package static func - (time: UnixTime, duration: Duration) -> UnixTime {
    let (difference, overflow) = time.microseconds.subtractingReportingOverflow(duration.wholeMicroseconds)
    return UnixTime(microseconds: overflow ? (time.microseconds < 0 ? .min : .max) : difference)
  }
}

extension UnixTime: Comparable {
  package static func < (left: UnixTime, right: UnixTime) -> Bool { left.microseconds < right.microseconds }
}

extension Duration {
  /// The duration in microseconds, rounded toward zero and cut to what 64 bits hold.
  package var wholeMicroseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000)
    return carried ? (seconds < 0 ? .min : .max) : sum
  }

  /// The duration in milliseconds, rounded toward zero, as `poll` and the settings of PostgreSQL take it.
  package var wholeMilliseconds: Int32 { Int32(clamping: wholeMicroseconds / 1000) }
}
