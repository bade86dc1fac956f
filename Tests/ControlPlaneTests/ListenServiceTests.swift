import HeadgateProto
import Identifiers
import Postgres
import RPC
import Store
import Testing
import TokenVault

@testable import ControlPlane

@Suite("ListenService")
struct ListenServiceTests {
  @Test("fields out of their bounds are named; what is not there is not found")
  func faults() async throws {
    try await withControlPlane { fixture in
      try await fixture.publish(Definitions.open())
      let listen = try fixture.listen
      let id = UniqueID.random().description
      let refused: [(ListenRequest, [String])] = [
        (ListenRequest(), ["trigger"]),
        (
          ListenRequest(trigger: "orders/hook", timeLimitSeconds: 86_401, maxRequests: 10_001),
          ["time_limit_seconds", "max_requests"]
        ),
        (ListenRequest(trigger: "orders/hook", after: id), ["after"]),
        (ListenRequest(trigger: "orders/hook", seen: [[1]]), ["seen[0]"]),
        (ListenRequest(sessionId: "x", after: "y"), ["after", "session_id"]),
        (
          ListenRequest(mode: .capture, timeLimitSeconds: 1, sessionId: id, maxRequests: 1),
          ["mode", "time_limit_seconds", "max_requests"]
        ),
      ]
      for (request, paths) in refused { #expect(try await fixture.listenFailure(request).paths == paths) }
      #expect(try await fixture.listenFailure(ListenRequest(trigger: "orders/none"))?.code == .notFound)
      #expect(try await fixture.listenFailure(ListenRequest(sessionId: id))?.code == .notFound)
      #expect(try await failure { try await listen.get(GetListenSessionRequest(id: id)) }?.code == .notFound)
      #expect(try await failure { try await listen.cancel(CancelListenSessionRequest(id: "x")) }.paths == ["id"])
      #expect(try await failure { try await listen.list(ListListenSessionsRequest(trigger: "orders/none")) }?.code == .notFound)
      #expect(fixture.node.listenSessions.count == 0)
    }
  }

  @Test("a session of another workspace is not there")
  func workspaces() async throws {
    try await withControlPlane { fixture in
      _ = try await fixture.node.store.createWorkspace(named: "other")
      try await fixture.publish(Definitions.open())
      let stream = try await fixture.listening(ListenRequest(trigger: "orders/hook"))
      let session = try await stream.session()
      #expect(try await fixture.listenFailure(ListenRequest(workspace: "other", sessionId: session.id))?.code == .notFound)
      let listen = try fixture.listen
      let get = GetListenSessionRequest(workspace: "other", id: session.id)
      #expect(try await failure { try await listen.get(get) }?.code == .notFound)
      #expect(try await listen.list(ListListenSessionsRequest(workspace: "other")).sessions.isEmpty)
      stream.cancel()
    }
  }

  @Test("tap: what arrives is shown with its leaves, without credentials, and the flow runs")
  func tap() async throws {
    try await withControlPlane { fixture in
      let secret = "a-token-of-sufficient-length"
      let key = try await fixture.publish(Definitions.bearer(secret: secret))["hook"] ?? []
      let stream = try await fixture.listening(ListenRequest(trigger: "orders/hook"))
      let session = try await stream.session()
      #expect((session.trigger, session.mode, session.state, session.principal) == ("orders/hook", .tap, .waiting, "tester"))
      #expect(session.expiresAtUs - session.createdAtUs > 599_000_000)
      #expect(session.url == "/w/\(String(decoding: key, as: UTF8.self))")

      let answer = try await fixture.ingest.submit(
        EdgeRequest.make(
          key, body: #"{"user":{"email":"a@b.example","tags":[1,null]},"odd key":true}"#,
          headers: [("authorization", "Bearer \(secret)")], query: "a=1"))
      #expect(answer.outcome == .accepted)
      let event = try await stream.event()
      let entry = try #require(event.request)
      #expect((entry.outcome, entry.status, entry.trigger) == (.accepted, 200, "orders/hook"))
      #expect(entry.explanation?.output == "else")
      #expect(entry.headers.first { $0.name == Array("authorization".utf8) }?.value == Array("[redacted]".utf8))
      let leaves = Dictionary(
        uniqueKeysWithValues: event.leaves.map { ($0.path, "\($0.type) \(String(decoding: $0.value, as: UTF8.self))") })
      #expect(leaves["body.user.email"] == #"string "a@b.example""#)
      #expect(leaves["body.user.tags[0]"] == "number 1")
      #expect(leaves["body.user.tags[1]"] == "null null")
      #expect(leaves[#"body["odd key"]"#] == "boolean true")
      #expect(leaves["query.a"] == #"string "1""#)
      #expect(leaves["ip"] == #"string "203.0.113.7""#)
      #expect(event.allowIp.isEmpty && event.allowOrigin.isEmpty)
      #expect(try await stream.session().state == .received)
      #expect(try await fixture.runs.lease(LeaseRunsRequest()).runs.count == 1)

      let shown = try await fixture.listen.get(GetListenSessionRequest(id: session.id))
      #expect((shown.state, shown.received) == (.received, 1))
      #expect(try await fixture.listen.list(ListListenSessionsRequest(trigger: "orders/hook")).sessions == [shown])
      stream.cancel()
      #expect(try await fixture.audited().contains { $0.entry.action == "listen.open" })
    }
  }

  @Test("capture: recorded and answered as usual, and no run, until the session ends")
  func capture() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let ingest = try fixture.ingest
      let usual = try await ingest.submit(EdgeRequest.make(key))
      let tapping = try await fixture.listening(ListenRequest(trigger: "orders/hook"))
      let stream = try await fixture.listening(ListenRequest(trigger: "orders/hook", mode: .capture))
      let session = try await stream.session()
      let captured = try await ingest.submit(EdgeRequest.make(key))
      #expect((captured.status, captured.outcome) == (200, .captured))
      #expect(captured.headers == usual.headers)
      for stream in [stream, tapping] { #expect(try await stream.request().outcome == .captured) }
      #expect(try await fixture.runs.list(ListRunsRequest()).runs.count == 1)
      let ended = try await fixture.listen.cancel(CancelListenSessionRequest(id: session.id))
      #expect(ended.state == .cancelled)
      #expect(try await stream.session(.cancelled).id == session.id)
      #expect(try await stream.end() == nil)
      #expect(try await ingest.submit(EdgeRequest.make(key)).outcome == .accepted)
      // Cancelling once more changes nothing.
      #expect(try await fixture.listen.cancel(CancelListenSessionRequest(id: session.id)).state == .cancelled)
      // Going on with an ended session says so and ends.
      let again = try await fixture.listening(ListenRequest(sessionId: session.id))
      #expect(try await again.session().state == .cancelled)
      #expect(try await again.end() == nil)
      tapping.cancel()
    }
  }

  @Test("what is refused is shown with its cause, and what could be allowed")
  func refused() async throws {
    try await withControlPlane { fixture in
      let definition = """
        {"flow": "orders", "nodes": [{"id": "hook", "type": "webhook_trigger", "auth": {"mode": "bearer", "secret": "0123456789abcdef"},
          "allow": {"ips": ["203.0.113.0/24"], "origins": ["https://shop.example.com"]}}], "connections": []}
        """
      let key = try await fixture.publish(definition)["hook"] ?? []
      let stream = try await fixture.listening(ListenRequest(trigger: "orders/hook"))
      let ingest = try fixture.ingest
      let right = ("origin", "https://shop.example.com")
      _ = try await ingest.submit(EdgeRequest.make(key, headers: [right], address: [198, 51, 100, 1]))
      let elsewhere = try await stream.event()
      #expect(elsewhere.request?.cause == .ipNotAllowed)
      #expect((elsewhere.allowIp, elsewhere.allowOrigin) == ("198.51.100.1", ""))
      _ = try await ingest.submit(EdgeRequest.make(key, headers: [("origin", "https://evil.example.com")]))
      let foreign = try await stream.event()
      #expect(foreign.request?.cause == .originNotAllowed)
      #expect((foreign.allowIp, foreign.allowOrigin) == ("", "https://evil.example.com"))
      _ = try await ingest.submit(EdgeRequest.make(key, headers: [right, ("authorization", "Bearer wrong")]))
      let entry = try #require(try await stream.event().request)
      #expect((entry.cause, entry.status) == (.credentialWrong, 401))
      #expect(entry.explanation?.refusedAt == #"headers["authorization"]"#)
      #expect(entry.body == Array("{}".utf8))
      _ = try await fixture.triggers.disable(DisableTriggerRequest(trigger: "orders/hook"))
      _ = try await ingest.submit(EdgeRequest.make(key))
      #expect(try await stream.request().cause == .disabled)
      stream.cancel()
    }
  }

  @Test("after a cut everything comes that was recorded meanwhile, each once, also what was recorded late")
  func resume() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let ingest = try fixture.ingest
      let stream = try await fixture.listening(ListenRequest(trigger: "orders/hook"))
      let session = try await stream.session()
      // An edge node held this one for a while: its id is older than what is recorded before it.
      let held = EdgeRequest.make(key)
      var seen: [UniqueID] = []
      for _ in 0..<3 { _ = try await ingest.submit(EdgeRequest.make(key)) }
      for _ in 0..<3 { seen.append(try #require(UniqueID(try await stream.request().id))) }
      stream.cancel()
      var missed: Set<UniqueID> = []
      for request in [held] + (0..<5).map({ _ in EdgeRequest.make(key) }) {
        _ = try await ingest.submit(request)
        missed.insert(try #require(UniqueID(bytes: request.requestId)))
      }
      let request = ListenRequest(
        sessionId: session.id, after: seen.max()?.description ?? "", seen: seen.map(\.bytes))
      let resumed = try await fixture.listening(request)
      #expect(try await resumed.session().state == .received)
      var shown: [UniqueID] = []
      for _ in missed { shown.append(try #require(UniqueID(try await resumed.request().id))) }
      #expect(Set(shown) == missed)
      #expect(shown.count == missed.count)
      // Live again, and nothing twice.
      let last = EdgeRequest.make(key)
      _ = try await ingest.submit(last)
      #expect(try await resumed.request().id == UniqueID(bytes: last.requestId)?.description)
      resumed.cancel()

      // Without `after`: from the beginning of the session.
      let whole = try await fixture.listening(ListenRequest(sessionId: session.id))
      var all: Set<String> = []
      for _ in 0..<(3 + missed.count + 1) { all.insert(try await whole.request().id) }
      #expect(all.count == 3 + missed.count + 1)
      whole.cancel()
    }
  }

  @Test("a repeated request is shown once")
  func repeated() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let stream = try await fixture.listening(ListenRequest(trigger: "orders/hook"))
      let (first, second) = (EdgeRequest.make(key), EdgeRequest.make(key))
      for request in [first, first, second] { _ = try await fixture.ingest.submit(request) }
      #expect(try await stream.request().id == UniqueID(bytes: first.requestId)?.description)
      #expect(try await stream.request().id == UniqueID(bytes: second.requestId)?.description)
      stream.cancel()
    }
  }

  @Test("a session of one control plane shows and captures what comes through another, and goes on there")
  func replicas() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      try await fixture.withReplica { other in
        let stream = try await fixture.listening(ListenRequest(trigger: "orders/hook", mode: .capture))
        let session = try await stream.session()
        #expect(try await eventually { other.listenSessions.count == 1 })
        let pair = try InProcessPair(handlers: other.methods(), principal: Principal(name: "edge", roles: [.edge, .admin]))
        let ingest = IngestServiceClient(pair)
        var ids: Set<String> = []
        for _ in 0..<20 {
          let request = EdgeRequest.make(key)
          #expect(try await ingest.submit(request).outcome == .captured)
          ids.insert(UniqueID(bytes: request.requestId)?.description ?? "")
        }
        var shown: Set<String> = []
        for _ in ids { shown.insert(try await stream.request().id) }
        #expect(shown == ids)
        // The first control plane goes away; the session goes on at the other.
        fixture.node.closeWaitingCalls()
        #expect(try await stream.end()?.code == .unavailable)
        let late = EdgeRequest.make(key)
        _ = try await ingest.submit(late)
        let resumed = Listening(
          try await ListenServiceClient(pair).listen(
            ListenRequest(sessionId: session.id, after: shown.max() ?? "", seen: shown.compactMap { UniqueID($0)?.bytes }),
            options: Listening.options))
        #expect(try await resumed.request().id == UniqueID(bytes: late.requestId)?.description)
        resumed.cancel()
        await pair.shutdown()
        await pair.drain()
      }
    }
  }

  @Test("what no replica told is found by looking")
  func untold() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let stream = try await fixture.listening(ListenRequest(trigger: "orders/hook"))
      _ = try await stream.session()
      // A control plane that knows of no session, as one that ends between its COMMIT and telling.
      let other = ControlPlaneNode(fixture.node.options, masterKeys: try .forTests(), logger: fixture.log.logger)
      other.start()
      try await other.store.waitUntilConnected(for: .seconds(10))
      try await other.loader.reloadAll()
      for obstacle in [Readiness.Obstacle.schemaNotCurrent, .configurationNotLoaded] { other.readiness.clear(obstacle) }
      let pair = try InProcessPair(handlers: other.methods(), principal: Principal(name: "edge", roles: [.edge]))
      let request = EdgeRequest.make(key)
      #expect(try await IngestServiceClient(pair).submit(request).outcome == .accepted)
      #expect(try await stream.request().id == UniqueID(bytes: request.requestId)?.description)
      stream.cancel()
      await pair.shutdown()
      await pair.drain()
      await other.shutDown(within: .seconds(1))
    }
  }

  @Test("a slow listener is told how much it missed; the others see everything")
  func lag() async throws {
    try await withControlPlane(configure: { $0.listenQueue.requests = 8 }) { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let ingest = try fixture.ingest
      // Does not read: what its side may hold back is used up first.
      let slow = try await fixture.listening(ListenRequest(trigger: "orders/hook"))
      let quick = try await fixture.listening(ListenRequest(trigger: "orders/hook"))
      let sent = 400
      async let counted = quick.count(sent)
      let body = #"{"filler":"\#(String(repeating: "x", count: 4000))"}"#
      for _ in 0..<sent { _ = try await ingest.submit(EdgeRequest.make(key, body: body)) }
      let all = try await counted
      #expect(all.requests + all.lagged == sent)
      let late = try await slow.count(sent)
      #expect(late.lagged > 0)
      #expect(late.requests + late.lagged == sent)
      slow.cancel()
      quick.cancel()
    }
  }

  @Test("a session ends with its time, with its number of requests, and when nobody attends to it")
  func ends() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let ingest = try fixture.ingest
      let timed = try await fixture.listening(ListenRequest(trigger: "orders/hook", mode: .capture, timeLimitSeconds: 1))
      let session = try await timed.session()
      #expect(try await timed.session(.expired).id == session.id)
      #expect(try await timed.end() == nil)
      #expect(try await ingest.submit(EdgeRequest.make(key)).outcome == .accepted)
      #expect(try await fixture.listen.get(GetListenSessionRequest(id: session.id)).state == .expired)

      let numbered = try await fixture.listening(ListenRequest(trigger: "orders/hook", maxRequests: 2))
      for _ in 0..<3 { _ = try await ingest.submit(EdgeRequest.make(key)) }
      #expect(try await numbered.session(.completed).received == 2)
      #expect(try await numbered.end() == nil)

      let left = try await fixture.listening(ListenRequest(trigger: "orders/hook", mode: .capture))
      let abandoned = try await left.session()
      left.cancel()
      #expect(try await eventually { fixture.node.listenExchange.listeners.isEmpty })
      #expect(try await fixture.node.store.endDueListenSessions(unattendedFor: .seconds(60)) == 0)
      try await fixture.sql("UPDATE listen_sessions SET attended_at = attended_at - interval '61 s'")
      #expect(try await fixture.node.store.endDueListenSessions(unattendedFor: nil) == 0)
      #expect(try await fixture.node.store.endDueListenSessions(unattendedFor: .seconds(60)) == 1)
      #expect(try await eventually { fixture.node.listenSessions.count == 0 })
      #expect(try await ingest.submit(EdgeRequest.make(key)).outcome == .accepted)
      #expect(try await fixture.listen.get(GetListenSessionRequest(id: abandoned.id)).state == .cancelled)
      #expect(try await fixture.listen.list(ListListenSessionsRequest()).sessions.isEmpty)
      #expect(try await fixture.listen.list(ListListenSessionsRequest(ended: true)).sessions.count == 3)
    }
  }

  @Test("200 sessions at once see every request")
  func many() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let ingest = try fixture.ingest
      let listen = try fixture.listen
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<200 {
          group.addTask {
            let stream = Listening(try await listen.listen(ListenRequest(trigger: "orders/hook"), options: Listening.options))
            let count = try await stream.count(10)
            stream.cancel()
            return count.requests
          }
        }
        #expect(try await eventually { fixture.node.listenExchange.listeners.filter(\.isLive).count == 200 })
        for _ in 0..<10 { _ = try await ingest.submit(EdgeRequest.make(key)) }
        for try await count in group { #expect(count == 10) }
      }
    }
  }
}

/// The events of a listen stream as tests read them.
struct Listening: Sendable {
  static let options = CallOptions(timeout: .seconds(60))

  private let stream: ResponseStream<ListenEvent>

  init(_ stream: ResponseStream<ListenEvent>) { self.stream = stream }

  func cancel() { stream.cancel() }

  /// The next message with a request.
  func event() async throws -> ListenEvent {
    while let event = try await stream.next() { if event.request != nil { return event } }
    throw RPCError(.outOfRange, "the stream ended")
  }

  func request() async throws -> LogEntry { try #require(try await event().request) }

  /// The next message with the session, in that state if one is given.
  func session(_ state: ListenState? = nil) async throws -> ListenSession {
    while let event = try await stream.next() {
      if let session = event.session, session.state == state ?? session.state { return session }
    }
    throw RPCError(.outOfRange, "the stream ended")
  }

  /// Reads until so many requests were shown or left out.
  func count(_ total: Int) async throws -> (requests: Int, lagged: Int) {
    var (requests, lagged) = (0, 0)
    while requests + lagged < total, let event = try await stream.next() {
      if event.request != nil { requests += 1 }
      lagged += Int(event.lagged)
    }
    return (requests, lagged)
  }

  /// What the stream ends with, after whatever is left; `nil`: in good order.
  func end() async throws -> RPCError? {
    try await failure { while try await stream.next() != nil {} }
  }
}

extension Fixture {
  var listen: ListenServiceClient<InProcessPair> { get throws { ListenServiceClient(try caller(.admin)) } }

  /// A stream that is live.
  func listening(_ request: ListenRequest) async throws -> Listening {
    let before = node.listenExchange.listeners.count(where: \.isLive)
    let stream = Listening(try await listen.listen(request, options: Listening.options))
    // An ended session's stream has no listener.
    let isNew = request.sessionId.isEmpty
    if isNew { #expect(try await eventually { node.listenExchange.listeners.count(where: \.isLive) > before }) }
    return stream
  }

  /// Why a stream does not come about.
  func listenFailure(_ request: ListenRequest) async throws -> RPCError? {
    try await failure { _ = try await listen.listen(request, options: Listening.options).next() }
  }

  /// Runs `body` with another control plane on the same database.
  func withReplica(_ body: @Sendable (ControlPlaneNode) async throws -> Void) async throws {
    // Its master key does not matter: the triggers have no secret.
    let other = ControlPlaneNode(node.options, masterKeys: try .forTests(), logger: log.logger)
    other.start()
    await BringUp(other, logger: log.logger).run()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await ConfigurationService(other, logger: log.logger).follow() }
      try await body(other)
      group.cancelAll()
    }
    await other.shutDown(within: .seconds(1))
  }
}
