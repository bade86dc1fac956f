import HeadgateProto
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import RPC

/// Servers that come and go, and clients that live through it; over loopback.
@Suite(.timeLimit(.minutes(1))) struct LifecycleTests {
  private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

  private static func server(
    port: Int = 0, instance: String = "", handlers: [MethodHandler] = [Echo.handler], drain: Duration = .seconds(20)
  ) async throws -> (server: RPCServer, port: Int) {
    var configuration = RPCServer.Configuration(
      host: "127.0.0.1", port: port, transport: .plaintext(principal: .testAdmin), instanceID: instance)
    configuration.timeouts.drain = drain
    let server = try RPCServer(configuration: configuration, handlers: handlers, logger: logger)
    let address = try await server.start()
    return (server, try #require(address.port))
  }

  private static func configuration(_ ports: [Int]) -> RPCClient.Configuration {
    RPCClient.Configuration(endpoints: ports.map { RPCEndpoint(host: "127.0.0.1", port: $0) }, transport: .plaintext)
  }

  private static func echo(_ caller: some RPCCaller, _ text: String, timeout: Duration = .seconds(20)) async -> Result<
    String, RPCError
  > {
    do throws(RPCError) {
      let options = CallOptions(timeout: timeout)
      return .success(try await caller.call(Echo.method, ListFlowsRequest(cursor: text), options: options).nextCursor)
    } catch {
      return .failure(error)
    }
  }

  /// A method that says when it was called and answers when it is told to.
  private final class Held: Sendable {
    let called: AsyncStream<Void>
    private let call: AsyncStream<Void>.Continuation
    private let released: AsyncStream<Void>
    private let release: AsyncStream<Void>.Continuation

    init() {
      (called, call) = AsyncStream.makeStream()
      (released, release) = AsyncStream.makeStream()
    }

    var handler: MethodHandler {
      MethodHandler(
        service: Echo.method.service, name: Echo.method.name, roles: [.admin],
        body: .unary { [self] _, _ in
          call.yield()
          for await _ in released { break }
          try Task.checkCancellation()
          return EncodedMessage(ListFlowsResponse(nextCursor: "held"))
        })
    }

    func answer() { release.yield() }
  }

  // MARK: a server that ends

  @Test func aDrainLetsCallsFinishAndSendsNewOnesElsewhere() async throws {
    let held = Held()
    let (first, firstPort) = try await Self.server(handlers: [held.handler])
    let client = try RPCClient(configuration: Self.configuration([firstPort]), logger: Self.logger)
    client.start()
    let inFlight = Task { await Self.echo(client, "") }
    for await _ in held.called { break }
    let drained = Task { await first.drain() }
    // The listener is gone at once: the same port can be taken by the next server while the first one finishes.
    while first.localAddress != nil { await Task.yield() }
    var next: (server: RPCServer, port: Int)?
    while next == nil { next = try? await Self.server(port: firstPort) }
    // A call that crosses the news is refused, and may be repeated.
    var elsewhere = await Self.echo(client, "elsewhere")
    while case .failure(let error) = elsewhere, error.code == .unavailable, error.isRetryable {
      elsewhere = await Self.echo(client, "elsewhere")
    }
    #expect(elsewhere == .success("elsewhere"))
    held.answer()
    #expect(await inFlight.value == .success("held"))
    await drained.value
    await client.shutdown()
    await next?.server.drain()
  }

  @Test func aDrainCutsOffWhatOutlastsIt() async throws {
    let held = Held()
    let (server, port) = try await Self.server(handlers: [held.handler], drain: .milliseconds(50))
    let client = try RPCClient(configuration: Self.configuration([port]), logger: Self.logger)
    client.start()
    let inFlight = Task { await Self.echo(client, "") }
    for await _ in held.called { break }
    await server.drain()
    guard case .failure(let error) = await inFlight.value else {
      Issue.record("the call outlasted the drain")
      return
    }
    #expect(error.code == .unavailable && error.isRetryable)
    await client.shutdown()
  }

  @Test func endlessStreamsDoNotHoldUpADrain() async throws {
    let method = RPCMethod<ListFlowsRequest, ListFlowsResponse>(
      service: "test.Calls", name: "Endless", shape: .serverStream, roles: [.admin])
    let handler = MethodHandler(
      service: method.service, name: method.name, roles: method.roles,
      body: .serverStream { _, _, write in
        try await write(EncodedMessage(ListFlowsResponse(nextCursor: "x")))
        try await Task.sleep(for: .seconds(3600))
      })
    let (server, port) = try await Self.server(handlers: [handler])
    let client = try RPCClient(configuration: Self.configuration([port]), logger: Self.logger)
    client.start()
    let stream = try await client.stream(method, ListFlowsRequest(), options: CallOptions())
    #expect(try await stream.next()?.nextCursor == "x")
    await server.drain()
    await #expect(throws: RPCError(.unavailable, "the server is shutting down")) { try await stream.next() }
    await client.shutdown()
  }

  @Test func aDrainedServerDoesNotListenAgain() async throws {
    let (server, _) = try await Self.server()
    await server.drain()
    await server.drain()
    #expect(server.localAddress == nil)
    await #expect(throws: RPCServerError.alreadyStarted) { try await server.start() }
  }

  @Test func aPortThatIsTakenIsAnError() async throws {
    let (server, port) = try await Self.server()
    await #expect(throws: RPCServerError.self) { try await Self.server(port: port) }
    await server.drain()
  }

  // MARK: a client that connects again

  @Test func callsWaitForAServerThatComesLater() async throws {
    let (placeholder, port) = try await Self.server()
    await placeholder.drain()
    let readiness = AsyncStream.makeStream(of: Bool.self)
    let client = try RPCClient(configuration: Self.configuration([port]), logger: Self.logger) {
      readiness.continuation.yield($0)
    }
    client.start()
    #expect(!client.isReady)
    let waiting = Task { await Self.echo(client, "hello") }
    let (server, _) = try await Self.server(port: port)
    #expect(await waiting.value == .success("hello"))
    #expect(client.isReady)
    #expect(client.serverTimeOffset.map { abs($0.components.seconds) <= 1 } == true)
    await server.drain()
    #expect(await readiness.stream.prefix(2).reduce(into: []) { $0.append($1) } == [true, false])
    await client.shutdown()
  }

  @Test func aCallThatWaitsInVainSaysWhy() async throws {
    let (placeholder, port) = try await Self.server()
    await placeholder.drain()
    let client = try RPCClient(configuration: Self.configuration([port]), logger: Self.logger)
    client.start()
    while client.lastFailure == nil { await Task.yield() }
    guard case .failure(let error) = await Self.echo(client, "", timeout: .milliseconds(50)) else {
      Issue.record("there is no server")
      return
    }
    #expect(error.code == .unavailable && error.isRetryable)
    #expect(error.message.contains("127.0.0.1:\(port)") && error.message.contains("refused"), "\(error.message)")
    await client.shutdown()
    guard case .failure(let stopped) = await Self.echo(client, "") else {
      Issue.record("the client was shut down")
      return
    }
    #expect(stopped.code == .unavailable && !stopped.isRetryable)
  }

  @Test func connectingOnceSaysWhatIsWrong() async throws {
    let (placeholder, port) = try await Self.server()
    await placeholder.drain()
    await #expect(throws: RPCError(.unavailable, "cannot connect to 127.0.0.1:\(port): connection refused")) {
      try await RPCClient.connect(Self.configuration([port]), logger: Self.logger)
    }
    let (server, other) = try await Self.server()
    var wrongKey = Self.configuration([other])
    wrongKey.apiKey = "wrong"
    await #expect(throws: RPCError(.unauthenticated, "the API key is not valid here")) {
      try await RPCClient.connect(wrongKey, logger: Self.logger)
    }
    await #expect(throws: RPCError.self) { try await RPCClient.connect(Self.configuration([]), logger: Self.logger) }
    await server.drain()
  }

  @Test func aConnectionActsForItsAPIKey() async throws {
    let configuration = RPCServer.Configuration(host: "127.0.0.1", port: 0, transport: .plaintext(principal: .anonymous))
    let isValid = Atomic(true)
    let authenticator = RPCAuthenticator(apiKey: { key in
      guard key == "right", isValid.load(ordering: .relaxed) else { return nil }
      return Principal(name: "key", roles: [.admin], workspace: "w")
    })
    let server = try RPCServer(
      configuration: configuration, handlers: [Echo.handler], authenticator: authenticator, logger: Self.logger)
    let port = try #require(try await server.start().port)
    var keyed = Self.configuration([port])
    keyed.apiKey = "right"
    keyed.agent = "test/1"
    let client = try await RPCClient.connect(keyed, logger: Self.logger)
    #expect(await Self.echo(client, "x") == .success("x"))
    let stranger = try await RPCClient.connect(Self.configuration([port]), logger: Self.logger)
    #expect(
      await Self.echo(stranger, "x") == .failure(RPCError(.unauthenticated, "a certificate with a role or an API key is needed")))
    #expect(server.peers.map(\.principal) == ["key", "anonymous"])
    #expect(server.peers.first?.agent == "test/1" && server.peers.first?.roles == [.admin])
    isValid.store(false, ordering: .relaxed)
    server.disconnect { $0.name == "key" }
    while server.peers.contains(where: { $0.principal == "key" }) { await Task.yield() }
    await client.shutdown()
    await stranger.shutdown()
    await server.drain()
  }

  /// With several endpoints one that answers is enough.
  @Test func connectingOnceNeedsOneServerOnly() async throws {
    let (placeholder, nobody) = try await Self.server()
    await placeholder.drain()
    let (server, port) = try await Self.server()
    let client = try await RPCClient.connect(Self.configuration([nobody, port]), logger: Self.logger)
    #expect(await Self.echo(client, "x") == .success("x"))
    await client.shutdown()
    await server.drain()
  }

  @Test func aShutDownClientCutsOffStreamsAfterItsGrace() async throws {
    let method = RPCMethod<ListFlowsRequest, ListFlowsResponse>(
      service: "test.Calls", name: "Endless", shape: .serverStream, roles: [.admin])
    let handler = MethodHandler(
      service: method.service, name: method.name, roles: method.roles,
      body: .serverStream { _, _, _ in try await Task.sleep(for: .seconds(3600)) })
    let (server, port) = try await Self.server(handlers: [handler])
    let client = try await RPCClient.connect(Self.configuration([port]), logger: Self.logger)
    let stream = try await client.stream(method, ListFlowsRequest(), options: CallOptions())
    await client.shutdown(grace: .milliseconds(20))
    await #expect(throws: RPCError.self) { try await stream.next() }
    await server.drain()
  }

  // MARK: a server that is silent

  /// Says Hello and nothing else, as a machine that lost its network does.
  private final class SaysHelloOnly: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private var isGreeted = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard !isGreeted else { return }
      isGreeted = true
      var writer = FrameWriter()
      let hello = HelloResponse(
        protocolVersion: 1, extensions: ProtocolExtensions.all.names, initialCredit: 1, maxFrameBytes: 1000)
      writer.response(ResponseEnvelope(payload: EncodedMessage(hello)), streamID: 1)
      context.writeAndFlush(wrapOutboundOut(writer.take()), promise: nil)
    }
  }

  private static func silentServer() async throws -> (listener: any Channel, port: Int) {
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(SaysHelloOnly()) }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return (listener, try #require(listener.localAddress?.port))
  }

  @Test func aSilentServerIsFoundOut() async throws {
    let (listener, port) = try await Self.silentServer()
    var configuration = Self.configuration([port])
    configuration.timeouts.pingInterval = .milliseconds(50)
    configuration.timeouts.pingTimeout = .milliseconds(50)
    let client = try RPCClient(configuration: configuration, logger: Self.logger)
    client.start()
    #expect(
      await Self.echo(client, "x") == .failure(RPCError(.unavailable, "the connection was lost: the server is silent")))
    await client.shutdown()
    try await listener.close()
  }

  @Test func aSilentServerIsFoundOutSoonerWhereCallsGetNoAnswer() async throws {
    let (listener, port) = try await Self.silentServer()
    // Pings after ten seconds: what is found out before, the calls found out.
    let client = try await RPCClient.connect(Self.configuration([port]), logger: Self.logger)
    let start = ContinuousClock.now
    async let patient = Self.echo(client, "x", timeout: .seconds(60))
    #expect(await Self.echo(client, "x", timeout: .milliseconds(1600)) == .failure(noAnswer))
    #expect(await patient == .failure(RPCError(.unavailable, "the connection was lost: the server is silent")))
    #expect(ContinuousClock.now - start < .seconds(9))
    await client.shutdown()
    try await listener.close()
  }

  private let noAnswer = RPCError(.deadlineExceeded, "no answer within the timeout")

  /// A process that stops is not kept by what still waits for a connection.
  @Test(arguments: [false, true]) func aCancelledTaskWaitsForNoConnection(_ beforehand: Bool) async throws {
    let client = try RPCClient(configuration: Self.configuration([1]), logger: Self.logger)
    let (waits, waiting) = AsyncStream<Void>.makeStream()
    let task = Task {
      if beforehand { withUnsafeCurrentTask { $0?.cancel() } }
      waiting.finish()
      return await Self.echo(client, "x", timeout: .seconds(3600))
    }
    for await _ in waits {}
    task.cancel()
    guard case .failure(let error) = await task.value else {
      Issue.record("there is nobody to answer")
      return
    }
    #expect(error.code == .cancelled)
    await client.shutdown()
  }

  @Test func aRequestThatTheServerWouldNotTakeIsNotSent() async throws {
    let (listener, port) = try await Self.silentServer()
    let client = try await RPCClient.connect(Self.configuration([port]), logger: Self.logger)
    guard case .failure(let error) = await Self.echo(client, String(repeating: "x", count: 2000)) else {
      Issue.record("the server takes 1,000 bytes")
      return
    }
    #expect(error.code == .resourceExhausted && !error.isRetryable)
    await client.shutdown()
    try await listener.close()
  }

  // MARK: calls from event loops

  @Test func submittedCallsAnswerOnTheirEventLoop() async throws {
    let (server, port) = try await Self.server()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
    let loops = Array(group.makeIterator())
    var configuration = Self.configuration([port])
    configuration.eventLoops = Array(loops.prefix(2))
    let client = try await RPCClient.connect(configuration, logger: Self.logger)
    // The third has no connection of its own and uses those of the others.
    for loop in loops {
      let answers = (0..<100).map { number in
        loop.flatSubmit {
          let answer = loop.makePromise(of: String.self)
          client.submit(Echo.method, ListFlowsRequest(cursor: "\(number)"), timeout: .seconds(20), on: loop) { result in
            loop.assertInEventLoop()
            answer.completeWith(result.map(\.nextCursor).mapError { $0 })
          }
          return answer.futureResult
        }
      }
      for (number, answer) in answers.enumerated() { #expect(try await answer.get() == "\(number)") }
    }
    await client.shutdown()
    await server.drain()
    try await group.shutdownGracefully()
  }

  /// What a submitted call without a connection comes to.
  private static func submit(_ client: RPCClient, waits: Bool) async throws -> Result<String, RPCError> {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    return try await loop.flatSubmit {
      let answer = loop.makePromise(of: Result<String, RPCError>.self)
      var hasReturned = false
      let connection = client.submit(
        Echo.method, ListFlowsRequest(cursor: "x"), timeout: .seconds(10), waits: waits, on: loop
      ) { result in
        #expect(hasReturned, "never before the call returns")
        answer.succeed(result.map(\.nextCursor))
      }
      #expect(connection == nil)
      hasReturned = true
      return answer.futureResult
    }.get()
  }

  @Test func submittedCallsFailAtOnceOrWait() async throws {
    let (placeholder, port) = try await Self.server()
    await placeholder.drain()
    let client = try RPCClient(configuration: Self.configuration([port]), logger: Self.logger)
    guard case .failure(let error) = try await Self.submit(client, waits: false) else {
      Issue.record("there is no connection")
      return
    }
    #expect(error.code == .unavailable && error.isRetryable)
    async let waiting = Self.submit(client, waits: true)
    while client.state.withLockedValue({ $0.waiting.count }) == 0 { await Task.yield() }
    let (server, _) = try await Self.server(port: port)
    client.start()
    #expect(try await waiting == .success("x"))
    await client.shutdown()
    await server.drain()
  }

  /// A repeated call goes to another server than the one that failed it.
  @Test func repeatedCallsGoToAnotherConnection() async throws {
    func named(_ name: String) -> MethodHandler {
      MethodHandler(
        service: Echo.method.service, name: Echo.method.name, roles: [.admin],
        body: .unary { _, _ in EncodedMessage(ListFlowsResponse(nextCursor: name)) })
    }
    let (one, onePort) = try await Self.server(handlers: [named("one")])
    let (two, twoPort) = try await Self.server(handlers: [named("two")])
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let client = try await RPCClient.connect(Self.configuration([onePort, twoPort]), logger: Self.logger)
    // Both are needed.
    while client.state.withLockedValue({ $0.ports.count }) < 2 { await Task.yield() }
    for _ in 0..<10 {
      let names = try await loop.flatSubmit {
        let names = loop.makePromise(of: [String].self)
        var connection: ConnectionID?
        connection = client.submit(Echo.method, .init(), timeout: .seconds(10), on: loop) { first in
          client.submit(Echo.method, .init(), timeout: .seconds(10), avoiding: connection, on: loop) { second in
            names.completeWith(Result { [try first.get().nextCursor, try second.get().nextCursor] })
          }
        }
        return names.futureResult
      }.get()
      #expect(Set(names) == ["one", "two"])
    }
    await client.shutdown()
    await one.drain()
    await two.drain()
  }

  // MARK: garbage

  /// Random bytes into real connections, while a client of good manners goes on.
  @Test func garbageOnOneConnectionDoesNotDisturbAnother() async throws {
    let (server, port) = try await Self.server()
    let client = try await RPCClient.connect(Self.configuration([port]), logger: Self.logger)
    var random = SeededGenerator(seed: 1)
    for _ in 0..<50 {
      let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: port).get()
      let garbage = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &random) }
      // The first length decides whether the server waits for more or hangs up.
      channel.writeAndFlush(ByteBuffer(bytes: [0, 0, 0, UInt8.random(in: 0...255, using: &random)] + garbage), promise: nil)
      #expect(await Self.echo(client, "x") == .success("x"))
      try? await channel.close()
    }
    await client.shutdown()
    await server.drain()
    #expect(server.peers.isEmpty)
  }
}
