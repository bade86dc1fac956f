/// A time as the control plane gives it: microseconds since 1970-01-01 UTC.
package struct Timestamp: Hashable, Comparable, Sendable {
  package var microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }

  package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

  private static let microsecondsPerDay: Int64 = 86_400_000_000

  /// RFC 3339 in UTC with six decimals: the form for scripts, always equally long.
  package var machineText: String { "\(date)T\(time).\(fraction(digits: 6))Z" }

  /// RFC 3339 in UTC with three decimals: the form for people.
  package var text: String { "\(date)T\(time).\(fraction(digits: 3))Z" }

  private var days: Int64 { Self.floorDivide(microseconds, Self.microsecondsPerDay) }
  private var microsecondsOfDay: Int64 { microseconds - days * Self.microsecondsPerDay }

  private var date: String {
    // Days to a civil date: the algorithm of https://howardhinnant.github.io/date_algorithms.html, eras of 400 years.
    let shifted = days + 719_468
    let era = Self.floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))"
  }

  private var time: String {
    let seconds = microsecondsOfDay / 1_000_000
    return "\(Self.padded(seconds / 3600, 2)):\(Self.padded(seconds / 60 % 60, 2)):\(Self.padded(seconds % 60, 2))"
  }

  private func fraction(digits: Int) -> String {
    String(Self.padded(microsecondsOfDay % 1_000_000, 6).prefix(digits))
  }

  private static func padded(_ value: Int64, _ digits: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    value / divisor - (value % divisor < 0 ? 1 : 0)
  }
}

extension Timestamp {
  /// Reads RFC 3339 ("2026-01-02T03:04:05.678Z", "2026-01-02 03:04:05+02:00") or a date alone, which is its midnight in UTC.
  package init?(_ text: some StringProtocol) {
    var rest = Substring(text)[...]
    func number(_ digits: Int) -> Int64? {
      let part = rest.prefix(digits)
      guard part.utf8.count == digits, part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      rest = rest.dropFirst(digits)
      return Int64(part)
    }
    func take(_ characters: String) -> Character? {
      guard let first = rest.first, characters.contains(first) else { return nil }
      rest.removeFirst()
      return first
    }
    guard let year = number(4), take("-") != nil, let month = number(2), take("-") != nil, let day = number(2),
      (1...12).contains(month), (1...Self.daysIn(month: month, of: year)).contains(day)
    else { return nil }
    var microseconds = Self.daysSince1970(year: year, month: month, day: day) * Self.microsecondsPerDay
    if rest.isEmpty {
      self.init(microseconds: microseconds)
      return
    }
    guard take("Tt ") != nil, let hour = number(2), take(":") != nil, let minute = number(2), take(":") != nil,
      let second = number(2), hour < 24, minute < 60, second <= 60
    else { return nil }
    microseconds += (hour * 3600 + minute * 60 + second) * 1_000_000
    if take(".") != nil {
      let digits = rest.prefix { ("0"..."9").contains($0) }
      guard !digits.isEmpty, let fraction = Int64((String(digits) + "00000").prefix(6)) else { return nil }
      microseconds += fraction
      rest = rest[digits.endIndex...]
    }
    guard let zone = take("Zz+-") else { return nil }
    if zone == "+" || zone == "-" {
      guard let hours = number(2), take(":") != nil, let minutes = number(2), hours < 24, minutes < 60 else { return nil }
      let offset = (hours * 60 + minutes) * 60_000_000
      microseconds -= zone == "+" ? offset : -offset
    }
    guard rest.isEmpty else { return nil }
    self.init(microseconds: microseconds)
  }

  private static func daysIn(month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = floorDivide(shiftedYear, 400)
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}

extension Timestamp {
  /// How long ago, in one unit: "now", "12s ago", "5m ago", "3h ago", "2d ago"; the future as "in 5m"; the date beyond 30 days.
  package func relative(to now: Timestamp) -> String {
    let seconds = (now.microseconds - microseconds) / 1_000_000
    let amount: String
    switch seconds.magnitude {
    case 0: return "now"
    case 1..<60: amount = "\(seconds.magnitude)s"
    case 60..<3600: amount = "\(seconds.magnitude / 60)m"
    case 3600..<86_400: amount = "\(seconds.magnitude / 3600)h"
    case 86_400..<(30 * 86_400): amount = "\(seconds.magnitude / 86_400)d"
    default: return date
    }
    return seconds > 0 ? "\(amount) ago" : "in \(amount)"
  }
}
