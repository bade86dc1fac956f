import HeadgateProto
import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import RPC

/// A server's connection, fed with bytes: what it answers, and when it hangs up. The clock stands still unless it is moved.
@Suite struct ServerConnectionTests {
  /// A peer of a connection.
  fileprivate final class Peer {
    let channel: EmbeddedChannel
    let core: ServerCore
    private var decoder = FrameDecoder()

    init(
      principal: Principal = .testAdmin, handlers: [MethodHandler] = [], _ change: (inout RPCServer.Limits) -> Void = { _ in }
    ) throws {
      var configuration = RPCServer.Configuration(
        host: "", port: 0, transport: .plaintext(principal: principal), agent: "server/1", instanceID: "i")
      change(&configuration.limits)
      core = ServerCore(
        configuration: configuration, methods: try MethodTable(handlers), authenticator: .certificatesOnly,
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
      channel = EmbeddedChannel()
      try core.adopt(channel, .plaintext(principal))
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func send(_ bytes: ByteBuffer) throws { try channel.writeInbound(bytes) }

    func send(_ type: FrameType, _ streamID: UInt32, flags: FrameFlags = [], _ payload: ByteBuffer = ByteBuffer()) throws {
      try send(Peer.frame(type, streamID, flags: flags, payload))
    }

    static func frame(
      _ type: FrameType, _ streamID: UInt32, flags: FrameFlags = [], _ payload: ByteBuffer = ByteBuffer()
    ) -> ByteBuffer {
      var buffer = ByteBuffer()
      FrameHeader(type: type, flags: flags, streamID: streamID, length: payload.readableBytes).write(into: &buffer)
      buffer.writeImmutableBuffer(payload)
      return buffer
    }

    static func request<Request, Response>(
      _ method: RPCMethod<Request, Response>, _ request: Request, timeout: Duration? = nil
    ) -> ByteBuffer {
      var buffer = ByteBuffer()
      RequestEnvelope(service: method.service, method: method.name, payload: EncodedMessage(request), timeout: timeout)
        .encode(into: &buffer)
      return buffer
    }

    func hello(_ extensions: [String] = ProtocolExtensions.all.names) throws {
      try send(
        .request, 1, Peer.request(SessionServiceMethods.hello, HelloRequest(protocolVersion: 1, extensions: extensions)))
      _ = try frames()
    }

    /// The writes so far, each as one.
    func writes() throws -> [ByteBuffer] {
      var writes: [ByteBuffer] = []
      while let write = try channel.readOutbound(as: ByteBuffer.self) { writes.append(write) }
      return writes
    }

    /// The frames written so far.
    func frames() throws -> [Frame] {
      var frames: [Frame] = []
      for write in try writes() {
        decoder.append(write)
        while let frame = try decoder.next() { frames.append(frame) }
      }
      return frames
    }

    /// The frames written so far in short: "response 1 notFound", "data 3", "ping 0".
    func answers() throws -> [String] {
      try frames().map { frame in
        switch frame.header.type {
        case .response:
          let status = try ReceivedResponse(decoding: frame.payload).status
          return "response \(frame.header.streamID) \(status.flatMap(RPCError.init)?.code ?? .ok)"
        case .data: return "data \(frame.header.streamID)"
        case .ping: return "ping \(frame.header.streamID)"
        case .pong: return "pong \(frame.header.streamID)"
        case .goAway: return "goAway"
        case .credit: return "credit \(frame.header.streamID)"
        default: return "type \(frame.header.type.rawValue)"
        }
      }
    }

    var isOpen: Bool { channel.isActive }

    func pass(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }

    /// The end of a test: nothing is left behind.
    func finish() {
      _ = try? channel.finish(acceptAlreadyClosed: true)
    }
  }

  /// Answers at once, with the request's cursor.
  private static let direct = MethodHandler(
    service: Echo.method.service, name: Echo.method.name, roles: [.admin],
    body: .direct { payload, _, reply in
      let cursor = (try? ListFlowsRequest(decoding: payload))?.cursor ?? ""
      reply(.success(EncodedMessage(ListFlowsResponse(nextCursor: cursor))))
    })

  /// Never answers by itself.
  private static let silent = MethodHandler(
    service: Echo.method.service, name: Echo.method.name, roles: [.admin], body: .direct { _, _, _ in })

  // MARK: hostile frames

  /// Each of these ends the connection, with an answer that says why.
  @Test(arguments: [
    (FrameHeader(type: .request, streamID: 2, length: 0), "response 2 invalidArgument"),
    (FrameHeader(type: .request, streamID: 0, length: 0), "response 0 invalidArgument"),
    (FrameHeader(type: .response, streamID: 1, length: 0), "response 1 invalidArgument"),
    (FrameHeader(type: .data, streamID: 1, length: 0), "response 1 invalidArgument"),
    (FrameHeader(type: .request, streamID: 1, length: 4 << 20 | 1), "response 1 resourceExhausted"),
    (FrameHeader(type: .request, streamID: 1, length: 1 << 31), "response 1 resourceExhausted"),
    (FrameHeader(type: .request, streamID: 1, length: Int(UInt32.max)), "response 1 resourceExhausted"),
    (FrameHeader(type: FrameType(rawValue: 99), streamID: 1, length: Int(UInt32.max)), "response 1 resourceExhausted"),
  ])
  func hostileFramesEndTheConnection(header: FrameHeader, answer: String) throws {
    let peer = try Peer()
    defer { peer.finish() }
    var bytes = ByteBuffer()
    header.write(into: &bytes)
    try peer.send(bytes)
    #expect(try peer.answers() == [answer])
    #expect(!peer.isOpen)
  }

  /// One request is wrong, the connection is not.
  @Test(
    arguments: [
      (ByteBuffer(bytes: [0xff, 0xff]), FrameFlags(), "response 1 invalidArgument"),
      (Peer.request(Echo.method, .init()), [.remoteOpen, .remoteClosed], "response 1 invalidArgument"),
      (Peer.request(Echo.method, .init()), .remoteOpen, "response 1 invalidArgument"),
      (ByteBuffer(), [], "response 1 unimplemented"),
      (Peer.request(Echo.method, .init(), timeout: .nanoseconds(1)), [], "response 1 ok"),
    ] as [(ByteBuffer, FrameFlags, String)])
  func wrongRequestsAreAnsweredAlone(payload: ByteBuffer, flags: FrameFlags, answer: String) throws {
    let peer = try Peer(handlers: [Self.direct])
    defer { peer.finish() }
    try peer.send(.request, 1, flags: flags, payload)
    #expect(try peer.answers() == [answer])
    try peer.send(.request, 3, Peer.request(Echo.method, .init()))
    #expect(try peer.answers() == ["response 3 ok"])
  }

  @Test func aNegativeTimeoutHasPassed() throws {
    let peer = try Peer(handlers: [Self.direct])
    defer { peer.finish() }
    let request = TTRPCRequest(service: Echo.method.service, method: Echo.method.name, timeoutNano: -1)
    var payload = ByteBuffer()
    request.encode(into: &payload)
    try peer.send(.request, 1, payload)
    #expect(try peer.answers() == ["response 1 deadlineExceeded"])
  }

  @Test func aPeerWithoutRightsMaySendShortFramesOnly() throws {
    let peer = try Peer(principal: .anonymous) { $0.frameBytesBeforeAuthentication = 1000 }
    defer { peer.finish() }
    try peer.send(.request, 1, ByteBuffer(repeating: 0, count: 1000))
    #expect(try peer.answers() == ["response 1 invalidArgument"])
    var header = ByteBuffer()
    FrameHeader(type: .request, streamID: 3, length: 1001).write(into: &header)
    try peer.send(header)
    #expect(try peer.answers() == ["response 3 resourceExhausted"])
    #expect(!peer.isOpen)
  }

  /// A hundred thousand streams opened at once cost no more than the limit allows, and the connection lives.
  @Test func floodsOfStreamsAreRefusedOneByOne() throws {
    let peer = try Peer(handlers: [Self.silent]) { $0.streamsPerConnection = 10 }
    defer { peer.finish() }
    let payload = Peer.request(Echo.method, .init())
    var refused = 0
    for batch in 0..<100 {
      var bytes = ByteBuffer()
      for number in 0..<1000 {
        bytes.writeImmutableBuffer(Peer.frame(.request, UInt32(2 * (1000 * batch + number) + 1), payload))
      }
      try peer.send(bytes)
      refused += try peer.answers().count { $0.hasSuffix("resourceExhausted") }
    }
    #expect(refused == 99_990)
    #expect(peer.isOpen)
  }

  /// Whatever bytes come, the connection answers or ends; a seed that fails can be run again.
  @Test(arguments: 0..<64)
  func randomBytesDoNoHarm(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let peer = try Peer(handlers: [Self.direct])
    defer { peer.finish() }
    if Bool.random(using: &random) { try peer.hello() }
    for _ in 0..<200 where peer.isOpen {
      var bytes = ByteBuffer()
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let types: [UInt8] = [1, 1, 1, 2, 3, 3, 0x80, 0x81, 0x82, 0x83, 0x84, .random(in: 0...255, using: &random)]
        let payload = Peer.randomPayload(&random)
        // Mostly sensible headers, so that the connection lives long enough to be tried further.
        let streamID = UInt32.random(in: 0...400, using: &random) | (Int.random(in: 0..<20, using: &random) > 0 ? 1 : 0)
        FrameHeader(
          type: FrameType(rawValue: types.randomElement(using: &random) ?? 1),
          flags: .init(rawValue: .random(in: 0...7, using: &random)),
          streamID: streamID, length: payload.readableBytes
        ).write(into: &bytes)
        bytes.writeImmutableBuffer(payload)
      }
      if Int.random(in: 0..<10, using: &random) == 0 { bytes = bytes.getSlice(at: 0, length: bytes.readableBytes / 2) ?? bytes }
      try peer.send(bytes)
      _ = try peer.writes()
      peer.pass(.milliseconds(Int64.random(in: 0...500, using: &random)))
    }
    #expect(peer.core.peers.count == (peer.isOpen ? 1 : 0))
  }

  // MARK: one write for one turn

  @Test func answersOfOneReadLeaveWithOneWrite() throws {
    let peer = try Peer(handlers: [Self.direct])
    defer { peer.finish() }
    var bytes = ByteBuffer()
    for number in 0..<64 {
      bytes.writeImmutableBuffer(Peer.frame(.request, UInt32(2 * number + 1), Peer.request(Echo.method, .init(cursor: "c"))))
    }
    try peer.send(bytes)
    let writes = try peer.writes()
    #expect(writes.count == 1)
    #expect(writes.first?.readableBytes ?? 0 > 64 * FrameHeader.byteCount)
  }

  // MARK: Hello

  @Test func helloSaysWhatWasAgreed() throws {
    let peer = try Peer()
    defer { peer.finish() }
    let request = HelloRequest(protocolVersion: 7, extensions: ["credit", "telepathy", "ping"], agent: "a/1")
    try peer.send(.request, 1, Peer.request(SessionServiceMethods.hello, request))
    let frame = try #require(try peer.frames().first)
    let response = try HelloResponse(decoding: try ReceivedResponse(decoding: frame.payload).payload)
    #expect(response.protocolVersion == 1)
    #expect(response.extensions == ["ping", "credit"])
    #expect(response.pingIntervalMs == 10_000 && response.pingTimeoutMs == 5000)
    #expect(response.initialCredit == 64 && response.maxFrameBytes == 4 << 20)
    #expect(response.agent == "server/1" && response.instanceId == "i")
    #expect(peer.core.peers.map(\.agent) == ["a/1"])
    try peer.send(.request, 3, Peer.request(SessionServiceMethods.hello, request))
    #expect(try peer.answers() == ["response 3 failedPrecondition"])
  }

  @Test func helloNeedsAVersion() throws {
    let peer = try Peer()
    defer { peer.finish() }
    try peer.send(.request, 1, Peer.request(SessionServiceMethods.hello, HelloRequest()))
    #expect(try peer.answers() == ["response 1 invalidArgument"])
  }

  @Test func pingsAreAnsweredOnlyAfterHello() throws {
    let peer = try Peer()
    defer { peer.finish() }
    let ping = ByteBuffer(integer: UInt64(42))
    try peer.send(.ping, 0, ping)
    #expect(try peer.answers().isEmpty)
    try peer.hello()
    try peer.send(.ping, 0, ping)
    let pong = try #require(try peer.frames().first)
    #expect(pong.header.type == .pong && pong.payload == ping)
  }

  // MARK: time

  @Test func aSilentPeerIsPingedAndThenCutOff() throws {
    let peer = try Peer()
    defer { peer.finish() }
    try peer.hello()
    peer.pass(.seconds(9))
    #expect(try peer.answers().isEmpty)
    peer.pass(.seconds(1))
    #expect(try peer.answers() == ["ping 0"])
    try peer.send(.pong, 0, ByteBuffer(integer: UInt64(1)))
    peer.pass(.seconds(10))
    #expect(try peer.answers() == ["ping 0"])
    peer.pass(.seconds(5))
    #expect(!peer.isOpen)
  }

  @Test func aPlainClientIsNotPingedButMayNotIdleForever() throws {
    let peer = try Peer(handlers: [Self.direct])
    defer { peer.finish() }
    peer.pass(.seconds(3599))
    #expect(try peer.answers().isEmpty)
    try peer.send(.request, 1, Peer.request(Echo.method, .init()))
    #expect(try peer.answers() == ["response 1 ok"])
    peer.pass(.seconds(3599))
    #expect(peer.isOpen)
    peer.pass(.seconds(1))
    #expect(!peer.isOpen)
  }

  @Test func callsEndAtTheirDeadlines() throws {
    let peer = try Peer(handlers: [Self.silent])
    defer { peer.finish() }
    for (streamID, timeout) in [(UInt32(1), Duration.seconds(5)), (3, .seconds(2)), (5, .seconds(100_000))] {
      try peer.send(.request, streamID, Peer.request(Echo.method, .init(), timeout: timeout))
    }
    try peer.send(.request, 7, Peer.request(Echo.method, .init()))
    peer.pass(.seconds(2))
    #expect(try peer.answers() == ["response 3 deadlineExceeded"])
    peer.pass(.seconds(3))
    #expect(try peer.answers() == ["response 1 deadlineExceeded"])
    peer.pass(.seconds(25))
    #expect(try peer.answers() == ["response 7 deadlineExceeded"], "30 s when the caller does not say")
    peer.pass(.seconds(570))
    #expect(try peer.answers() == ["response 5 deadlineExceeded"], "600 s at the most")
  }

  @Test func halfAFrameIsNotWaitedForForever() throws {
    let peer = try Peer()
    defer { peer.finish() }
    try peer.send(ByteBuffer(bytes: [0, 0, 0]))
    for _ in 0..<29 {
      peer.pass(.seconds(1))
      #expect(peer.isOpen)
    }
    peer.pass(.seconds(1))
    #expect(!peer.isOpen)
  }

  // MARK: the end

  @Test func aDrainTellsLetsFinishAndCloses() throws {
    let reply = Mutex<(@Sendable (Result<EncodedMessage, RPCError>) -> Void)?>(nil)
    let handler = MethodHandler(
      service: Echo.method.service, name: Echo.method.name, roles: [.admin],
      body: .direct { _, _, complete in reply.withLock { $0 = complete } })
    let peer = try Peer(handlers: [handler])
    defer { peer.finish() }
    try peer.hello()
    try peer.send(.request, 3, Peer.request(Echo.method, .init()))
    peer.core.drain(by: peer.channel.eventLoop.now + .seconds(20))
    peer.channel.embeddedEventLoop.run()
    #expect(try peer.answers() == ["goAway"])
    try peer.send(.request, 5, Peer.request(Echo.method, .init()))
    #expect(try peer.answers() == ["response 5 unavailable"])
    reply.withLock { $0 }?(.success(EncodedMessage(ListFlowsResponse())))
    peer.channel.embeddedEventLoop.run()
    #expect(try peer.answers() == ["response 3 ok"])
    #expect(peer.isOpen, "the client closes, so that it has read everything")
    peer.pass(.seconds(1))
    #expect(!peer.isOpen)
    #expect(!peer.core.admit(), "nobody comes in any more")
  }

  @Test func connectionsAreMadeAnewWhenTheClockWasSet() throws {
    let peer = try Peer(handlers: [Echo.handler])
    defer { peer.finish() }
    try peer.hello()
    peer.core.clockWasSet(by: -3_600_000_000)
    peer.channel.embeddedEventLoop.run()
    #expect(try peer.answers() == ["goAway"])
    #expect(peer.core.admit(), "the next one is welcome")
    peer.pass(.seconds(1))
    #expect(!peer.isOpen)
  }

  @Test func aDrainDoesNotWaitForEver() throws {
    let peer = try Peer(handlers: [Self.silent])
    defer { peer.finish() }
    try peer.send(.request, 1, Peer.request(Echo.method, .init()))
    peer.core.drain(by: peer.channel.eventLoop.now + .seconds(5))
    peer.pass(.seconds(4))
    #expect(peer.isOpen)
    peer.pass(.seconds(1))
    #expect(!peer.isOpen)
  }

  @Test func rightsThatEndCutTheConnection() throws {
    let peer = try Peer(handlers: [Self.silent])
    defer { peer.finish() }
    try peer.hello()
    peer.core.disconnect { $0.name == "someone else" }
    peer.channel.embeddedEventLoop.run()
    #expect(peer.isOpen)
    peer.core.disconnect { $0.name == "admin" }
    peer.channel.embeddedEventLoop.run()
    #expect(try peer.answers() == ["goAway"])
    #expect(!peer.isOpen)
    #expect(peer.core.peers.isEmpty)
  }

  @Test func connectionsAreCounted() throws {
    let peer = try Peer { $0.connections = 2 }
    defer { peer.finish() }
    #expect(peer.core.admit())
    #expect(!peer.core.admit())
    peer.core.release()
    #expect(peer.core.admit())
  }
}

extension ServerConnectionTests.Peer {
  /// Garbage, or a request, or a request that was damaged.
  fileprivate static func randomPayload(_ random: inout SeededGenerator) -> ByteBuffer {
    if Int.random(in: 0..<4, using: &random) == 0 {
      return ByteBuffer(
        bytes: (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
    var payload = request(Echo.method, ListFlowsRequest(workspace: "w", cursor: "c"), timeout: .seconds(1))
    if Bool.random(using: &random) {
      let place = Int.random(in: 0..<payload.readableBytes, using: &random)
      payload.setInteger(UInt8.random(in: 0...255, using: &random), at: place)
    }
    return payload
  }
}

/// Random numbers that can be had again (SplitMix64, https://prng.di.unimi.it/splitmix64.c).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}
