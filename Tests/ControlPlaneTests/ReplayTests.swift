import Cryptography
import HeadgateProto
import Identifiers
import Postgres
import Store
import Testing

@testable import ControlPlane

@Suite("ReplayService")
struct ReplayTests {
  private func replay(_ request: ReplayRequest, _ fixture: Fixture) async throws -> [ReplayResult] {
    let stream = try await ReplayServiceClient(try fixture.caller(.operator)).replay(request)
    var results: [ReplayResult] = []
    while let result = try await stream.next() { results.append(result) }
    return results
  }

  /// Sends a request; gives its id once it is recorded.
  private func send(_ request: SubmitRequest, _ fixture: Fixture) async throws -> String {
    _ = try await fixture.ingest.submit(request)
    let id = UniqueID(bytes: request.requestId)?.description ?? ""
    let logs = try fixture.logs
    _ = try await eventually { try await failure { try await logs.get(GetLogRequest(id: id)) } == nil }
    return id
  }

  @Test(
    "fields out of their bounds are named",
    arguments: [
      (ReplayRequest(), "ids"), (ReplayRequest(ids: ["x"]), "ids[0]"),
      (ReplayRequest(ids: [UniqueID.random().description], filter: QueryLogsRequest()), "filter"),
      (ReplayRequest(filter: QueryLogsRequest(), rate: 1001), "rate"),
      (ReplayRequest(filter: QueryLogsRequest(), maxRequests: 100_001), "max_requests"),
      (ReplayRequest(filter: QueryLogsRequest(status: 7)), "filter.status"),
      (ReplayRequest(filter: QueryLogsRequest(pageSize: 7)), "filter.page_size"),
      (ReplayRequest(filter: QueryLogsRequest(cursor: "x")), "filter.cursor"),
    ])
  func faults(request: ReplayRequest, path: String) async throws {
    try await withControlPlane { fixture in
      let error = try await failure { try await replay(request, fixture) }
      #expect(error.paths == [path])
    }
  }

  @Test("what cannot be replayed is skipped with the reason")
  func skipped() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.bearer(secret: "0123456789abcdef"))["hook"] ?? []
      let wrong = try await send(EdgeRequest.make(key, headers: [("authorization", "Bearer nonsense")]), fixture)
      let expired = try await send(EdgeRequest.make(key, headers: [("authorization", "Bearer 0123456789abcdef")]), fixture)
      try await fixture.sql("UPDATE requests SET body = NULL WHERE id = '\(expired)'")
      // What was kept for it is verified again; without that nothing can be.
      let kept = try await replay(ReplayRequest(ids: [wrong], dryRun: true), fixture)
      #expect(kept.map(\.cause) == [.credentialWrong] && kept.map(\.skipped) == [""])
      try await fixture.sql("UPDATE requests SET sealed = NULL")
      let unknown = UniqueID.random().description
      let results = try await replay(ReplayRequest(ids: [wrong, expired, unknown, wrong], dryRun: true), fixture)
      #expect(results.count == 3 && results.first?.total == 3)
      let skipped = Dictionary(results.map { ($0.id, $0.skipped) }, uniquingKeysWith: { first, _ in first })
      #expect(skipped == [wrong: "credential_not_kept", expired: "body_expired", unknown: "not_found"])
      _ = try await fixture.flows.delete(DeleteFlowRequest(flow: "orders"))
      #expect(try await eventually { fixture.node.triggers.count == 0 })
      #expect(try await replay(ReplayRequest(ids: [wrong]), fixture).map(\.skipped) == ["trigger_gone"])
    }
  }

  @Test("a request that was accepted runs again, although its credential was taken out of the record")
  func accepted() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.bearer(secret: "0123456789abcdef"))["hook"] ?? []
      let id = try await send(
        EdgeRequest.make(key, body: #"{"n": 9007199254740993}"#, headers: [("authorization", "Bearer 0123456789abcdef")]), fixture
      )
      let dry = try await replay(ReplayRequest(ids: [id], dryRun: true), fixture)
      #expect(dry.map(\.newId) == [""] && dry.first?.outcome == .accepted && dry.first?.differences == [])
      #expect(dry.first?.runs.map(\.id) == [""])
      #expect(try await fixture.logs.query(QueryLogsRequest()).entries.count == 1)
      #expect(try await fixture.audited().allSatisfy { $0.entry.action != "request.replay" })

      let results = try await replay(ReplayRequest(ids: [id]), fixture)
      let replayed = try #require(results.first)
      #expect(replayed.outcome == .accepted && replayed.runs.count == 1 && replayed.newId != id)
      let recorded = try await fixture.logs.get(GetLogRequest(id: replayed.newId))
      #expect(recorded.replayOf == id && recorded.body == Array(#"{"n": 9007199254740993}"#.utf8))
      let runs = try await fixture.runs.list(ListRunsRequest()).runs
      #expect(runs.count == 2 && Set(runs.map(\.requestId)) == [id, replayed.newId])
      #expect(try await fixture.audited().last?.entry.action == "request.replay")
    }
  }

  @Test("requests that were refused are replayed after the fault was mended; a dry run tells what would differ")
  func mended() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.routed)["hook"] ?? []
      let id = try await send(EdgeRequest.make(key, body: #"{"event": "order_approved", "amount": 7}"#), fixture)
      try await fixture.publish(Definitions.routed.replacing(#""required": true"#, with: #""default": "none""#))
      let filter = QueryLogsRequest(trigger: "orders/hook", outcomes: [.rejected])
      let results = try await replay(ReplayRequest(filter: filter, dryRun: true), fixture)
      let result = try #require(results.first)
      #expect(result.id == id && result.outcomeBefore == .rejected && result.causeBefore == .requiredMissing)
      #expect(result.outcome == .accepted && result.cause == .unspecified)
      let paths = result.differences.map(\.path)
      #expect(paths == ["outcome", "cause", "output", "entry_node", "runs", "variables.email", "variables.amount"])
      #expect(result.differences.last?.after == Array("7".utf8))
      let real = try await replay(ReplayRequest(filter: filter), fixture)
      #expect(real.first?.runs.map(\.entryNode) == ["welcome"])
      #expect(try await replay(ReplayRequest(ids: [real.first?.newId ?? ""], dryRun: true), fixture).first?.differences == [])
    }
  }

  @Test("a signature is verified again with the stored bytes, as of the time of receipt")
  func signatures() async throws {
    try await withControlPlane { fixture in
      let definition = """
        {"flow": "orders", "nodes": [
          {"id": "hook", "type": "webhook_trigger", "auth": {"mode": "hmac", "preset": "github", "secret": "0123456789abcdef"}},
          {"id": "next", "type": "task"}], "connections": [{"from": "hook.else", "to": "next"}]}
        """
      let key = try await fixture.publish(definition)["hook"] ?? []
      func signed(_ secret: String) -> SubmitRequest {
        var code = HMAC(.sha256, key: SecretBytes(copying: secret))
        code.update(Array(#"{"a":1}"#.utf8))
        return EdgeRequest.make(
          key, body: #"{"a":1}"#,
          headers: [("x-hub-signature-256", "sha256=\(Hex.encode(code.finish()))"), ("x-github-event", "push")])
      }
      let wrong = try await send(signed("fedcba9876543210"), fixture)
      let before = try await replay(ReplayRequest(ids: [wrong], dryRun: true), fixture)
      #expect(before.map(\.outcome) == [.rejected] && before.map(\.cause) == [.signatureWrong] && before.map(\.skipped) == [""])
      _ = try await fixture.triggers.rotate(
        RotateTriggerRequest(trigger: "orders/hook", secret: Array("fedcba9876543210".utf8)))
      #expect(
        try await eventually {
          try await replay(ReplayRequest(ids: [wrong], dryRun: true), fixture).map(\.outcome) == [.accepted]
        })
      #expect(try await replay(ReplayRequest(ids: [wrong]), fixture).first?.runs.count == 1)
    }
  }

  @Test("the claim of the original's delivery does not swallow a replay")
  func deduplicated() async throws {
    try await withControlPlane { fixture in
      let definition = """
        {"flow": "orders", "nodes": [
          {"id": "hook", "type": "webhook_trigger", "auth": {"mode": "public"}, "dedup": {"by": "body.id"}},
          {"id": "next", "type": "task"}], "connections": [{"from": "hook.else", "to": "next"}]}
        """
      let key = try await fixture.publish(definition)["hook"] ?? []
      let first = try await send(EdgeRequest.make(key, body: #"{"id": "d1"}"#), fixture)
      let second = try await send(EdgeRequest.make(key, body: #"{"id": "d1"}"#), fixture)
      let logs = try fixture.logs
      #expect(try await logs.get(GetLogRequest(id: second)).outcome == .duplicate)
      #expect(try await logs.query(QueryLogsRequest(deliveryId: Array("d1".utf8))).entries.map(\.id) == [second, first])
      let results = try await replay(ReplayRequest(ids: [second, first]), fixture)
      #expect(results.map(\.id) == [first, second])
      #expect(results.map(\.outcome) == [.accepted, .accepted] && results.allSatisfy { $0.runs.count == 1 })
      // A real repetition is still one of the first.
      let third = try await send(EdgeRequest.make(key, body: #"{"id": "d1"}"#), fixture)
      #expect(try await logs.get(GetLogRequest(id: third)).duplicateOf == first)
    }
  }

  @Test("a dry run tells whom binding would find, and makes nobody")
  func binding() async throws {
    try await withControlPlane { fixture in
      func definition(_ field: String) -> String {
        """
        {"flow": "orders", "nodes": [
          {"id": "hook", "type": "webhook_trigger", "auth": {"mode": "public"},
           "customer": [{"field": "email", "from": "body.\(field)", "key": true}]},
          {"id": "next", "type": "task"}], "connections": [{"from": "hook.else", "to": "next"}]}
        """
      }
      let key = try await fixture.publish(definition("email"))["hook"] ?? []
      let id = try await send(EdgeRequest.make(key, body: #"{"email": "a@b.example", "mail": "c@d.example"}"#), fixture)
      let customer = try await fixture.logs.get(GetLogRequest(id: id)).customerId
      #expect(!customer.isEmpty)
      let same = try await replay(ReplayRequest(ids: [id], dryRun: true), fixture)
      #expect(same.first?.differences == [] && same.first?.bindings.map(\.customerOutcome) == ["found"])
      #expect(try await fixture.logs.query(QueryLogsRequest(customer: customer)).entries.map(\.id) == [id])

      try await fixture.publish(definition("mail"))
      let other = try await replay(ReplayRequest(ids: [id], dryRun: true), fixture)
      #expect(other.first?.differences.map(\.path) == ["customer"])
      #expect(other.first?.bindings.map(\.customerOutcome) == ["created"] && other.first?.bindings.map(\.customerId) == [""])
      let real = try await replay(ReplayRequest(ids: [id]), fixture)
      #expect(real.first?.bindings.map(\.customerOutcome) == ["created"])
      #expect(try await fixture.logs.get(GetLogRequest(id: real.first?.newId ?? "")).customerId != customer)
    }
  }

  @Test("many are replayed at the rate that was asked for, at most as many as may be")
  func many() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      var sent: [String] = []
      for _ in 0..<30 { sent.append(try await send(EdgeRequest.make(key), fixture)) }
      let start = ContinuousClock.now
      let results = try await replay(
        ReplayRequest(filter: QueryLogsRequest(flow: "orders"), rate: 100, maxRequests: 20), fixture)
      #expect(results.map(\.id) == Array(sent.suffix(20)))
      #expect(results.map(\.total) == [20] + Array(repeating: 0, count: 19))
      #expect(ContinuousClock.now - start > .milliseconds(180))
    }
  }
}
