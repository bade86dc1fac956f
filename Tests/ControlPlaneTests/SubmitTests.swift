import Cryptography
import HeadgateProto
import Identifiers
import Postgres
import RPC
import Rules
import Store
import TestSupport
import Testing

@testable import ControlPlane

@Suite("IngestService.Submit")
struct SubmitTests {
  /// A change that makes a request one that no edge node sends, and the field that is named.
  struct Spoiled: Sendable, CustomTestStringConvertible {
    var field: String
    var change: @Sendable (inout SubmitRequest) -> Void

    init(_ field: String, _ change: @escaping @Sendable (inout SubmitRequest) -> Void) {
      self.field = field
      self.change = change
    }

    var testDescription: String { field }
  }

  private static func id(millisecondsFromNow offset: Int64) -> [UInt8] {
    RequestIDGenerator().next(unixMilliseconds: UnixTime.now().microseconds / 1000 + offset).bytes
  }

  @Test(
    "a request that an edge node cannot have made is refused",
    arguments: [
      Spoiled("request_id") { $0.requestId = [1, 2, 3] },
      Spoiled("request_id") { $0.requestId = UniqueID.random().bytes },
      Spoiled("request_id") { $0.requestId = id(millisecondsFromNow: -86_400_000) },
      Spoiled("request_id") { $0.requestId = id(millisecondsFromNow: 86_400_000) },
      Spoiled("method") { $0.method = [] },
      Spoiled("method") { $0.method = Array(repeating: 65, count: 33) },
      Spoiled("path") { $0.path = Array(repeating: 97, count: 20_000) },
      Spoiled("headers") { $0.headers = Array(repeating: Header(name: [97], value: [98]), count: 200) },
      Spoiled("headers") { $0.headers = [Header(name: [97], value: Array(repeating: 98, count: 70_000))] },
      Spoiled("body") { $0.body = Array(repeating: 32, count: 3 * 1024 * 1024 + 1) },
      Spoiled("client_address") { $0.clientAddress = [1, 2, 3] },
      Spoiled("received_at_us") { $0.receivedAtUs = 0 }, Spoiled("received_at_us") { $0.receivedAtUs = .max },
    ])
  func refused(_ spoiled: Spoiled) throws {
    var request = EdgeRequest.make(Array("wh_x".utf8))
    #expect(throws: Never.self) { try SubmitLimits().check(request, now: .now()) }
    spoiled.change(&request)
    #expect {
      try SubmitLimits().check(request, now: .now())
    } throws: { error in
      let error = error as? RPCError
      return error?.code == .invalidArgument && error?.faults.first?.path == spoiled.field
    }
  }

  @Test("before the configuration is loaded every call may be repeated")
  func notLoaded() async throws {
    let node = ControlPlaneNode(
      ControlPlaneNode.Options(postgres: PostgresConfiguration(connectionString: "host=127.0.0.1 port=1")),
      masterKeys: try .forTests(), logger: .silent)
    let ingest = IngestServiceClient(
      try InProcessPair(handlers: node.methods(), principal: Principal(name: "edge", roles: [.edge])))
    let error = try await failure { try await ingest.submit(EdgeRequest.make(Array("wh_x".utf8))) }
    #expect(error?.code == .unavailable)
    #expect(error?.isRetryable == true)
  }

  @Test("what does not fit into the queue is refused as overload; what waits in vain is told so, both to be repeated")
  func overload() async throws {
    var options = ControlPlaneNode.Options(
      postgres: PostgresConfiguration(connectionString: "host=127.0.0.1 port=1", connectTimeout: .seconds(1)))
    options.ingest.queuedEntries = 1
    // Not started: what is queued stays there.
    let node = ControlPlaneNode(options, masterKeys: try .forTests(), logger: .silent)
    node.readiness.clear(.schemaNotCurrent)
    let key = Array("wh_a".utf8)
    let flow = UniqueID.random()
    let definition = try FlowDefinition.parse(Array(Definitions.open().utf8)).definition
    let trigger = try #require(CompiledTrigger(definition, node: "hook", triggerID: "t"))
    let entry = LiveEntry(
      LiveEntry.Content(
        workspace: .random(), flow: flow, flowVersion: 1, trigger: .random(), node: "hook", key: key,
        state: .usable(trigger)))
    node.triggers.installAll(
      [flow: LiveTriggers.Flow(entries: [entry], fingerprint: nil)], node.triggers.ticket())
    let ingest = IngestServiceClient(
      try InProcessPair(handlers: node.methods(), principal: Principal(name: "edge", roles: [.edge])))
    let patience = CallOptions(timeout: .seconds(2))
    async let first = failure { try await ingest.submit(EdgeRequest.make(key), options: patience) }
    #expect(try await eventually { node.ingest.status.queuedEntries == 1 })
    let refused = try await failure { try await ingest.submit(EdgeRequest.make(key)) }
    #expect(refused?.code == .resourceExhausted)
    #expect(refused?.isRetryable == true)
    // What is queued when the process ends is told so.
    await node.shutDown(within: .milliseconds(100))
    let waited = try await first
    #expect(waited?.code == .unavailable || waited?.code == .deadlineExceeded)
  }

  @Test("an unknown key, a disabled trigger and an unpublished flow get the same bytes; a disabled one is logged")
  func indistinguishable() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.bearer())["hook"] ?? []
      let draft = try await fixture.flows.apply(
        ApplyFlowRequest(definition: Array(Definitions.open("draft").utf8), publish: false))
      let draftKey = Array(draft.flow?.triggers.first?.key.utf8 ?? "".utf8)
      _ = try await fixture.triggers.disable(DisableTriggerRequest(trigger: "orders/hook"))
      var answers: [SubmitResponse] = []
      for key in [key, draftKey, Array(TriggerKey.generate().utf8), [], Array("wh_".utf8)] {
        answers.append(
          try await fixture.ingest.submit(EdgeRequest.make(key, headers: [("authorization", "Bearer sesame-canary")])))
      }
      #expect(answers[0].status == 404)
      #expect(!answers[0].body.isEmpty)
      for answer in answers { #expect(answer == answers[0]) }
      #expect(
        try await eventually {
          let page = try await fixture.logs.query(QueryLogsRequest(trigger: "orders/hook"))
          return page.entries.map(\.cause) == [.disabled]
        })
      let id = try await fixture.logs.query(QueryLogsRequest()).entries[0].id
      let entry = try await fixture.logs.get(GetLogRequest(id: id))
      #expect(!"\(entry.headers.map { String(decoding: $0.value, as: UTF8.self) })".contains("sesame-canary"))
    }
  }

  @Test("the same request twice is one record, one run and the same answer")
  func idempotent() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let request = EdgeRequest.make(key, body: #"{"a": 1}"#)
      var repeated = request
      repeated.attempt = 1
      let ingest = try fixture.ingest
      let first = try await ingest.submit(request)
      let second = try await ingest.submit(repeated)
      #expect(first.status == 200)
      #expect(first == second)
      #expect(String(decoding: first.body, as: UTF8.self).contains(UniqueID(bytes: request.requestId)?.description ?? "?"))
      #expect(try await fixture.logs.query(QueryLogsRequest()).entries.count == 1)
      #expect(try await fixture.runs.list(ListRunsRequest()).runs.count == 1)
    }
  }

  @Test("many copies of one request at the same time are one run")
  func concurrentCopies() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let request = EdgeRequest.make(key)
      let callers = try (0..<4).map { _ in try fixture.ingest }
      try await withThrowingTaskGroup(of: SubmitResponse.self) { group in
        for index in 0..<40 { group.addTask { try await callers[index % 4].submit(request) } }
        for try await response in group { #expect(response.status == 200) }
      }
      #expect(try await fixture.runs.list(ListRunsRequest()).runs.count == 1)
    }
  }

  @Test("routing, mapping and explanation are recorded with the run")
  func routed() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.routed)["hook"] ?? []
      let ingest = try fixture.ingest
      let missing = try await ingest.submit(EdgeRequest.make(key, body: #"{"event": "order_approved"}"#))
      #expect(missing.status == 422)
      #expect(missing.cause == .requiredMissing)
      let broken = try await ingest.submit(EdgeRequest.make(key, body: #"{"event": "#))
      #expect(broken.status == 400)
      let accepted = EdgeRequest.make(key, body: #"{"event": "order_approved", "email": "ana@example.com", "amount": 12.50}"#)
      #expect(try await ingest.submit(accepted).outcome == .accepted)
      let unrouted = try await ingest.submit(EdgeRequest.make(key, body: #"{"event": "other", "email": "x"}"#))
      #expect(unrouted.outcome == .unrouted)
      #expect(unrouted.status == 200)

      let id = UniqueID(bytes: accepted.requestId)?.description ?? ""
      let entry = try await fixture.logs.get(GetLogRequest(id: id))
      #expect(entry.trigger == "orders/hook")
      #expect(entry.body == accepted.body)
      #expect(entry.event == Array("order_approved".utf8))
      #expect(entry.output == "approved")
      #expect(entry.explanation?.eventPath == "body.event")
      #expect(entry.explanation?.cases.last?.matched == true)
      #expect(entry.explanation?.entryNode == "welcome")
      #expect(entry.runs.count == 1)
      let run = try await fixture.runs.get(GetRunRequest(id: entry.runs.first?.id ?? ""))
      #expect(run.entryNode == "welcome")
      #expect(run.requestId == id)
      #expect(run.flowVersion == 1)
      #expect(String(decoding: run.variables, as: UTF8.self) == #"{"email":"ana@example.com","amount":12.50}"#)
      #expect(try await fixture.runs.list(ListRunsRequest()).runs.count == 1)
    }
  }

  @Test("a run's id depends on request and trigger and keeps the request's time")
  func derivedRunID() {
    let request = RequestIDGenerator().next(unixMilliseconds: 1_700_000_000_123)
    let (one, other) = (UniqueID.random(), UniqueID.random())
    let id = RunID.derive(request: request, trigger: one)
    #expect(id == RunID.derive(request: request, trigger: one))
    #expect(id != RunID.derive(request: request, trigger: other))
    #expect(id.version == 8)
    #expect(id.low >> 62 == 0b10)
    #expect(id.unixMilliseconds == request.unixMilliseconds)
  }
}
