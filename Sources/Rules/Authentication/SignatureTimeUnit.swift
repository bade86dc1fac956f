/// How a sender writes its time.
enum SignatureTimeUnit: String, Hashable, Sendable, CaseIterable {
  /// Seconds since 1970 UTC.
  case seconds = "s"
  /// Milliseconds since 1970 UTC.
  case milliseconds = "ms"
  /// Either: from `firstMilliseconds` on, milliseconds.
  case auto
  /// RFC 3339 §5.6, such as "2020-01-01T00:00:00-07:00".
  case iso8601
  /// RFC 9110 §5.6.7 (IMF-fixdate), such as "Tue, 15 Nov 1994 08:12:31 GMT".
  case rfc1123

  /// As seconds this would be the year 5138, as milliseconds it is 1973.
  private static let firstMilliseconds: Int64 = 100_000_000_000
  /// More digits than any time in milliseconds has; in microseconds the number still fits `Int64`.
  private static let maximumDigits = 15
  /// The same for seconds.
  private static let maximumSecondDigits = 12

  /// Microseconds since 1970 UTC; `nil` when the text is no time of this form. Numbers are digits only: no sign, point,
  /// exponent or space.
  func microseconds(_ text: [UInt8]) -> Int64? {
    switch self {
    case .seconds: Self.number(text, limit: Self.maximumSecondDigits).map { $0 * 1_000_000 }
    case .milliseconds: Self.number(text).map { $0 * 1000 }
    case .auto: Self.number(text).map { $0 >= Self.firstMilliseconds ? $0 * 1000 : $0 * 1_000_000 }
    case .iso8601: Self.iso8601(text)
    case .rfc1123: Self.rfc1123(text)
    }
  }

  private static func number(_ text: [UInt8], limit: Int = maximumDigits) -> Int64? {
    guard (1...limit).contains(text.count) else { return nil }
    return digits(text[...])
  }

  private static func digits(_ text: ArraySlice<UInt8>) -> Int64? {
    var value: Int64 = 0
    for byte in text {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      value = value * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    return text.isEmpty ? nil : value
  }

  private static func iso8601(_ text: [UInt8]) -> Int64? {
    guard (20...35).contains(text.count), text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
      text[10] | 0x20 == UInt8(ascii: "t"), text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"),
      let year = digits(text[0..<4]), let month = digits(text[5..<7]), let day = digits(text[8..<10]),
      let hour = digits(text[11..<13]), let minute = digits(text[14..<16]), let second = digits(text[17..<19]),
      let seconds = unixSeconds(year, month, day, hour, minute, second)
    else { return nil }
    var rest = text[19...]
    var micros: Int64 = 0
    if rest.first == UInt8(ascii: ".") {
      let fraction = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard (1...9).contains(fraction.count),
        let value = digits((Array(fraction) + Array(repeating: 0x30, count: 6)).prefix(6)[...])
      else { return nil }
      micros = value
      rest = rest.dropFirst(1 + fraction.count)
    }
    guard let offset = zoneSeconds(rest) else { return nil }
    return (seconds - offset) * 1_000_000 + micros
  }

  /// `Z` or `+hh:mm`, in seconds east of UTC.
  private static func zoneSeconds(_ text: ArraySlice<UInt8>) -> Int64? {
    let zone = Array(text)
    if zone.count == 1, zone[0] | 0x20 == UInt8(ascii: "z") { return 0 }
    guard zone.count == 6, zone[3] == UInt8(ascii: ":"), zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-"),
      let hours = digits(zone[1..<3]), let minutes = digits(zone[4..<6]), hours < 24, minutes < 60
    else { return nil }
    return (zone[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 3600 + minutes * 60)
  }

  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
  private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

  private static func rfc1123(_ text: [UInt8]) -> Int64? {
    let parts = String(decoding: text, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
    guard text.count == 29, parts.count == 6, parts[0].hasSuffix(","), days.contains(String(parts[0].dropLast())),
      parts[5] == "GMT",
      parts[1].utf8.count == 2, let day = digits(Array(parts[1].utf8)[...]),
      let month = months.firstIndex(of: String(parts[2])),
      parts[3].utf8.count == 4, let year = digits(Array(parts[3].utf8)[...])
    else { return nil }
    let time = parts[4].split(separator: ":", omittingEmptySubsequences: false)
    guard time.count == 3, time.allSatisfy({ $0.utf8.count == 2 }),
      let hour = digits(Array(time[0].utf8)[...]), let minute = digits(Array(time[1].utf8)[...]),
      let second = digits(Array(time[2].utf8)[...]),
      let seconds = unixSeconds(year, Int64(month) + 1, day, hour, minute, second)
    else { return nil }
    return seconds * 1_000_000
  }

  /// Seconds since 1970 UTC of a date of the Gregorian calendar; `nil` when it does not exist. A leap second is refused.
  private static func unixSeconds(_ year: Int64, _ month: Int64, _ day: Int64, _ hour: Int64, _ minute: Int64, _ second: Int64)
    -> Int64?
  {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard year >= 1970, (1...12).contains(month), (1...lengths[Int(month - 1)]).contains(day), hour < 24, minute < 60, second < 60
    else { return nil }
    // Days since 1970-01-01 by counting in eras of 400 years that start in March (Hinnant, "chrono-compatible algorithms").
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return ((era * 146_097 + dayOfEra - 719_468) * 24 + hour) * 3600 + minute * 60 + second
  }
}
