import Testing

@testable import Addresses

@Suite struct CIDRBlockTests {
  @Test(arguments: [
    ("", AddressSyntaxError.notAnAddress), ("/24", .notAnAddress), ("1.2.3/24", .notAnAddress), ("1.2.3.4.5/8", .notAnAddress),
    ("10.0.0.0/33", .prefixLengthInvalid(maximum: 32)), ("10.0.0.0/", .prefixLengthInvalid(maximum: 32)),
    ("10.0.0.0/-1", .prefixLengthInvalid(maximum: 32)), ("10.0.0.0/08", .prefixLengthInvalid(maximum: 32)),
    ("10.0.0.0/8/8", .prefixLengthInvalid(maximum: 32)), ("10.0.0.0/255.0.0.0", .prefixLengthInvalid(maximum: 32)),
    ("10.0.0.0/ 8", .prefixLengthInvalid(maximum: 32)), ("10.0.0.0/1000", .prefixLengthInvalid(maximum: 32)),
    ("2001:db8::/129", .prefixLengthInvalid(maximum: 128)), ("::ffff:10.0.0.0/129", .prefixLengthInvalid(maximum: 128)),
    ("203.0.113.7/24", .hostBitsSet(block: "203.0.113.0/24")), ("0.0.0.1/0", .hostBitsSet(block: "0.0.0.0/0")),
    ("2001:db8::1/32", .hostBitsSet(block: "2001:db8::/32")), ("::ffff:203.0.113.7/120", .hostBitsSet(block: "203.0.113.0/24")),
    ("::ffff:10.0.0.0/95", .notAnAddress), ("fe80::%eth0/64", .notAnAddress), ("10.0.0.0 /8", .notAnAddress),
  ])
  func refuses(_ text: String, _ expected: AddressSyntaxError) {
    #expect(throws: expected) { try CIDRBlock(parsing: text) }
    #expect(CIDRBlock(text) == nil)
  }

  @Test(arguments: [
    ("203.0.113.0/24", "203.0.113.0", true), ("203.0.113.0/24", "203.0.113.255", true),
    ("203.0.113.0/24", "203.0.112.255", false),
    ("203.0.113.0/24", "203.0.114.0", false), ("203.0.113.7", "203.0.113.7", true), ("203.0.113.7", "203.0.113.8", false),
    ("203.0.113.7/32", "203.0.113.7", true), ("128.0.0.0/1", "128.0.0.1", true), ("128.0.0.0/1", "127.255.255.255", false),
    ("0.0.0.0/0", "255.255.255.255", true), ("0.0.0.0/0", "::1", false), ("0.0.0.0/0", "::ffff:1.2.3.4", true),
    ("::/0", "1.2.3.4", false), ("::/0", "ffff::", true),
    ("2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true), ("2001:db8::/32", "2001:db9::", false),
    ("2001:db8::/33", "2001:db8:8000::", false), ("::1", "::1", true), ("::1/128", "::", false),
    ("::ffff:203.0.113.0/120", "203.0.113.9", true), ("::ffff:203.0.113.0/120", "203.0.112.9", false),
    ("::ffff:0:0/96", "8.8.8.8", true),
    ("::ffff:203.0.113.7", "203.0.113.7", true), ("::/96", "::102:304", true), ("::/96", "1.2.3.4", false),
  ])
  func contains(_ block: String, _ address: String, _ expected: Bool) throws {
    #expect(try CIDRBlock(parsing: block).contains(#require(IPAddress(address))) == expected)
  }

  @Test(arguments: [
    ("203.0.113.0/24", "203.0.113.0/24"), ("203.0.113.7/32", "203.0.113.7"), ("2001:DB8::/32", "2001:db8::/32"),
    ("::1/128", "::1"),
    ("::ffff:203.0.113.0/120", "203.0.113.0/24"), ("0.0.0.0/0", "0.0.0.0/0"), ("::/0", "::/0"),
  ])
  func prints(_ text: String, _ expected: String) throws {
    let block = try CIDRBlock(parsing: text)
    #expect(block.description == expected)
    #expect(CIDRBlock(expected) == block)
  }

  /// A block holds exactly the addresses that share its first bits, for every length.
  @Test(arguments: [32, 128])
  func agreesWithComparingBits(_ width: Int) throws {
    var source = SplitMix(state: 9)
    for length in 0...width {
      let base = (0..<width / 8).map { _ in UInt8.random(in: 0...255, using: &source) }
      func bit(_ bytes: [UInt8], _ index: Int) -> UInt8 { bytes[index / 8] >> UInt8(7 - index % 8) & 1 }
      var masked = base
      for index in length..<width { masked[index / 8] &= ~(1 << UInt8(7 - index % 8)) }
      let block = try CIDRBlock(parsing: "\(#require(IPAddress(bytes: masked)))/\(length)")
      #expect(block.contains(try #require(IPAddress(bytes: base))))
      for flipped in 0..<width {
        var other = base
        other[flipped / 8] ^= 1 << UInt8(7 - flipped % 8)
        #expect(block.contains(try #require(IPAddress(bytes: other))) == (flipped >= length))
      }
    }
  }
}
