import Testing

@testable import Addresses

@Suite struct ClientAddressResolverTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var proxies: TrustedProxies
    var header: ForwardedHeader = .xForwardedFor
    var peer: String
    var lines: [String]
    var client: String
    var testDescription: String { name }
  }

  static let lan: TrustedProxies = .blocks([CIDRBlock("10.0.0.0/8"), CIDRBlock("2001:db8:1::/48")].compactMap(\.self))

  @Test(arguments: [
    // Spoofing: nobody vouches for the header.
    Case(name: "no proxies", proxies: .none, peer: "198.51.100.1", lines: ["1.1.1.1"], client: "198.51.100.1"),
    Case(name: "zero hops", proxies: .hops(0), peer: "198.51.100.1", lines: ["1.1.1.1"], client: "198.51.100.1"),
    Case(name: "negative hops", proxies: .hops(-1), peer: "198.51.100.1", lines: ["1.1.1.1"], client: "198.51.100.1"),
    Case(name: "no blocks", proxies: .blocks([]), peer: "198.51.100.1", lines: ["1.1.1.1"], client: "198.51.100.1"),
    Case(name: "peer outside the blocks", proxies: lan, peer: "198.51.100.1", lines: ["10.0.0.1"], client: "198.51.100.1"),
    // What the client sent stands left of what the proxy appended.
    Case(
      name: "client wrote an entry", proxies: .hops(1), peer: "10.0.0.1", lines: ["6.6.6.6, 198.51.100.7"], client: "198.51.100.7"
    ),
    Case(
      name: "client wrote a line", proxies: .hops(1), peer: "10.0.0.1", lines: ["6.6.6.6", "198.51.100.7"], client: "198.51.100.7"
    ),
    Case(
      name: "client wrote a trusted address", proxies: lan, peer: "10.0.0.1", lines: ["6.6.6.6, 10.0.0.9, 198.51.100.7"],
      client: "198.51.100.7"),
    Case(
      name: "client wrote garbage", proxies: lan, peer: "10.0.0.1", lines: ["\u{0}\"<script>, ,, 198.51.100.7"],
      client: "198.51.100.7"),
    // Chains.
    Case(name: "one hop", proxies: .hops(1), peer: "10.0.0.1", lines: ["198.51.100.7"], client: "198.51.100.7"),
    Case(
      name: "two hops", proxies: .hops(2), peer: "10.0.0.1", lines: ["6.6.6.6, 198.51.100.7, 10.0.0.2"], client: "198.51.100.7"),
    Case(
      name: "two hops over two lines", proxies: .hops(2), peer: "10.0.0.1", lines: ["198.51.100.7", "10.0.0.2"],
      client: "198.51.100.7"),
    Case(name: "fewer entries than hops", proxies: .hops(3), peer: "10.0.0.1", lines: ["198.51.100.7"], client: "198.51.100.7"),
    Case(
      name: "blocks, two proxies", proxies: lan, peer: "10.0.0.1", lines: ["6.6.6.6,198.51.100.7,\t10.0.0.2 "],
      client: "198.51.100.7"),
    Case(name: "everything trusted", proxies: lan, peer: "10.0.0.1", lines: ["10.0.0.3, 10.0.0.2"], client: "10.0.0.3"),
    Case(name: "mapped peer", proxies: lan, peer: "::ffff:10.0.0.1", lines: ["198.51.100.7"], client: "198.51.100.7"),
    Case(name: "mapped entry", proxies: lan, peer: "10.0.0.1", lines: ["198.51.100.7, ::ffff:10.0.0.2"], client: "198.51.100.7"),
    Case(name: "IPv6", proxies: lan, peer: "2001:db8:1::1", lines: ["2001:db8:2::7"], client: "2001:db8:2::7"),
    Case(name: "port", proxies: lan, peer: "10.0.0.1", lines: ["198.51.100.7:4711"], client: "198.51.100.7"),
    Case(name: "brackets and port", proxies: lan, peer: "10.0.0.1", lines: ["[2001:db8:2::7]:4711"], client: "2001:db8:2::7"),
    Case(name: "brackets", proxies: lan, peer: "10.0.0.1", lines: ["[2001:db8:2::7]"], client: "2001:db8:2::7"),
    // A trusted hop that says nothing usable: the last hop known.
    Case(name: "no header", proxies: lan, peer: "10.0.0.1", lines: [], client: "10.0.0.1"),
    Case(name: "empty header", proxies: .hops(1), peer: "10.0.0.1", lines: [""], client: "10.0.0.1"),
    Case(name: "unknown", proxies: lan, peer: "10.0.0.1", lines: ["198.51.100.7, unknown"], client: "10.0.0.1"),
    Case(
      name: "unknown behind the second", proxies: lan, peer: "10.0.0.1", lines: ["198.51.100.7, unknown, 10.0.0.2"],
      client: "10.0.0.2"),
    Case(name: "empty entry", proxies: lan, peer: "10.0.0.1", lines: ["198.51.100.7,"], client: "10.0.0.1"),
    Case(name: "zone id", proxies: lan, peer: "10.0.0.1", lines: ["fe80::1%eth0"], client: "10.0.0.1"),
    Case(name: "octal", proxies: lan, peer: "10.0.0.1", lines: ["0306.51.100.7"], client: "10.0.0.1"),
    Case(name: "bad port", proxies: lan, peer: "10.0.0.1", lines: ["198.51.100.7:"], client: "10.0.0.1"),
    Case(name: "text after brackets", proxies: lan, peer: "10.0.0.1", lines: ["[2001:db8:2::7]x"], client: "10.0.0.1"),
    Case(name: "IPv4 in brackets", proxies: lan, peer: "10.0.0.1", lines: ["[198.51.100.7]"], client: "10.0.0.1"),
    Case(
      name: "only the configured header counts", proxies: lan, peer: "10.0.0.1", lines: ["for=198.51.100.7"], client: "10.0.0.1"),
    // RFC 7239.
    Case(
      name: "forwarded", proxies: lan, header: .forwarded, peer: "10.0.0.1", lines: ["for=198.51.100.7"], client: "198.51.100.7"),
    Case(
      name: "forwarded, all parameters", proxies: lan, header: .forwarded, peer: "10.0.0.1",
      lines: [#"For="[2001:db8:2::7]:4711";proto=http;by=203.0.113.43;host="a, b;c""#], client: "2001:db8:2::7"),
    Case(
      name: "forwarded, two hops", proxies: lan, header: .forwarded, peer: "10.0.0.1",
      lines: ["for=6.6.6.6, for=198.51.100.7 , for=10.0.0.2;proto=https"],
      client: "198.51.100.7"),
    Case(
      name: "forwarded, lines", proxies: lan, header: .forwarded, peer: "10.0.0.1", lines: ["for=6.6.6.6", "for=198.51.100.7"],
      client: "198.51.100.7"),
    Case(
      name: "forwarded, escaped", proxies: lan, header: .forwarded, peer: "10.0.0.1", lines: [#"for="198.51.100\.7""#],
      client: "198.51.100.7"),
    Case(
      name: "forwarded, hidden port", proxies: lan, header: .forwarded, peer: "10.0.0.1", lines: [#"for="198.51.100.7:_x""#],
      client: "198.51.100.7"),
    Case(
      name: "forwarded, hidden", proxies: lan, header: .forwarded, peer: "10.0.0.1", lines: ["for=198.51.100.7, for=_hidden"],
      client: "10.0.0.1"),
    Case(
      name: "forwarded, no for", proxies: lan, header: .forwarded, peer: "10.0.0.1", lines: ["for=198.51.100.7, proto=https"],
      client: "10.0.0.1"),
    Case(
      name: "forwarded, for twice", proxies: lan, header: .forwarded, peer: "10.0.0.1", lines: ["for=6.6.6.6;for=198.51.100.7"],
      client: "10.0.0.1"),
    Case(
      name: "forwarded, quote left open by the client", proxies: lan, header: .forwarded, peer: "10.0.0.1",
      lines: [#"for=6.6.6.6;x=", for=198.51.100.7"#],
      client: "10.0.0.1"),
    Case(
      name: "forwarded, quote closed by the proxy's own", proxies: lan, header: .forwarded, peer: "10.0.0.1",
      lines: [#"for=6.6.6.6;x=", for="[2001:db8:2::7]:80""#], client: "10.0.0.1"),
    Case(
      name: "forwarded, garbage on an earlier line", proxies: lan, header: .forwarded, peer: "10.0.0.1",
      lines: [#"for=";"#, "for=198.51.100.7"],
      client: "198.51.100.7"),
    Case(
      name: "forwarded, trailing backslash", proxies: lan, header: .forwarded, peer: "10.0.0.1", lines: [#"for="1\"#],
      client: "10.0.0.1"),
    Case(
      name: "forwarded, only the configured header counts", proxies: lan, header: .forwarded, peer: "10.0.0.1",
      lines: ["198.51.100.7"], client: "10.0.0.1"),
  ])
  func resolves(_ item: Case) throws {
    let resolver = ClientAddressResolver(proxies: item.proxies, header: item.header)
    #expect(
      resolver.resolve(peer: try #require(IPAddress(item.peer)), lines: item.lines).description
        == IPAddress(item.client)?.description)
  }

  @Test func followsABoundedChain() throws {
    let resolver = ClientAddressResolver(proxies: Self.lan)
    let lines = [String](repeating: "10.0.0.9", count: 100_000) + ["10.0.0.8"]
    #expect(resolver.resolve(peer: try #require(IPAddress("10.0.0.1")), lines: lines).description == "10.0.0.9")
    #expect(ForwardedHeader.xForwardedFor.hops(lines, limit: 3).count == 3)
  }

  /// Whatever stands left of the proxy's own entry, the answer is that entry or the proxy, never the text's choice.
  @Test(arguments: ForwardedHeader.allCases)
  func cannotBeSpoofedByAPrefix(_ header: ForwardedHeader) throws {
    var source = SplitMix(state: 11)
    let pieces = ["for=", "6.6.6.6", "\"", "\\", ",", ";", "=", " ", "x", "[", "]", ":", "by=", "_", "unknown", "\t", "10.0.0.1"]
    let peer = try #require(IPAddress("10.0.0.1"))
    let resolver = ClientAddressResolver(proxies: Self.lan, header: header)
    for _ in 0..<20_000 {
      let sent = (0..<Int.random(in: 0...12, using: &source)).compactMap { _ in pieces.randomElement(using: &source) }.joined()
      let appended = header == .forwarded ? "for=198.51.100.7" : "198.51.100.7"
      let client = resolver.resolve(peer: peer, lines: [sent + ", " + appended]).description
      #expect(client == "198.51.100.7" || client == "10.0.0.1", "\(sent)")
    }
  }
}
