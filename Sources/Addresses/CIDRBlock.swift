/// A block of addresses (RFC 4632, RFC 4291 §2.3), or a single address.
///
/// A block holds addresses of its own family only: `::/0` is every IPv6 address and no IPv4 address. A block of
/// IPv4-mapped addresses (`::ffff:203.0.113.0/120`) is the IPv4 block, as the addresses themselves are.
package struct CIDRBlock: Hashable, Sendable {
  /// The lowest address of the block.
  package let base: IPAddress
  /// Leading bits that all addresses of the block share: 0 to `base.bitWidth`.
  package let prefixLength: Int
  private let mask: UInt128

  private init(base: IPAddress, prefixLength: Int) {
    self.base = base
    self.prefixLength = prefixLength
    mask = Self.mask(prefixLength, of: base.bitWidth)
  }

  /// The block of one address.
  package init(_ address: IPAddress) { self.init(base: address, prefixLength: address.bitWidth) }

  /// Reads an address, or an address and a prefix length; `nil` where `init(parsing:)` throws.
  package init?(_ text: some StringProtocol) {
    guard let block = try? CIDRBlock(parsing: text) else { return nil }
    self = block
  }

  /// Reads an address, or an address and a prefix length.
  ///
  /// Bits outside of the prefix are a fault and not masked off: whoever writes `203.0.113.7/24` may mean one address, and
  /// an allow-list that silently lets 255 others in is the worse mistake. The error names the block it would be.
  package init(parsing text: some StringProtocol) throws(AddressSyntaxError) {
    guard let slash = text.firstIndex(of: "/") else {
      guard let address = IPAddress(text) else { throw .notAnAddress }
      self.init(address)
      return
    }
    let addressText = text[..<slash]
    guard let address = IPAddress(addressText) else { throw .notAnAddress }
    let isMapped = address.isIPv4 && addressText.utf8.contains(UInt8(ascii: ":"))
    let width = isMapped ? 128 : address.bitWidth
    guard let written = Self.prefixLength(text[slash...].dropFirst().utf8), written <= width else {
      throw .prefixLengthInvalid(maximum: width)
    }
    // Fewer than 96 bits of a mapped address cut into the ::ffff that makes it one.
    let length = isMapped ? written - 96 : written
    guard length >= 0 else { throw .notAnAddress }
    let mask = Self.mask(length, of: address.bitWidth)
    guard address.value & ~mask == 0 else {
      throw .hostBitsSet(block: "\(IPAddress(value: address.value & mask, isIPv4: address.isIPv4))/\(length)")
    }
    self.init(base: address, prefixLength: length)
  }

  /// Whether the address lies in the block.
  package func contains(_ address: IPAddress) -> Bool {
    address.isIPv4 == base.isIPv4 && address.value & mask == base.value
  }

  /// The bits set in an address of `width` bits that a prefix of `length` covers.
  private static func mask(_ length: Int, of width: Int) -> UInt128 {
    let all = width == 32 ? UInt128(UInt32.max) : UInt128.max
    return length == 0 ? 0 : all & (all << UInt128(width - length))
  }

  /// One to three digits without leading zeros.
  private static func prefixLength(_ text: some Collection<UInt8>) -> Int? {
    guard (1...3).contains(text.count), text.count == 1 || text.first != UInt8(ascii: "0") else { return nil }
    var length = 0
    for byte in text {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      length = length * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return length
  }
}

extension CIDRBlock: CustomStringConvertible {
  /// A single address without prefix length; else `base/length`.
  package var description: String {
    prefixLength == base.bitWidth ? base.description : "\(base)/\(prefixLength)"
  }
}
