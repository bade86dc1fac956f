import HeadgateProto
import Logging
import Metrics
import NIOCore
import NIOPosix
import NIOSSL
import Settings
import Testing

@testable import Edge

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Over real sockets on 127.0.0.1.
@Suite(.timeLimit(.minutes(2))) struct SocketTests {
  /// A server on a free port, for the time of `body`.
  private func withServer(
    _ forwarder: ScriptedForwarder = ScriptedForwarder(), tls: NIOSSLContext? = nil,
    _ configure: (inout EdgeCore.Options) -> Void = { _ in },
    _ body: (Int, EdgeServer, EdgeCore, any Channel) async throws -> Void
  ) async throws {
    var options = EdgeCore.Options()
    configure(&options)
    let core = EdgeCore(
      options: options, forwarder: forwarder, metrics: EdgeMetrics(factory: NOOPMetricsHandler.instance),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = EdgeServer(core: core, group: group)
    let listener = try await server.listen(ListenAddress(host: "127.0.0.1", port: 0), tls: tls)
    do {
      try await body(try #require(listener.localAddress?.port), server, core, listener)
    } catch {
      server.closeAll()
      try? await listener.close()
      try await group.shutdownGracefully()
      throw error
    }
    server.closeAll()
    try? await listener.close()
    await server.connections.waitUntilEmpty()
    try await group.shutdownGracefully()
  }

  /// Collects what the server sends until it closes.
  private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private var received = ByteBuffer()
    private let promise: EventLoopPromise<String>

    init(_ promise: EventLoopPromise<String>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      var part = unwrapInboundIn(data)
      received.writeBuffer(&part)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) { promise.succeed(String(buffer: received)) }
  }

  /// Sends bytes, closes its side where `closes`, and returns everything that comes until the server closes.
  private func exchange(_ port: Int, _ bytes: [UInt8], closes: Bool = true, tls: NIOSSLContext? = nil) async throws -> String {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let promise = loop.makePromise(of: String.self)
    let channel = try await ClientBootstrap(group: loop)
      .channelOption(.allowRemoteHalfClosure, value: false)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil)) }
          try channel.pipeline.syncOperations.addHandler(Collector(promise))
        }
      }.connect(host: "127.0.0.1", port: port).get()
    try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    if closes { try? await channel.close(mode: .output) }
    return try await promise.futureResult.get()
  }

  private func exchange(_ port: Int, _ text: String, closes: Bool = true, tls: NIOSSLContext? = nil) async throws -> String {
    try await exchange(port, Array(text.utf8), closes: closes, tls: tls)
  }

  @Test func garbageIsRefusedAndTheServerLives() async throws {
    try await withServer { port, _, core, _ in
      var source = SplitMix(state: 5)
      let hello: [UInt8] =
        [0x16, 3, 1, 0, 0xc8, 1, 0, 0, 0xc4, 3, 3] + (0..<190).map { _ in UInt8.random(in: 0...255, using: &source) }
      for bytes in [
        hello, [0], Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8), Array("GET /\r\n\r\n".utf8),
        Array("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n".utf8),
      ] {
        let answer = try await exchange(port, bytes, closes: false)
        #expect([400, 405, 505].contains(statuses(answer).first), "\(answer)")
      }
      for _ in 0..<50 {
        _ = try await exchange(
          port, (0..<Int.random(in: 1...2000, using: &source)).map { _ in UInt8.random(in: 0...255, using: &source) })
      }
      let answer1 = statuses(try await exchange(port, post()))
      #expect(answer1 == [200])
      #expect(core.load.bytes == 0 && core.load.requests == 0)
    }
  }

  @Test func aBodyBeyondTheLimitIsAnsweredThoughItIsStillBeingSent() async throws {
    try await withServer { port, _, _, _ in
      let chunk = "10000\r\n" + String(repeating: "x", count: 65_536) + "\r\n"
      let bytes = "POST /w/\(key) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 40)
      let answer2 = statuses(try await exchange(port, bytes, closes: false))
      #expect(answer2 == [413])
      let answer3 = statuses(
        try await exchange(
          port, "POST /w/\(key) HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n" + chunk, closes: false))
      #expect(answer3 == [413])
    }
  }

  @Test func aBodyAtTheLimitArrivesAsItIs() async throws {
    let forwarder = ScriptedForwarder()
    try await withServer(forwarder) { port, _, _, _ in
      let body = (0..<1_048_576).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let bytes = Array("POST /w/\(key) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
      let answer4 = statuses(try await exchange(port, bytes))
      #expect(answer4 == [200])
      #expect(forwarder.requests.first?.body == body)
      #expect(forwarder.requests.first?.clientAddress == [127, 0, 0, 1])
    }
  }

  @Test func aHundredPipelinedRequestsAreAnsweredInOrder() async throws {
    let forwarder = ScriptedForwarder()
    try await withServer(forwarder) { port, _, _, _ in
      let bytes = (0..<100).map { post(body: "\($0)") }.joined()
      let answer5 = statuses(try await exchange(port, bytes))
      #expect(answer5 == Array(repeating: 200, count: 100))
      #expect(forwarder.requests.map { text($0.body) } == (0..<100).map { "\($0)" })
    }
  }

  @Test func connectionsBeyondTheLimitAreToldSo() async throws {
    try await withServer {
      $0.load.connections = 0
    } _: { port, _, core, _ in
      let answer = try await exchange(port, "", closes: false)
      #expect(statuses(answer) == [503] && answer.contains("retry-after: "))
      #expect(core.load.connections == 0)
    }
  }

  @Test func anAddressThatIsTakenIsNamed() async throws {
    try await withServer { port, server, _, _ in
      await #expect {
        _ = try await server.listen(ListenAddress(host: "127.0.0.1", port: port))
      } throws: { error in
        "\(error)" == "cannot listen on 127.0.0.1:\(port): Address already in use"
      }
    }
  }

  @Test func resetConnectionsLeaveNothingBehind() async throws {
    let forwarder = ScriptedForwarder(.hold)
    try await withServer(forwarder) { port, server, core, _ in
      for _ in 0..<20 {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(
          host: "127.0.0.1", port: port
        ).get()
        // Closing then resets the connection.
        try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.writeAndFlush(ByteBuffer(string: post() + "POST /w/"))
        try await channel.close()
      }
      server.closeAll()
      await server.connections.waitUntilEmpty()
      // A connection that had yet to be accepted brings its request later. What is released runs on the server's event loop.
      while core.load.requests > 0 || core.load.bytes > 0 || core.load.connections > 0 {
        forwarder.release()
        await Task.yield()
      }
    }
  }

  @Test func drainingAnswersWhatIsUnderWayAndEnds() async throws {
    let forwarder = ScriptedForwarder(.hold)
    try await withServer(forwarder) {
      $0.timing.drainIdle = .milliseconds(10)
    } _: { port, server, core, listener in
      let idle = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port)
        .get()
      async let answer = exchange(port, post(), closes: false)
      while forwarder.requests.isEmpty { await Task.yield() }
      try await listener.close()
      async let drained: Void = server.drain()
      while !core.load.isDraining { await Task.yield() }
      forwarder.release()
      await drained
      let text = try await answer
      #expect(statuses(text) == [200] && text.contains("connection: close"))
      try await idle.closeFuture.get()
      #expect(core.load.connections == 0)
    }
  }

  @Test(.enabled(if: Corpora.arePresent, Corpora.absence))
  func theCorpusOverSockets() async throws {
    let forwarder = ScriptedForwarder()
    try await withServer(forwarder) { port, _, core, _ in
      for item in try Corpora.gunicorn() {
        let good = forwarder.requests.count
        let answers = statuses(
          try await exchange(
            port, Array(post(body: "good").utf8) + item.bytes + Array("GET /w/\(key)?canary HTTP/1.1\r\nHost: a\r\n\r\n".utf8)))
        #expect(answers.first == 200, "\(item.name)")
        let forwarded = forwarder.requests.dropFirst(good)
        #expect(forwarded.first.map { text($0.body) } == "good")
        #expect(forwarded.dropFirst().allSatisfy { text($0.query) == "canary" && $0.body.isEmpty }, "\(item.name)")
        if item.requests == nil, GunicornCorpusTests.read[item.name] == nil { #expect(forwarded.count == 1, "\(item.name)") }
      }
      #expect(core.load.requests == 0 && core.load.bytes == 0)
    }
  }
}
