import HeadgateProto
import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import RPC

/// A client's connection, fed with a server's bytes. The clock stands still unless it is moved.
@Suite struct ClientConnectionTests {
  /// A server as the connection sees it, played by the test.
  private final class Server {
    let channel = EmbeddedChannel()
    let connection: ClientConnection
    let port: ClientPort
    private var decoder = FrameDecoder()

    init(apiKey: String? = nil) throws {
      let configuration = RPCClient.Configuration(endpoints: [], transport: .plaintext, apiKey: apiKey)
      port = ClientPort(id: ConnectionID(number: 1), eventLoop: channel.eventLoop)
      let said = Said()
      connection = ClientConnection(
        configuration: configuration, port: port,
        observer: .init(
          ready: { _, _ in said.add("ready") }, goingAway: { _ in said.add("going away") },
          closed: { _, loss in said.add("closed: \(loss.refusal?.message ?? loss.failure.reason)") }),
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
      self.said = said
      try channel.pipeline.syncOperations.addHandler(connection)
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
      channel.embeddedEventLoop.run()
    }

    /// What the connection told its owner.
    final class Said: Sendable {
      let words = Mutex<[String]>([])
      func add(_ word: String) { words.withLock { $0.append(word) } }
    }
    let said: Said
    var told: [String] { said.words.withLock { $0 } }

    func send(_ fill: (inout FrameWriter) -> Void) throws {
      var writer = FrameWriter()
      fill(&writer)
      try channel.writeInbound(writer.take())
    }

    func greet(_ extensions: [String] = ProtocolExtensions.all.names) throws {
      let hello = HelloResponse(protocolVersion: 1, extensions: extensions, initialCredit: 4, maxFrameBytes: 1 << 20)
      try send { $0.response(ResponseEnvelope(payload: EncodedMessage(hello)), streamID: 1) }
    }

    func call(
      _ cursor: String = "", timeout: TimeAmount = .seconds(30), _ complete: @escaping (Result<ByteBuffer, RPCError>) -> Void
    ) {
      let envelope = RequestEnvelope(
        service: Echo.method.service, method: Echo.method.name, payload: EncodedMessage(ListFlowsRequest(cursor: cursor)))
      connection.start(envelope, deadline: channel.eventLoop.now + timeout, complete: complete)
    }

    func run() { channel.embeddedEventLoop.run() }
    func pass(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }

    func writes() throws -> [ByteBuffer] {
      var writes: [ByteBuffer] = []
      while let write = try channel.readOutbound(as: ByteBuffer.self) { writes.append(write) }
      return writes
    }

    /// Types and streams of the frames written so far.
    func frames() throws -> [String] {
      var frames: [String] = []
      for write in try writes() {
        decoder.append(write)
        while let frame = try decoder.next() {
          frames.append("\(String(frame.header.type.rawValue, radix: 16)) \(frame.header.streamID)")
        }
      }
      return frames
    }

    func finish() { _ = try? channel.finish(acceptAlreadyClosed: true) }
  }

  @Test func readyFollowsHelloAndThenTheAPIKey() throws {
    let plain = try Server()
    defer { plain.finish() }
    #expect(try plain.frames() == ["1 1"])
    #expect(plain.told.isEmpty)
    try plain.greet()
    #expect(plain.told == ["ready"])
    let keyed = try Server(apiKey: "k")
    defer { keyed.finish() }
    try keyed.greet()
    #expect(keyed.told.isEmpty)
    #expect(try keyed.frames() == ["1 1", "1 3"])
    try keyed.send { $0.response(ResponseEnvelope(payload: EncodedMessage(AuthenticateResponse(principal: "p"))), streamID: 3) }
    #expect(keyed.told == ["ready"])
  }

  @Test func aPlainServerIsSpokenToPlainly() throws {
    let server = try Server()
    defer { server.finish() }
    try server.send { $0.response(RPCError(.unimplemented, "no such service"), streamID: 1) }
    #expect(server.told == ["ready"])
    server.pass(.seconds(100))
    #expect(try server.frames() == ["1 1"], "no pings")
  }

  @Test func aRefusalIsPassedOnInTheServersWords() throws {
    let server = try Server(apiKey: "wrong")
    defer { server.finish() }
    try server.greet()
    try server.send { $0.response(RPCError(.unauthenticated, "not this key"), streamID: 3) }
    server.run()
    #expect(server.told == ["closed: not this key"])
  }

  @Test func aServerThatDoesNotGreetIsGivenUp() throws {
    let server = try Server()
    defer { server.finish() }
    server.pass(.seconds(5))
    #expect(server.told == ["closed: no answer in time"])
  }

  @Test func callsOfOneTurnLeaveWithOneWrite() throws {
    let server = try Server()
    defer { server.finish() }
    try server.greet()
    _ = try server.writes()
    var answers = 0
    for _ in 0..<64 { server.call { if case .success = $0 { answers += 1 } } }
    server.run()
    let writes = try server.writes()
    #expect(writes.count == 1)
    try server.send { writer in
      for number in 0..<64 {
        writer.response(ResponseEnvelope(payload: EncodedMessage(ListFlowsResponse())), streamID: UInt32(2 * number + 3))
      }
    }
    #expect(answers == 64)
  }

  @Test func aCallThatTakesTooLongIsCancelled() throws {
    let server = try Server()
    defer { server.finish() }
    try server.greet()
    _ = try server.frames()
    var result: Result<ByteBuffer, RPCError>?
    server.call(timeout: .seconds(2)) { result = $0 }
    server.pass(.seconds(2))
    #expect(result == .failure(RPCError(.deadlineExceeded, "no answer within the timeout")))
    // The server has not been heard since: it is pinged as well.
    #expect(try server.frames() == ["1 3", "82 3", "80 0"])
    try server.send { $0.response(ResponseEnvelope(payload: EncodedMessage(ListFlowsResponse())), streamID: 3) }
    #expect(server.channel.isActive, "an answer that comes too late is no fault")
  }

  @Test func aLostConnectionFailsItsCalls() throws {
    let server = try Server()
    defer { server.finish() }
    try server.greet()
    var result: Result<ByteBuffer, RPCError>?
    server.call { result = $0 }
    server.channel.pipeline.fireChannelInactive()
    guard case .failure(let error) = result else {
      Issue.record("the call is over")
      return
    }
    #expect(error.code == .unavailable && error.isRetryable)
    #expect(server.told == ["ready", "closed: the connection was closed"])
    var late: Result<ByteBuffer, RPCError>?
    server.call { late = $0 }
    #expect(late == nil, "never before the call returns")
    server.run()
    #expect(late == .failure(ClientPort.lost))
  }

  @Test func goingAwayGivesCallsBackAndClosesWhenTheRestIsDone() throws {
    let server = try Server()
    defer { server.finish() }
    try server.greet()
    var results: [String] = []
    for name in ["taken", "not taken"] {
      server.call { result in
        if case .failure(let error) = result { results.append("\(name): \(error.code)") } else { results.append("\(name): ok") }
      }
    }
    server.run()
    try server.send { $0.frame(.goAway, streamID: 0, payload: GoAway(lastStreamID: 3, reason: "").payload) }
    #expect(results == ["not taken: unavailable"])
    #expect(server.told == ["ready", "going away"])
    #expect(server.channel.isActive)
    try server.send { $0.response(ResponseEnvelope(payload: EncodedMessage(ListFlowsResponse())), streamID: 3) }
    #expect(results == ["not taken: unavailable", "taken: ok"])
    server.run()
    #expect(!server.channel.isActive)
  }

  /// What cannot be meant ends the connection and with it its calls.
  @Test(arguments: [
    FrameHeader(type: .response, streamID: 2, length: 0), FrameHeader(type: .response, streamID: 99, length: 0),
    FrameHeader(type: .request, streamID: 1, length: 0), FrameHeader(type: .data, streamID: 4, length: 0),
    FrameHeader(type: .response, streamID: 3, length: 4 << 20 | 1),
    FrameHeader(type: .ping, streamID: 0, length: 0), FrameHeader(type: .goAway, streamID: 0, length: 0),
  ])
  func hostileFramesEndTheConnection(header: FrameHeader) throws {
    let server = try Server()
    defer { server.finish() }
    try server.greet()
    var result: Result<ByteBuffer, RPCError>?
    server.call { result = $0 }
    var bytes = ByteBuffer()
    header.write(into: &bytes)
    try server.channel.writeInbound(bytes)
    server.run()
    #expect(!server.channel.isActive)
    guard case .failure(let error) = result else {
      Issue.record("the call is over")
      return
    }
    #expect(error.code == .unavailable)
  }

  /// A response that is none fails its call alone.
  @Test func aResponseThatIsNoneFailsItsCall() throws {
    let server = try Server()
    defer { server.finish() }
    try server.greet()
    var result: Result<ByteBuffer, RPCError>?
    server.call { result = $0 }
    try server.send { $0.frame(.response, streamID: 3, payload: ByteBuffer(bytes: [0xff, 0xff])) }
    guard case .failure(let error) = result else {
      Issue.record("it is no response")
      return
    }
    #expect(error.code == .internal)
    #expect(server.channel.isActive)
  }

  @Test(arguments: 0..<64)
  func randomBytesDoNoHarm(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let server = try Server()
    defer { server.finish() }
    try server.greet()
    var (started, ended) = (0, 0)
    for _ in 0..<200 where server.channel.isActive {
      server.call(timeout: .milliseconds(Int64.random(in: 0...2000, using: &random))) { _ in ended += 1 }
      started += 1
      var bytes = ByteBuffer()
      let types: [UInt8] = [1, 2, 2, 2, 3, 0x80, 0x81, 0x82, 0x83, 0x84, .random(in: 0...255, using: &random)]
      var payload = ByteBuffer(
        bytes: (0..<Int.random(in: 0...12, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
      if Bool.random(using: &random) { payload = ByteBuffer() }
      FrameHeader(
        type: FrameType(rawValue: types.randomElement(using: &random) ?? 2),
        flags: FrameFlags(rawValue: .random(in: 0...7, using: &random)),
        streamID: UInt32.random(in: 0...UInt32(2 * started), using: &random) | 1, length: payload.readableBytes
      ).write(into: &bytes)
      bytes.writeImmutableBuffer(payload)
      if Int.random(in: 0..<20, using: &random) == 0 { bytes = bytes.getSlice(at: 0, length: bytes.readableBytes / 2) ?? bytes }
      try server.channel.writeInbound(bytes)
      _ = try server.writes()
      server.pass(.milliseconds(Int64.random(in: 0...100, using: &random)))
    }
    if server.channel.isActive { server.channel.pipeline.fireChannelInactive() }
    server.run()
    #expect(ended == started, "every call ends exactly once")
  }
}
