/// The two text forms of addresses, read and written.
enum IPAddressText {
  /// Four decimal numbers of 0 to 255 without leading zeros, and nothing else.
  static func parseIPv4(_ text: some Collection<UInt8>) -> UInt32? {
    var address: UInt32 = 0
    var part: UInt32 = 0
    var digits = 0
    var dots = 0
    for byte in text {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if digits > 0, part == 0 { return nil }
        part = part * 10 + UInt32(byte - UInt8(ascii: "0"))
        digits += 1
        guard part <= 255 else { return nil }
      case UInt8(ascii: "."):
        guard digits > 0, dots < 3 else { return nil }
        address = address << 8 | part
        (part, digits, dots) = (0, 0, dots + 1)
      default:
        return nil
      }
    }
    guard digits > 0, dots == 3 else { return nil }
    return address << 8 | part
  }

  /// RFC 4291 §2.2: eight groups, one run of zeros as "::", the last two groups perhaps as an IPv4 address.
  static func parseIPv6(_ text: some Collection<UInt8>) -> UInt128? {
    /// Groups before and after "::".
    var head: UInt128 = 0
    var tail: UInt128 = 0
    var headCount = 0
    var tailCount = 0
    var isAfterGap = false

    func append(_ group: UInt128) {
      if isAfterGap {
        tail = tail << 16 | group
        tailCount += 1
      } else {
        head = head << 16 | group
        headCount += 1
      }
    }

    var rest = text[...]
    if rest.starts(with: gap) {
      isAfterGap = true
      rest = rest.dropFirst(2)
    }
    while !rest.isEmpty {
      let group = rest.prefix { $0 != UInt8(ascii: ":") }
      let isLast = group.endIndex == rest.endIndex
      if isLast, group.contains(UInt8(ascii: ".")) {
        guard let address = parseIPv4(group) else { return nil }
        append(UInt128(address >> 16))
        append(UInt128(address & 0xffff))
      } else {
        guard let value = parseGroup(group) else { return nil }
        append(value)
      }
      guard headCount + tailCount <= 8 else { return nil }
      if isLast { break }
      rest = rest[group.endIndex...]
      if rest.starts(with: gap) {
        guard !isAfterGap else { return nil }
        isAfterGap = true
        rest = rest.dropFirst(2)
      } else {
        rest = rest.dropFirst()
        // A single colon is always followed by a group.
        guard !rest.isEmpty else { return nil }
      }
    }
    if !isAfterGap { return headCount == 8 ? head : nil }
    // "::" stands for at least one group.
    guard headCount + tailCount < 8 else { return nil }
    return headCount == 0 ? tail : head << UInt128(16 * (8 - headCount)) | tail
  }

  static func formatIPv4(_ address: UInt32) -> String {
    "\(address >> 24).\(address >> 16 & 0xff).\(address >> 8 & 0xff).\(address & 0xff)"
  }

  /// RFC 5952 §4.
  static func formatIPv6(_ address: UInt128) -> String {
    let groups = (0..<8).map { UInt16(truncatingIfNeeded: address >> UInt128(16 * (7 - $0))) }
    /// The longest run of at least two zero groups; the first of equal ones (§4.2).
    var longest = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start > max(longest.count, 1) { longest = start..<end }
      start = end + 1
    }
    func join(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
    if longest.isEmpty { return join(groups[...]) }
    return join(groups[..<longest.lowerBound]) + "::" + join(groups[longest.upperBound...])
  }

  private static let gap = [UInt8(ascii: ":"), UInt8(ascii: ":")]

  private static func parseGroup(_ text: some Collection<UInt8>) -> UInt128? {
    var value: UInt128 = 0
    var digits = 0
    for byte in text {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: return nil
      }
      digits += 1
      guard digits <= 4 else { return nil }
      value = value << 4 | UInt128(digit)
    }
    return digits > 0 ? value : nil
  }
}
