/// Instants as text (RFC 3339), without Foundation.
package enum InstantText {
  /// Such as "2026-11-23T19:10:00.000123Z"; microseconds since 1970 UTC, of the years 0001 to 9999.
  package static func rfc3339(microseconds: Int64) -> String {
    let (seconds, fraction) = microseconds.dividingFloor(by: 1_000_000)
    let (days, second) = min(max(seconds, lowest), highest).dividingFloor(by: 86_400)
    let date = civil(days)
    let day = "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
    let time = "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
    return "\(day)T\(time).\(padded(fraction, 6))Z"
  }

  /// Such as "Tue, 15 Nov 1994 08:12:31 GMT" (IMF-fixdate, RFC 9110 §5.6.7); years as above.
  package static func imfFixdate(microseconds: Int64) -> String {
    let seconds = min(max(microseconds.dividingFloor(by: 1_000_000).0, lowest), highest)
    let (days, second) = seconds.dividingFloor(by: 86_400)
    let date = civil(days)
    // 1970-01-01 was a Thursday.
    let weekday = weekdays[Int((days + 4).dividingFloor(by: 7).1)]
    let time = "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
    return "\(weekday), \(padded(date.day, 2)) \(months[Int(date.month - 1)]) \(padded(date.year, 4)) \(time) GMT"
  }

  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  private static let lowest: Int64 = -62_135_596_800
  private static let highest: Int64 = 253_402_300_799

  /// Days since 1970-01-01 to the proleptic Gregorian calendar, by 400-year eras that begin on the first of March.
  private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = (days + 719_468).dividingFloor(by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }

  private static func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}

extension Int64 {
  fileprivate func dividingFloor(by divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
