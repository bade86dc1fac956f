import Addresses
import HeadgateProto
import NIOCore
import NIOEmbedded
import Testing

@testable import Edge

/// One connection as its caller sees it, on a hand clock.
@Suite struct HTTPConnectionTests {
  @Test func aRefusalIsAnsweredAndEndsTheConnection() throws {
    let caller = try EmbeddedCaller()
    let answer = caller.send("GET / HTTP/9.9\r\n\r\n" + post())
    #expect(answer.hasPrefix("HTTP/1.1 505 HTTP Version Not Supported\r\nserver: headgate\r\ndate: "))
    #expect(answer.contains("\r\nconnection: close\r\n"))
    #expect(answer.hasSuffix("\r\n\r\n{\"error\":\"version_unsupported\"}"))
    #expect(!caller.isOpen)
    #expect(caller.forwarder.requests.isEmpty)
  }

  @Test(arguments: [
    ("CONNECT a:1 HTTP/1.1\r\n", 405), ("GET ftp://a/ HTTP/1.1\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n\r\n", 400), ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n", 413),
    ("POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n", 417),
    ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("\u{16}\u{3}\u{1}", 400),
  ])
  func refusesWithTheRightStatus(_ bytes: String, _ status: Int) throws {
    for arrival in Arrival.allCases {
      let caller = try EmbeddedCaller()
      #expect(statuses(caller.send(bytes, arrival)) == [status])
      #expect(!caller.isOpen)
    }
  }

  @Test func headersAndTargetBeyondTheirLimits() throws {
    #expect(statuses(try EmbeddedCaller().send("GET /\(String(repeating: "a", count: 8192)) HTTP/1.1\r\n")) == [414])
    #expect(statuses(try EmbeddedCaller().send("GET / HTTP/1.1\r\nA: \(String(repeating: "a", count: 40_000))")) == [431])
  }

  @Test func whatIsForwarded() throws {
    let forwarder = ScriptedForwarder(clockOffset: .seconds(3600))
    let caller = try EmbeddedCaller(forwarder)
    let before = WallClockForTests.microseconds
    let answer = caller.send(
      "POST /w/\(key)/orders/%2e?a=%20&b HTTP/1.1\r\nHost: Hooks.example.com\r\nX-Hub-Signature-256: SHA=1\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
      .byteByByte)
    #expect(statuses(answer) == [200])
    let request = try #require(forwarder.requests.first)
    #expect(text(request.triggerKey) == key)
    #expect(text(request.method) == "POST")
    #expect(text(request.path) == "/orders/%2e")
    #expect(text(request.query) == "a=%20&b")
    #expect(
      request.headers.map { "\(text($0.name)): \(text($0.value))" } == ["host: Hooks.example.com", "x-hub-signature-256: SHA=1"])
    #expect(text(request.body) == "{}")
    #expect(request.clientAddress == [198, 51, 100, 7])
    #expect(text(request.baseUrl) == "http://Hooks.example.com")
    #expect(request.attempt == 0)
    // The control plane's clock, in the id as well.
    #expect((3_590_000_000...3_610_000_000).contains(request.receivedAtUs - before))
    #expect(request.requestId.count == 16 && request.requestId[6] >> 4 == 7)
    let milliseconds = request.requestId.prefix(6).reduce(Int64(0)) { $0 << 8 | Int64($1) }
    #expect(milliseconds == request.receivedAtUs / 1000)
  }

  @Test(arguments: [
    ("/w/\(key)", "", ""), ("/w/\(key)/", "/", ""), ("/w/\(key)?", "", ""), ("/w/\(key)?a?b", "", "a?b"),
    ("/w/\(key)//x/?/", "//x/", "/"),
  ])
  func pathAndQuery(_ target: String, _ path: String, _ query: String) throws {
    let caller = try EmbeddedCaller()
    caller.send(post(target))
    let request = try #require(caller.forwarder.requests.first)
    #expect(text(request.path) == path && text(request.query) == query)
  }

  @Test(arguments: [
    "/", "/w", "/w/", "/w/x", "/w/\(key)x", "/w/\(key.dropLast())", "/w/\(key.uppercased())",
    "/w/%77h_abcdefghijklmnopqrstuvwxyz", "/W/\(key)", "//w/\(key)", "/w//\(key)",
    "/healthz/", "/healthzz", "/x/healthz",
  ])
  func anythingElseIsLikeAnUnknownTrigger(_ target: String) throws {
    let unknown = SubmitResponse(
      status: 404, headers: [], body: Array("another body".utf8), outcome: .rejected, cause: .unknownKey)
    let caller = try EmbeddedCaller(ScriptedForwarder(.answer(.answered(unknown))))
    let other = caller.send(post(target))
    #expect(caller.forwarder.requests.isEmpty)
    #expect(statuses(other) == [404])
    #expect(caller.send(post()) == other, "the control plane's answer for an unknown key")
    #expect(caller.forwarder.requests.count == 1)
  }

  @Test func theAnswerIsTheControlPlanes() throws {
    let response = SubmitResponse(
      status: 422,
      headers: [
        Header(name: Array("X-Reason".utf8), value: Array("caf\u{e9}".utf8)),
        Header(name: Array("Content-Length".utf8), value: Array("9".utf8)),
        Header(name: Array("Connection".utf8), value: Array("close".utf8)),
        Header(name: Array("x-split".utf8), value: Array("a\r\nset-cookie: b".utf8)),
        Header(name: Array("bad name".utf8), value: Array("a".utf8)), Header(name: [], value: Array("a".utf8)),
      ], body: Array("no".utf8), outcome: .rejected)
    let caller = try EmbeddedCaller(ScriptedForwarder(.answer(.answered(response))))
    let answer = caller.send(post())
    #expect(answer.hasPrefix("HTTP/1.1 422 "))
    #expect(answer.contains("\r\nX-Reason: caf\u{e9}\r\ncontent-length: 2\r\n\r\nno"))
    #expect(!answer.contains("set-cookie") && !answer.contains("bad name") && !answer.contains(": 9"))
    #expect(caller.isOpen)
  }

  @Test(arguments: [0, 99, 100, 101, 199, 600, 999, 4_294_967_295])
  func aStatusThatIsNoneIs503(_ status: UInt32) throws {
    let caller = try EmbeddedCaller(ScriptedForwarder(.answer(.answered(SubmitResponse(status: status)))))
    #expect(statuses(caller.send(post())) == [503])
  }

  @Test func unavailableSaysWhenToComeBack() throws {
    let caller = try EmbeddedCaller(ScriptedForwarder(.answer(.unavailable(reason: "unavailable"))))
    let answer = caller.send(post())
    #expect(statuses(answer) == [503])
    let seconds = try #require(answer.split(separator: "retry-after: ").last?.prefix { $0.isNumber }).description
    #expect((1...30).contains(Int(seconds) ?? 0))
    #expect(caller.isOpen, "the connection is not to blame")
  }

  @Test func headGetsEverythingButTheBody() throws {
    let caller = try EmbeddedCaller()
    let answer = caller.send("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(answer.contains("content-length: 3\r\n"))
    #expect(answer.hasSuffix("\r\n\r\n"))
  }

  @Test(arguments: [204, 304])
  func noContentHasNoLength(_ status: UInt32) throws {
    let caller = try EmbeddedCaller(ScriptedForwarder(.answer(.answered(SubmitResponse(status: status, body: [1, 2])))))
    let answer = caller.send(post())
    #expect(!answer.contains("content-length") && answer.hasSuffix("\r\n\r\n"))
  }

  @Test func persistence() throws {
    #expect(!(try EmbeddedCaller().send(post()).contains("connection:")))
    let closing = try EmbeddedCaller()
    #expect(closing.send(post(body: "", "Connection: close\r\n") + post()).contains("\r\nconnection: close\r\n"))
    #expect(closing.forwarder.requests.count == 1)
    let old = try EmbeddedCaller()
    #expect(old.send("GET /healthz HTTP/1.0\r\n\r\n").contains("\r\nconnection: close\r\n"))
    #expect(!old.isOpen)
    let kept = try EmbeddedCaller()
    #expect(kept.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").contains("\r\nconnection: keep-alive\r\n"))
    #expect(kept.isOpen)
  }

  // MARK: - Pipelining

  @Test(arguments: Arrival.allCases)
  func pipelinedRequestsAreAnsweredInOrder(_ arrival: Arrival) throws {
    let caller = try EmbeddedCaller(ScriptedForwarder(.hold))
    caller.send(
      post(body: "first") + "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + post(body: "second")
        + "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", arrival)
    #expect(caller.received().isEmpty)
    #expect(caller.forwarder.requests.map { text($0.body) } == ["first"], "one at a time")
    caller.forwarder.release()
    #expect(statuses(caller.received()) == [200, 200])
    #expect(caller.forwarder.requests.map { text($0.body) } == ["first", "second"])
    caller.forwarder.release()
    #expect(statuses(caller.received()) == [200, 404])
    #expect(caller.isOpen)
  }

  /// To stop reading for each request and begin again would be two system calls for each.
  @Test func theSocketIsReadWhileARequestIsAnswered() throws {
    let caller = try EmbeddedCaller(ScriptedForwarder(.hold))
    caller.send(post())
    caller.channel.pipeline.read()
    #expect(caller.reads.count == 1)
  }

  @Test func aCallerThatIsFarAheadIsPausedUntilItsAnswerIsOut() throws {
    let caller = try EmbeddedCaller(ScriptedForwarder(.hold))
    let next = post(body: String(repeating: "x", count: 3000))
    caller.send(post(body: "first"))
    var sent = 0
    while caller.reads.count == sent, sent < 100 {
      caller.send(next)
      sent += 1
      caller.channel.pipeline.read()
    }
    #expect(sent * next.utf8.count > HTTPLimits.pauseBytes && (sent - 1) * next.utf8.count < HTTPLimits.pauseBytes)
    #expect(caller.reads.count == sent - 1, "the last one was not passed on")
    caller.forwarder.release()
    #expect(caller.reads.count == sent, "and is, now that there is room")
    for _ in 0..<sent { caller.forwarder.release() }
    #expect(statuses(caller.received()) == Array(repeating: 200, count: sent + 1))
    #expect(caller.forwarder.requests.count == sent + 1 && caller.isOpen)
  }

  @Test func moreThanTheReadAheadIsNotKept() throws {
    let caller = try EmbeddedCaller(ScriptedForwarder(.hold)) { $0.limits.readAheadBytes = 100 }
    caller.send(post())
    for _ in 0..<5 { caller.send(post(body: "next")) }
    caller.forwarder.release()
    #expect(caller.received().contains("connection: close"))
    #expect(caller.forwarder.requests.count == 1)
    #expect(!caller.isOpen)
  }

  @Test func aCallerThatHasSaidAllStillGetsItsAnswers() throws {
    let caller = try EmbeddedCaller(ScriptedForwarder(.hold))
    caller.send(post(body: "first") + post(body: "second") + "POST /unfinished")
    caller.closeInput()
    caller.forwarder.release()
    caller.forwarder.release()
    #expect(statuses(caller.received()) == [200, 200])
    #expect(!caller.isOpen)
  }

  @Test func aCallerThatIsGoneIsNotMissed() throws {
    let caller = try EmbeddedCaller(ScriptedForwarder(.hold))
    caller.send(post())
    #expect(caller.core.load.requests == 1 && caller.core.load.bytes == 2)
    caller.channel.close(promise: nil)
    caller.channel.embeddedEventLoop.run()
    caller.forwarder.release()
    #expect(caller.core.load.requests == 0 && caller.core.load.bytes == 0)
    #expect(caller.received().isEmpty)
  }

  @Test(arguments: [
    "", "POST", "POST /w/x HTTP/1.1\r\nHost", "POST /w/\(key) HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab",
  ])
  func anUnfinishedRequestIsNotForwarded(_ bytes: String) throws {
    let caller = try EmbeddedCaller()
    caller.send(bytes)
    caller.closeInput()
    #expect(!caller.isOpen)
    #expect(caller.received().isEmpty && caller.forwarder.requests.isEmpty)
    #expect(caller.core.load.bytes == 0)
  }

  // MARK: - Expect

  @Test func continueIsSaidOnceTheBodyIsWelcome() throws {
    let head = "POST /w/\(key) HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    let caller = try EmbeddedCaller()
    #expect(caller.send(head) == "HTTP/1.1 100 Continue\r\n\r\n")
    #expect(statuses(caller.send("{}")) == [200])
    #expect(statuses(caller.send(head + "{}")) == [200], "the body is already there")
  }

  @Test func continueIsNotSaidForABodyThatNobodyWants() throws {
    let large = try EmbeddedCaller()
    #expect(
      statuses(large.send("POST /w/\(key) HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n")) == [
        413
      ])
    let nowhere = try EmbeddedCaller()
    #expect(statuses(nowhere.send("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")) == [404])
    #expect(!nowhere.isOpen)
  }

  // MARK: - Time

  @Test func oneByteASecondEndsAtTheHeaderDeadline() throws {
    let caller = try EmbeddedCaller()
    var sent = 0
    for byte in post() where caller.isOpen {
      caller.send(String(byte))
      caller.advance(1)
      sent += 1
    }
    #expect(sent == 10)
    #expect(statuses(caller.received()) == [408] || !caller.isOpen)
  }

  @Test func theHeaderDeadlineIsAnswered() throws {
    let caller = try EmbeddedCaller()
    caller.send("POST /w")
    caller.advance(9.999)
    #expect(caller.isOpen)
    caller.advance(0.001)
    #expect(statuses(caller.received()) == [408])
    #expect(!caller.isOpen)
  }

  @Test func aSilentConnectionIsClosed() throws {
    let caller = try EmbeddedCaller()
    caller.advance(10)
    #expect(!caller.isOpen && caller.received().isEmpty)
  }

  @Test func aSlowBodyIsAnswered() throws {
    let caller = try EmbeddedCaller()
    caller.send("POST /w/\(key) HTTP/1.1\r\nHost: a\r\nContent-Length: 4096\r\n\r\n")
    for _ in 0..<5 {
      caller.send("x")
      caller.advance(0.99)
    }
    #expect(caller.isOpen)
    caller.advance(0.1)
    #expect(statuses(caller.received()) == [408])
    #expect(caller.core.load.bytes == 0)
  }

  @Test func aBodyAtTheRateIsRead() throws {
    let caller = try EmbeddedCaller()
    caller.send("POST /w/\(key) HTTP/1.1\r\nHost: a\r\nContent-Length: 20480\r\n\r\n")
    for _ in 0..<20 {
      caller.advance(1)
      caller.send([UInt8](repeating: 120, count: 1024))
    }
    #expect(caller.forwarder.requests.first?.body.count == 20_480)
  }

  @Test func anIdleConnectionIsClosed() throws {
    let caller = try EmbeddedCaller()
    caller.send(post())
    caller.advance(74)
    #expect(caller.isOpen)
    caller.send(post())
    caller.advance(74)
    #expect(caller.isOpen)
    caller.advance(1)
    #expect(!caller.isOpen)
  }

  @Test func aForwarderThatBreaksItsWordDoesNotHoldTheCaller() throws {
    let caller = try EmbeddedCaller(ScriptedForwarder(.hold))
    caller.send(post())
    caller.advance(12)
    #expect(statuses(caller.received()) == [503])
    caller.forwarder.release()
    #expect(caller.received().isEmpty)
    #expect(caller.core.load.requests == 0)
  }

  // MARK: - Load

  @Test func tooManyRequestsAre503AndTheConnectionStays() throws {
    let caller = try EmbeddedCaller(ScriptedForwarder(.hold)) { $0.load.requests = 0 }
    let answer = caller.send(post())
    #expect(statuses(answer) == [503] && answer.contains("retry-after: "))
    #expect(caller.isOpen && caller.forwarder.requests.isEmpty && caller.core.load.bytes == 0)
  }

  @Test func tooManyBytesAre503() throws {
    let caller = try EmbeddedCaller(ScriptedForwarder(.hold)) { $0.load.bytes = 10 }
    #expect(statuses(caller.send(post(body: String(repeating: "x", count: 11)))) == [503])
    #expect(caller.core.load.bytes == 0)
    let fits = try EmbeddedCaller(ScriptedForwarder(.hold)) { $0.load.bytes = 10 }
    fits.send(post(body: String(repeating: "x", count: 10)))
    #expect(fits.forwarder.requests.count == 1 && fits.core.load.bytes == 10)
  }

  // MARK: - Probes

  @Test func readiness() throws {
    let caller = try EmbeddedCaller()
    let ask = "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"
    #expect(statuses(caller.send(ask)) == [200])
    caller.forwarder.set(isReady: false)
    #expect(statuses(caller.send(ask)) == [503])
    #expect(statuses(caller.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")) == [200], "alive all the same")
    caller.forwarder.set(isReady: true)
    caller.core.load.startDraining()
    #expect(statuses(caller.send(ask)) == [503])
    #expect(!caller.isOpen, "the last answer of a connection while draining")
  }

  @Test func drainingEndsIdleConnectionsAndLeavesRequestsAlone() throws {
    let idle = try EmbeddedCaller()
    idle.core.load.startDraining()
    idle.channel.pipeline.fireUserInboundEventTriggered(DrainEvent())
    idle.advance(1)
    #expect(!idle.isOpen)

    let busy = try EmbeddedCaller(ScriptedForwarder(.hold))
    busy.send(post())
    busy.core.load.startDraining()
    busy.channel.pipeline.fireUserInboundEventTriggered(DrainEvent())
    busy.advance(5)
    busy.forwarder.release()
    let answer = busy.received()
    #expect(statuses(answer) == [200] && answer.contains("connection: close"))
    #expect(!busy.isOpen)
  }

  @Test(arguments: [
    ("127.0.0.1", EdgeServer.Port.callers, EdgeCore.MetricsAccess.loopback, "", true),
    ("198.51.100.7", .callers, .loopback, "", false),
    ("127.0.0.1", .callers, .loopback, "X-Forwarded-For: 198.51.100.7\r\n", false), ("127.0.0.1", .callers, .never, "", false),
    ("198.51.100.7", .callers, .always, "", true), ("198.51.100.7", .admin, .never, "", true),
  ])
  func metricsAreForOperators(
    _ peer: String, _ port: EdgeServer.Port, _ access: EdgeCore.MetricsAccess, _ lines: String, _ shown: Bool
  ) throws {
    let caller = try EmbeddedCaller(peer: peer, port: port) { $0.metricsOnPublicPort = access }
    let answer = caller.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\(lines)\r\n")
    #expect(statuses(answer) == [shown ? 200 : 404])
    #expect(answer.hasSuffix("a_metric 1\n") == shown)
  }

  @Test func theAdminPortForwardsNothing() throws {
    let caller = try EmbeddedCaller(port: .admin)
    #expect(statuses(caller.send(post())) == [404])
    #expect(caller.forwarder.requests.isEmpty)
  }

  // MARK: - The client's address

  @Test func theClientBehindATrustedProxy() throws {
    func client(_ proxies: TrustedProxies, peer: String, _ lines: String) throws -> [UInt8] {
      let caller = try EmbeddedCaller(peer: peer) { $0.resolver = ClientAddressResolver(proxies: proxies) }
      caller.send(post(body: "", lines))
      return try #require(caller.forwarder.requests.first).clientAddress
    }
    let proxies = TrustedProxies.blocks([try CIDRBlock(parsing: "10.0.0.0/8")])
    #expect(try client(proxies, peer: "10.1.2.3", "X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\n") == [203, 0, 113, 7])
    #expect(
      try client(proxies, peer: "10.1.2.3", "X-Forwarded-For: 203.0.113.7\r\nConnection: x-forwarded-for\r\n") == [
        203, 0, 113, 7,
      ])
    #expect(try client(proxies, peer: "192.0.2.1", "X-Forwarded-For: 203.0.113.7\r\n") == [192, 0, 2, 1])
    #expect(try client(.none, peer: "::ffff:10.1.2.3", "X-Forwarded-For: 203.0.113.7\r\n") == [10, 1, 2, 3])
    #expect(try client(.hops(1), peer: "2001:db8::1", "X-Forwarded-For: [2001:db8::2]:1\r\n").count == 16)
  }

  @Test func theBaseURL() throws {
    let tls = try EmbeddedCaller(isTLS: true)
    tls.send(post())
    #expect(text(try #require(tls.forwarder.requests.first).baseUrl) == "https://hooks.example.com")
    let configured = try EmbeddedCaller { $0.publicURL = "https://public.example.com" }
    configured.send(post())
    #expect(text(try #require(configured.forwarder.requests.first).baseUrl) == "https://public.example.com")
  }
}
