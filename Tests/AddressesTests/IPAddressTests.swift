import Testing

@testable import Addresses

@Suite struct IPAddressTests {
  @Test(arguments: [
    "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.4.", ".1.2.3.4", "1..3.4", "256.1.1.1", "1.1.1.1000", "01.2.3.4", "1.2.3.00",
    "0x1.2.3.4",
    "127.1", "2130706433", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4\n", "1.2.3.4\0", "+1.2.3.4", "1.2.3.-4", "１.2.3.4", "1.2.3.4/32",
    "1.2.3.4:80",
    "4294967296.1.1.1", "99999999999999999999.1.1.1",
    ":", ":::", "::1::", "1::2::3", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "12345::", "g::", "::1%eth0", "fe80::1%1", "[::1]", "::1/128", "::1 ", "1.2.3.4::", "::1.2.3.4:5", "::1.2.3", "::01.2.3.4",
    "::1.2.3.256",
    "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6:1.2.3.4:8", "::ffff:1.2.3.4.5", "::-1",
    "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
  ])
  func refuses(_ text: String) {
    #expect(IPAddress(text) == nil)
  }

  /// Text, and how it is printed (RFC 5952 §4 and §5, and the examples of §2).
  @Test(arguments: [
    ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("10.20.30.40", "10.20.30.40"),
    ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("0:0:0:0:0:0:0:1", "::1"), ("2001:DB8::A", "2001:db8::a"),
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0db8::0001", "2001:db8::1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("0:0:1::", "0:0:1::"), ("fe80:0:0:0:0:0:0:0", "fe80::"),
    ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("::1.2.3.4", "::102:304"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ("::ffff:192.0.2.1", "192.0.2.1"), ("::FFFF:c000:0201", "192.0.2.1"), ("0:0:0:0:0:ffff:0:0", "0.0.0.0"),
    ("::ffff:0:192.0.2.1", "::ffff:0:c000:201"),
  ])
  func readsAndPrints(_ text: String, _ expected: String) throws {
    let address = try #require(IPAddress(text))
    #expect(address.description == expected)
    #expect(IPAddress(expected) == address)
    #expect(IPAddress(bytes: address.bytes) == address)
    #expect(IPAddress(utf8: Array(text.utf8)) == address)
  }

  @Test(arguments: [0, 1, 3, 5, 15, 17])
  func refusesOtherByteCounts(_ count: Int) {
    #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil)
  }

  @Test func reducesMappedBytes() throws {
    let mapped = try #require(IPAddress(bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 7]))
    #expect(mapped.isIPv4)
    #expect(mapped.bytes == [203, 0, 113, 7])
    #expect(mapped == IPAddress("203.0.113.7"))
  }

  @Test func keepsTheFamiliesApart() {
    #expect(IPAddress("::1.2.3.4") != IPAddress("1.2.3.4"))
    #expect(IPAddress("::") != IPAddress("0.0.0.0"))
  }

  @Test(arguments: [
    ("127.0.0.1", true), ("127.255.0.1", true), ("::1", true), ("::ffff:127.0.0.1", true), ("128.0.0.1", false), ("::2", false),
    ("0.0.0.0", false), ("::", false),
  ])
  func knowsLoopback(_ text: String, _ expected: Bool) throws {
    #expect(try #require(IPAddress(text)).isLoopback == expected)
  }

  /// Every printed address is read back as itself.
  @Test func roundTripsRandomAddresses() throws {
    var source = SplitMix(state: 7)
    for _ in 0..<20_000 {
      var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &source) }
      // Runs of zeros are what the text form is about.
      for group in 0..<8 where Bool.random(using: &source) { bytes[2 * group...2 * group + 1] = [0, 0] }
      let address = try #require(IPAddress(bytes: bytes))
      #expect(IPAddress(address.description) == address)
    }
  }

  /// No text makes the parsers trap.
  @Test func survivesRandomText() {
    var source = SplitMix(state: 8)
    let alphabet = Array("0129afF:.:.::%/[] ".utf8)
    for _ in 0..<50_000 {
      let text = String(
        decoding: (0..<Int.random(in: 0...50, using: &source)).map { _ in alphabet.randomElement(using: &source) ?? 0 },
        as: UTF8.self)
      if let address = IPAddress(text) { #expect(IPAddress(address.description) == address) }
      _ = CIDRBlock(text)
      _ = OriginPattern("https://" + text)
    }
  }
}
