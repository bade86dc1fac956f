#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A moment of the wall clock, in microseconds since 1970-01-01 UTC.
package struct WallTime: Hashable, Sendable, Comparable {
  package var microseconds: Int64

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  /// The system's real-time clock.
  package static var now: WallTime {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return WallTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  package static func < (left: WallTime, right: WallTime) -> Bool { left.microseconds < right.microseconds }

  /// Year, month 1 to 12, day 1 to 31 (proleptic Gregorian, UTC), day of the week (0 is Sunday), and seconds of the day.
  package var components: (year: Int, month: Int, day: Int, weekday: Int, second: Int) {
    let seconds = Int(microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000)
    let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    // Days to a civil date by eras of 400 years that start on 1 March.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, ((days + 4) % 7 + 7) % 7,
      seconds - days * 86_400
    )
  }

  /// The form of HTTP's Date header, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
  package var httpDate: String {
    let part = components
    let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][part.weekday]
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][part.month - 1]
    return
      "\(weekday), \(two(part.day)) \(month) \(part.year) \(two(part.second / 3600)):\(two(part.second / 60 % 60)):\(two(part.second % 60)) GMT"
  }

  private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension WallTime: CustomStringConvertible {
  /// ISO 8601 in UTC with milliseconds: `2026-11-23T19:15:52.123Z`.
  package var description: String {
    let part = components
    let milliseconds = Int(((microseconds % 1_000_000 + 1_000_000) % 1_000_000) / 1000)
    let fraction = String(repeating: "0", count: milliseconds < 10 ? 2 : milliseconds < 100 ? 1 : 0) + "\(milliseconds)"
    return
      "\(part.year)-\(two(part.month))-\(two(part.day))T\(two(part.second / 3600)):\(two(part.second / 60 % 60)):\(two(part.second % 60)).\(fraction)Z"
  }
}
