/// An IPv4 or IPv6 address.
///
/// IPv4-mapped IPv6 addresses (`::ffff:a.b.c.d`, RFC 4291 §2.5.5.2) are the IPv4 address, however they are given: a socket
/// that listens on `::` reports IPv4 peers in that form, and an allow-list that says `203.0.113.7` means them too.
package struct IPAddress: Hashable, Sendable {
  /// The address as 128 bits in network order; an IPv4 address occupies the lowest 32.
  let value: UInt128
  /// Whether it is IPv4.
  package let isIPv4: Bool

  init(value: UInt128, isIPv4: Bool) {
    if !isIPv4, value >> 32 == 0xffff {
      self.value = value & 0xffff_ffff
      self.isIPv4 = true
    } else {
      self.value = value
      self.isIPv4 = isIPv4
    }
  }

  /// Bits of an address of this family: 32 or 128.
  package var bitWidth: Int { isIPv4 ? 32 : 128 }

  /// The address with nothing but its first bits: what the addresses of one network have in common.
  package func network(prefixLength: Int) -> IPAddress {
    let rest = max(0, bitWidth - prefixLength)
    return IPAddress(value: (value >> UInt128(rest)) << UInt128(rest), isIPv4: isIPv4)
  }

  /// `127.0.0.1`.
  package static let loopback = IPAddress(value: 0x7f00_0001, isIPv4: true)

  /// `127.0.0.0/8` or `::1`.
  package var isLoopback: Bool { isIPv4 ? value >> 24 == 127 : value == 1 }

  /// Reads 4 or 16 bytes in network order; `nil` for any other count.
  package init?(bytes: some Collection<UInt8>) {
    let count = bytes.count
    guard count == 4 || count == 16 else { return nil }
    var value: UInt128 = 0
    for byte in bytes { value = value << 8 | UInt128(byte) }
    self.init(value: value, isIPv4: count == 4)
  }

  /// The 4 or 16 bytes in network order.
  package var bytes: [UInt8] {
    let count = bitWidth / 8
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count { buffer[index] = UInt8(truncatingIfNeeded: value >> UInt128(8 * (count - 1 - index))) }
      initialized = count
    }
  }

  /// Reads the text of one address, strictly: four decimal numbers without leading zeros (no `127.1`, no octal, no
  /// hexadecimal), or RFC 4291 §2.2 text without zone id and brackets. `nil` for anything else, blanks included.
  package init?(_ text: some StringProtocol) { self.init(utf8: text.utf8) }

  /// The same as `init(_:)` for text that is at hand as bytes.
  package init?(utf8 text: some Collection<UInt8>) {
    // The longest form is an IPv6 address that ends in an IPv4 one.
    guard text.count <= 45 else { return nil }
    if let value = IPAddressText.parseIPv4(text) {
      self.init(value: UInt128(value), isIPv4: true)
    } else if let value = IPAddressText.parseIPv6(text) {
      self.init(value: value, isIPv4: false)
    } else {
      return nil
    }
  }
}

extension IPAddress: CustomStringConvertible {
  /// Dotted decimals, or the canonical text of RFC 5952 (lower case, no leading zeros, the longest run of zeros shortened).
  package var description: String {
    isIPv4 ? IPAddressText.formatIPv4(UInt32(truncatingIfNeeded: value)) : IPAddressText.formatIPv6(value)
  }
}
