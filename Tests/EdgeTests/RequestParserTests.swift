import HeadgateProto
import Testing

@testable import Edge

@Suite struct RequestParserTests {
  /// What is refused, and as what, however the bytes arrive.
  @Test(arguments: [
    // Request line.
    ("\0", HTTPRefusal.malformedRequestLine), ("\u{16}\u{3}\u{1}\u{2}\0", .malformedRequestLine), ("\n", .malformedRequestLine),
    ("\r\r", .malformedRequestLine), ("\r\n\r\n\r\n", .malformedRequestLine), (" GET / HTTP/1.1\r\n", .malformedRequestLine),
    ("get / HTTP/1.1\r\n", .malformedRequestLine), ("GET\t/ HTTP/1.1\r\n", .malformedRequestLine),
    ("GET / HTTP/1.1\n", .malformedRequestLine),
    ("GET /\r\n", .malformedRequestLine), ("GET  / HTTP/1.1\r\n", .malformedRequestLine),
    ("GET /  HTTP/1.1\r\n", .malformedRequestLine),
    ("GET / HTTP/1.1 \r\n", .malformedRequestLine), ("GET / http/1.1\r\n", .malformedRequestLine),
    ("GET / HTTP/1.10\r\n", .malformedRequestLine),
    ("GET / HTTP/11\r\n", .malformedRequestLine), ("GET / FTP/1.1\r\n", .malformedRequestLine),
    ("GET / HTTP/1.1\rX\r\n", .malformedRequestLine),
    ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", .malformedRequestLine), ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", .malformedRequestLine),
    ("BREW / HTTP/1.1\r\n", .methodUnknown), ("POSTS / HTTP/1.1\r\n", .methodUnknown),
    ("GET / HTTP/0.9\r\n", .versionUnsupported), ("GET / HTTP/1.2\r\n", .versionUnsupported),
    ("PRI * HTTP/2.0\r\n", .versionUnsupported), ("PRI * HTTP/1.1\r\n", .methodUnknown),
    ("GET /a\u{7f} HTTP/1.1\r\n", .malformedTarget), ("GET /ä HTTP/1.1\r\n", .malformedTarget),
    ("GET /a#b HTTP/1.1\r\n", .malformedTarget),
    ("GET * HTTP/1.1\r\n", .malformedTarget), ("GET a/b HTTP/1.1\r\n", .malformedTarget),
    ("GET \\ HTTP/1.1\r\n", .malformedTarget),
    ("GET http://u:p@a/ HTTP/1.1\r\n", .malformedTarget), ("GET http:///a HTTP/1.1\r\n", .malformedTarget),
    ("GET http:// HTTP/1.1\r\n", .malformedTarget), ("GET http:/a HTTP/1.1\r\n", .malformedTarget),
    ("GET http://:80/ HTTP/1.1\r\n", .malformedTarget), ("GET http://a:b/ HTTP/1.1\r\n", .malformedTarget),
    ("GET http://[::1/ HTTP/1.1\r\n", .malformedTarget), ("GET ftp://a/ HTTP/1.1\r\n", .malformedTarget),
    ("GET a:80 HTTP/1.1\r\n", .malformedTarget), ("GET http://a/ HTTP/1.1\r\n\r\n", .hostMissing),
    ("GET http://a/ HTTP/1.1\r\nHost: b\r\nHost: b\r\n", .hostDoubled),
    ("CONNECT a:443 HTTP/1.1\r\n", .methodNotAllowed),
    ("TRACE / HTTP/1.1\r\n", .methodNotAllowed),
    // Fields.
    ("GET / HTTP/1.1\r\n Host: x\r\n", .foldedHeader), ("GET / HTTP/1.1\r\nA: b\r\n\tc\r\n", .foldedHeader),
    ("GET / HTTP/1.1\r\nA : b\r\n", .malformedHeader),
    ("GET / HTTP/1.1\r\n: b\r\n", .malformedHeader), ("GET / HTTP/1.1\r\nA\r\n", .malformedHeader),
    ("GET / HTTP/1.1\r\nA: b\n", .malformedHeader),
    ("GET / HTTP/1.1\r\nA: b\rc\r\n", .malformedHeader), ("GET / HTTP/1.1\r\nA: b\0\r\n", .malformedHeader),
    ("GET / HTTP/1.1\r\nÄ: b\r\n", .malformedHeader),
    ("GET / HTTP/1.1\r\nA: \u{7f}\r\n", .malformedHeader), ("GET / HTTP/1.1\r\n\n", .malformedHeader),
    ("GET / HTTP/1.1\r\nA(b): c\r\n", .malformedHeader),
    // Host.
    ("GET / HTTP/1.1\r\n\r\n", .hostMissing), ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .hostDoubled),
    ("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n", .hostDoubled),
    ("GET / HTTP/1.1\r\nHost: a/b\r\n", .hostMalformed), ("GET / HTTP/1.1\r\nHost: u@a\r\n", .hostMalformed),
    ("GET / HTTP/1.1\r\nHost: a b\r\n", .hostMalformed),
    ("GET / HTTP/1.1\r\nHost: a:b\r\n", .hostMalformed), ("GET / HTTP/1.1\r\nHost: a:123456\r\n", .hostMalformed),
    ("GET / HTTP/1.1\r\nHost: [::1\r\n", .hostMalformed),
    ("GET / HTTP/1.1\r\nHost: [::1]x\r\n", .hostMalformed), ("GET / HTTP/1.1\r\nHost: [::x]\r\n", .hostMalformed),
    ("GET / HTTP/1.1\r\nHost: é\r\n", .hostMalformed),
    // Length of the body.
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n", .contentLengthMalformed),
    ("POST / HTTP/1.1\r\nContent-Length: +1\r\n", .contentLengthMalformed),
    ("POST / HTTP/1.1\r\nContent-Length: -1\r\n", .contentLengthMalformed),
    ("POST / HTTP/1.1\r\nContent-Length: 0x1\r\n", .contentLengthMalformed),
    ("POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n", .contentLengthMalformed),
    ("POST / HTTP/1.1\r\nContent-Length: 1 1\r\n", .contentLengthMalformed),
    ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n", .contentLengthDoubled),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", .bodyTooLarge),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999999\r\n\r\n", .bodyTooLarge),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", .bodyTooLarge),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", .lengthAndTransferEncoding),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", .lengthAndTransferEncoding),
    ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingMalformed),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", .transferEncodingMalformed),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", .transferEncodingMalformed),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", .transferEncodingMalformed),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \r\n\r\n", .transferEncodingMalformed),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n", .transferEncodingMalformed),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .transferEncodingUnsupported),
    (
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n",
      .transferEncodingUnsupported
    ),
    // Others.
    ("POST / HTTP/1.1\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n", .contentTypeDoubled),
    ("POST / HTTP/1.1\r\nExpect: 200-ok\r\n", .expectationUnsupported),
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", .upgradeUnsupported),
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c, websocket\r\n\r\n", .upgradeUnsupported),
  ])
  func refuses(_ bytes: String, _ expected: HTTPRefusal) {
    for arrival in Arrival.allCases {
      let reading = Reading(bytes, arrival)
      #expect(reading.refusal == expected, "\(arrival)")
      #expect(reading.complete.isEmpty)
    }
  }

  @Test(arguments: [
    "\r\n", "\n", " 1\r\n", "1 \r\n", "-1\r\n", "+1\r\n", "0x1\r\n", "1_0\r\n", "g\r\n", "1;\r\n", "1;=b\r\n", "1;a=\r\n",
    "1;a=\"b\r\n", "1;a=\"\\\r\n", "1;a b\r\n", "1;a=b c\r\n",
    "1;a\rb\r\n", "00000000000000001\r\n", "1\r\nab", "1\r\na\rb", "1\r\na\n", "0\n", "0\r\n\n", "0\r\na: b\n",
  ])
  func refusesChunks(_ bytes: String) {
    for arrival in Arrival.allCases {
      let reading = Reading("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + bytes, arrival)
      #expect(reading.refusal == .malformedChunk, "\(arrival)")
      #expect(reading.complete.isEmpty)
    }
  }

  @Test(arguments: [
    "Content-Length: 1", "Transfer-Encoding: chunked", "Host: b", "Authorization: x", "Connection: close", "Trailer: a",
    "cookie: x",
  ])
  func refusesTrailers(_ line: String) {
    let reading = Reading("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\(line)\r\n\r\n")
    #expect(reading.refusal == .trailerForbidden)
    #expect(reading.complete.isEmpty)
  }

  @Test(arguments: Arrival.allCases)
  func readsWhatWasSent(_ arrival: Arrival) throws {
    let reading = Reading(
      "\r\nPOST /w/k/a%2Fb?x=%41&y=\"|{} HTTP/1.1\r\nHOST: Example.com:8080\r\nX-Empty:\r\nX-Two:\ta  b \t\r\nX-Two: c\r\nX-Caf\u{65}: caf\u{e9}\r\nContent-Length: 003\r\n"
        + "Connection: keep-alive, X-Gone\r\nTE: trailers\r\n\r\n{\r\nGET / HTTP/1.0\r\n\r\n", arrival)
    #expect(reading.refusal == nil)
    let first = try #require(reading.requests.first)
    #expect(text(first.head.method) == "POST")
    #expect(text(first.head.target) == "/w/k/a%2Fb?x=%41&y=\"|{}")
    #expect(
      first.head.fields.map { "\(text($0.name))=\(text($0.value))" } == [
        "host=Example.com:8080", "x-empty=", "x-two=a  b", "x-two=c", "x-cafe=caf\u{e9}", "content-length=003",
      ])
    #expect(first.body == Array("{\r\n".utf8))
    #expect(first.head.keepsAlive)
    #expect(first.head.connectionNames.map { text($0) } == ["x-gone"])
    #expect(text(first.head.host) == "Example.com:8080")
    let second = try #require(reading.requests.last)
    #expect(reading.complete.count == 2)
    #expect(second.head.minorVersion == 0 && !second.head.keepsAlive && second.head.fields.isEmpty)
  }

  /// Bytes that are not UTF-8 stay what they are.
  @Test func keepsOtherBytes() throws {
    let reading = Reading(Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8) + [0x80, 0xff, 0xc3] + Array("\r\n\r\n".utf8))
    #expect(try #require(reading.complete.first).head.fields.last?.value == [0x80, 0xff, 0xc3])
  }

  @Test(arguments: Arrival.allCases)
  func readsChunks(_ arrival: Arrival) throws {
    let reading = Reading(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0006;a;b=c;d=\"e \\\" f\"\r\n world\r\nA; q =\tz\r\n0123456789\r\n000\r\nX-Checksum: 1\r\n\r\nGET / HTTP/1.0\r\n\r\n",
      arrival)
    #expect(reading.refusal == nil)
    #expect(text(try #require(reading.complete.first).body) == "hello world0123456789")
    #expect(reading.complete.count == 2)
  }

  @Test(arguments: [
    ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false), ("HTTP/1.1", "Connection: x, CLOSE\r\n", false),
    ("HTTP/1.0", "", false),
    ("HTTP/1.0", "Connection: Keep-Alive\r\n", true), ("HTTP/1.0", "Connection: keep-alive, close\r\n", false),
    ("HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n", false),
    ("HTTP/1.1", "Connection: closed\r\n", true),
  ])
  func knowsPersistence(_ version: String, _ lines: String, _ expected: Bool) throws {
    #expect(try #require(Reading("GET / \(version)\r\nHost: a\r\n\(lines)\r\n").complete.first).head.keepsAlive == expected)
  }

  /// HTTP/2 over cleartext is offered by some clients with every request, and ignored.
  @Test func ignoresTheOfferOfHTTP2() throws {
    let reading = Reading(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")
    #expect(try #require(reading.complete.first).head.fields.map { text($0.name) } == ["host"])
    // Without Connection the field asks for nothing (RFC 9110 §7.8).
    #expect(Reading("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n").complete.count == 1)
  }

  @Test(arguments: [
    ("GET http://a/w/k?b=c HTTP/1.1\r\nHost: a\r\n", "/w/k?b=c", "a"),
    ("GET http://real:8443/x HTTP/1.1\r\nX-A: b\r\nHost: other\r\nX-C: d\r\n", "/x", "real:8443"),
    ("POST HTTPS://A.example HTTP/1.1\r\nHost: b\r\n", "/", "A.example"),
    ("GET http://[2001:db8::1]:80?a=http://b/c HTTP/1.1\r\nHost:\r\n", "/?a=http://b/c", "[2001:db8::1]:80"),
    ("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n", "*", "a"), ("OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n", "/", "a"),
    ("GET http://a/ HTTP/1.0\r\n", "/", "a"),
  ])
  func theAuthorityOfAnAbsoluteTargetIsTheHost(_ lines: String, _ target: String, _ host: String) throws {
    for arrival in Arrival.allCases {
      let head = try #require(Reading(lines + "\r\n", arrival).complete.first).head
      #expect(text(head.target) == target && text(head.host) == host)
      #expect(head.fields.filter { text($0.name) == "host" }.map { text($0.value) } == [host])
      #expect(head.fields.filter { text($0.name) != "host" }.count == (lines.contains("X-A") ? 2 : 0))
    }
  }

  @Test func readsTheWholeServerTarget() throws {
    #expect(text(try #require(Reading("OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n").complete.first).head.target) == "*")
  }
}
