import Cryptography
import HeadgateProto
import Identifiers
import Logging
import NIOCore
import NIOPosix
import Settings
import Synchronization
import Testing

@testable import ControlPlane

@Suite("LiveTriggers")
struct LiveTriggersTests {
  private func shown(_ flow: UniqueID, _ keys: String..., version: Int32 = 1) -> LiveTriggers.Flow {
    LiveTriggers.Flow(entries: keys.map { entry(flow, $0, version) }, fingerprint: nil)
  }

  private func entry(_ flow: UniqueID, _ key: String, _ version: Int32) -> LiveEntry {
    LiveEntry(
      LiveEntry.Content(
        workspace: .random(), flow: flow, flowVersion: version, trigger: .random(), node: "n", key: Array(key.utf8),
        state: .disabled(nil)))
  }

  @Test("a load that began earlier never replaces one that began later")
  func order() {
    let triggers = LiveTriggers()
    let flow = UniqueID.random()
    let (first, second) = (triggers.ticket(), triggers.ticket())
    triggers.install(shown(flow, "a", version: 2), of: flow, second)
    triggers.install(shown(flow, "a", version: 1), of: flow, first)
    #expect(triggers.entry(Array("a".utf8))?.flowVersion == 2)
  }

  @Test("a load of everything does not bring back what was deleted since it began")
  func deletedSince() {
    let triggers = LiveTriggers()
    let flow = UniqueID.random()
    #expect(!triggers.isLoaded)
    triggers.installAll([flow: shown(flow, "a")], triggers.ticket())
    #expect(triggers.isLoaded)
    let full = triggers.ticket()
    triggers.install(.none, of: flow, triggers.ticket())
    #expect(triggers.entry(Array("a".utf8)) == nil)
    triggers.installAll([flow: shown(flow, "a")], full)
    #expect(triggers.entry(Array("a".utf8)) == nil)
    #expect(triggers.count == 0)
  }

  @Test("a load of everything removes what is gone, and a flow's load its lost keys")
  func removal() {
    let triggers = LiveTriggers()
    let (one, two) = (UniqueID.random(), UniqueID.random())
    triggers.installAll([one: shown(one, "a", "b"), two: shown(two, "c")], triggers.ticket())
    #expect(triggers.count == 3)
    triggers.install(shown(one, "b"), of: one, triggers.ticket())
    #expect(triggers.entry(Array("a".utf8)) == nil)
    triggers.installAll([one: shown(one, "b")], triggers.ticket())
    #expect(triggers.entry(Array("c".utf8)) == nil)
    #expect(triggers.count == 1)
  }

  @Test("a flow's load that began before the last load of everything is too old, also when that had removed the flow")
  func olderThanAll() {
    let triggers = LiveTriggers()
    let flow = UniqueID.random()
    let old = triggers.ticket()
    triggers.installAll([:], triggers.ticket())
    triggers.install(shown(flow, "a"), of: flow, old)
    #expect(triggers.count == 0)
  }
}

@Suite("RunBell")
struct RunBellTests {
  @Test("a ring between ticket and wait is not missed")
  func ringBefore() async {
    let bell = RunBell()
    let workspace = UniqueID.random()
    let ticket = bell.ticket(workspace)
    bell.ring(workspace, flow: nil)
    let start = ContinuousClock.now
    await bell.wait(workspace, flow: nil, since: ticket, atMost: .seconds(60))
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  @Test("only those are woken for whom the ring is meant")
  func flows() async throws {
    let bell = RunBell()
    let (workspace, flow, other) = (UniqueID.random(), UniqueID.random(), UniqueID.random())
    let ticket = bell.ticket(workspace)
    let waiter = Task { await bell.wait(workspace, flow: flow, since: ticket, atMost: .seconds(60)) }
    #expect(try await eventually { bell.waiting == 1 })
    bell.ring(.random(), flow: nil)
    bell.ring(workspace, flow: other)
    #expect(bell.waiting == 1)
    bell.ring(workspace, flow: flow)
    await waiter.value
    #expect(bell.waiting == 0)
  }

  @Test("a ring wakes one of a line; who got something wakes the next")
  func lines() async throws {
    let bell = RunBell()
    let (workspace, flow) = (UniqueID.random(), UniqueID.random())
    let ticket = bell.ticket(workspace)
    let waiters = (0..<6).map { index in
      Task { await bell.wait(workspace, flow: index < 3 ? nil : flow, since: ticket, atMost: .seconds(60)) }
    }
    #expect(try await eventually { bell.waiting == 6 })
    bell.ring(workspace, flow: flow)
    #expect(bell.waiting == 4)
    bell.ring(workspace, flow: nil)
    #expect(bell.waiting == 2)
    bell.passOn(workspace, flow: flow)
    #expect(bell.waiting == 1)
    bell.passOn(workspace, flow: flow)
    #expect(bell.waiting == 1)
    bell.ringAll()
    for waiter in waiters { await waiter.value }
    #expect(bell.waiting == 0)
  }

  @Test("time, cancellation and closing end a wait")
  func ends() async throws {
    let bell = RunBell()
    let workspace = UniqueID.random()
    await bell.wait(workspace, flow: nil, since: bell.ticket(workspace), atMost: .milliseconds(1))
    let cancelled = Task { await bell.wait(workspace, flow: nil, since: bell.ticket(workspace), atMost: .seconds(60)) }
    #expect(try await eventually { bell.waiting == 1 })
    cancelled.cancel()
    await cancelled.value
    let closed = Task { await bell.wait(workspace, flow: nil, since: bell.ticket(workspace), atMost: .seconds(60)) }
    #expect(try await eventually { bell.waiting == 1 })
    bell.close()
    await closed.value
    await bell.wait(workspace, flow: nil, since: bell.ticket(workspace), atMost: .seconds(60))
    #expect(bell.waiting == 0)
  }
}

@Suite("configuration")
struct ConfigurationTests {
  private func read(_ flags: [String], environment: [String: String] = [:]) async throws -> ControlConfiguration {
    try ControlConfiguration(reading: try ControlSettings.sources.reader(flags: flags, environment: environment))
  }

  private static let enough = ["--master-keys", "k", "--ca", "a", "--certificate", "b", "--key", "c"]

  @Test(
    "what is wrong is named by its flag, all of it at once",
    arguments: [
      (["--listen", "7400"], ["--listen"]), (["--listen", "::1:7400"], ["--listen"]), (["--listen", "a:70000"], ["--listen"]),
      (["--threads", "-1"], ["--threads"]),
      (["--drain-seconds", "x", "--log-level", "loud"], ["--drain-seconds", "--log-level"]),
      (["--log-format", "xml"], ["--log-format"]), (["--public-url", "hooks.example.com"], ["--public-url"]),
      (["--insecure-plaintext", "--listen", "0.0.0.0:1"], ["--insecure-plaintext"]),
      (["--insecure-plaintext", "perhaps"], ["--insecure-plaintext"]),
      (["--master-key-values", "1:x"], ["--master-keys"]),
    ])
  func faults(flags: [String], expected: [String]) async throws {
    do {
      _ = try await read(Self.enough + flags)
      Issue.record("accepted")
    } catch let faults as SettingFaults {
      #expect(faults.faults.map(\.flag) == expected)
    }
  }

  @Test("certificates and master keys are required")
  func required() async throws {
    do {
      _ = try await read([])
      Issue.record("accepted")
    } catch let faults as SettingFaults {
      #expect(faults.faults.map(\.flag) == ["--ca", "--certificate", "--key", "--master-keys"])
    }
  }

  @Test("flags win over the environment; secrets are not printed")
  func sources() async throws {
    let configuration = try await read(
      Self.enough + ["--threads", "3"],
      environment: [
        "HEADGATE_CONTROL_THREADS": "5", "HEADGATE_CONTROL_RETENTION_DAYS": "0",
        "HEADGATE_CONTROL_DATABASE": "postgresql://u:canary-password@h/db",
      ])
    #expect(configuration.threads == 3)
    #expect(configuration.retentionDays == nil)
    #expect(configuration.database.connectionString.contains("canary-password"))
    #expect(!"\(configuration.logged)".contains("canary-password"))
    #expect(configuration.transport == .mutualTLS(authority: "a", certificate: "b", key: "c"))
  }

  @Test("every setting is in the table once and in the help")
  func table() {
    let settings = ControlSettings.all
    #expect(Set(settings.map(\.flag)).count == settings.count)
    let help = ControlSettings.sources.help()
    // What the parser would break anew would lose its place below the flag.
    #expect(help.split(separator: "\n").allSatisfy { $0.count <= 80 && $0.hasPrefix("  ") })
    for setting in settings { #expect(help.contains(setting.flag) && help.contains(setting.environmentSuffix)) }
  }
}

@Suite("admin listener")
struct AdminListenerTests {
  @Test(
    "answers known paths, refuses others and other methods",
    arguments: [
      ("GET /known HTTP/1.1", "HTTP/1.1 200 OK"), ("HEAD /known HTTP/1.1", "HTTP/1.1 200 OK"),
      ("GET /known?x=1 HTTP/1.1", "HTTP/1.1 200 OK"), ("GET /other HTTP/1.1", "HTTP/1.1 404 Not Found"),
      ("POST /known HTTP/1.1", "HTTP/1.1 405 Method Not Allowed"), ("garbage", "HTTP/1.1 400 Bad Request"),
    ])
  func answers(request: String, expected: String) async throws {
    let (addresses, continuation) = AsyncStream.makeStream(of: SocketAddress.self)
    let listener = AdminListener(
      endpoint: .init(host: "127.0.0.1", port: 0), group: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "t"),
      bound: { continuation.yield($0) },
      answer: { $0 == "/known" ? AdminListener.Answer(status: 200, body: "yes\n") : nil })
    let serving = Task {
      defer { continuation.finish() }
      try await listener.run()
    }
    var iterator = addresses.makeAsyncIterator()
    let address = try #require(await iterator.next())
    let text = try await HTTPProbe.ask("\(request)\r\nhost: x\r\nconnection: close\r\n\r\n", at: address)
    #expect(text.hasPrefix(expected))
    #expect(text.hasSuffix("yes\n") == (request.hasPrefix("GET /known")))
    serving.cancel()
    _ = try? await serving.value
  }
}

/// Sends bytes and gives the response. Does not wait for the connection's end: a process that another test starts meanwhile
/// inherits the socket and keeps it open.
private final class HTTPProbe: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer

  private let received = Mutex("")
  private let hasBody: Bool
  private let answer: EventLoopPromise<String>

  private init(_ answer: EventLoopPromise<String>, hasBody: Bool) {
    self.answer = answer
    self.hasBody = hasBody
  }

  static func ask(_ request: String, at address: SocketAddress) async throws -> String {
    let answer = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: String.self)
    let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(HTTPProbe(answer, hasBody: !request.hasPrefix("HEAD")))
        }
      }
      .connect(to: address).get()
    try await client.writeAndFlush(ByteBuffer(string: request))
    let text = try await answer.futureResult.get()
    try? await client.close().get()
    return text
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let text = received.withLock { text in
      text += String(buffer: unwrapInboundIn(data))
      return text
    }
    if isWhole(text) { answer.succeed(text) }
  }

  func channelInactive(context: ChannelHandlerContext) { answer.succeed(received.withLock { $0 }) }

  private func isWhole(_ text: String) -> Bool {
    guard let end = text.firstRange(of: "\r\n\r\n") else { return false }
    let lines = text[..<end.lowerBound].lowercased().split(separator: "\r\n")
    let length = lines.compactMap { $0.hasPrefix("content-length: ") ? Int($0.dropFirst(16)) : nil }.first ?? 0
    return !hasBody || text[end.upperBound...].utf8.count >= length
  }
}
