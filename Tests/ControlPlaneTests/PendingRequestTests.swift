import Cryptography
import HeadgateProto
import Identifiers
import Postgres
import RPC
import Rules
import Store
import Testing

@testable import ControlPlane

@Suite("requests that wait for their trigger's first secret")
struct PendingRequestTests {
  private static func definition(_ auth: String) -> String {
    """
    {"flow": "orders", "nodes": [{"id": "hook", "type": "webhook_trigger", "auth": \(auth),
      "map": [{"variable": "n", "from": "body.n"}]}, {"id": "next", "type": "task"}],
     "connections": [{"from": "hook.else", "to": "next"}]}
    """
  }

  private static let token = "the-token-that-came-late"

  private func outcomes(_ fixture: Fixture) async throws -> [String] {
    try await fixture.logs.query(QueryLogsRequest(pageSize: 1000)).entries.map { "\($0.outcome) \($0.cause)" }.sorted()
  }

  @Test(
    "token modes: what redaction took out is kept encrypted until then",
    arguments: [
      (#"{"mode": "bearer", "secret": "pending"}"#, "authorization", "Bearer \(token)"),
      (#"{"mode": "header", "name": "x-token", "secret": "pending"}"#, "x-token", token),
      (#"{"mode": "query", "secret": "pending"}"#, "", token),
    ])
  func tokens(auth: String, header: String, right: String) async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Self.definition(auth))["hook"] ?? []
      let ingest = try fixture.ingest
      func request(_ value: String?, _ n: Int) -> SubmitRequest {
        let headers = value.flatMap { header.isEmpty ? nil : [(header, $0)] } ?? []
        return EdgeRequest.make(
          key, body: #"{"n": \#(n)}"#, headers: headers + [("cookie", "a=b")],
          query: value.map { header.isEmpty ? "a=1&token=\($0)&b=2" : "" } ?? "")
      }
      for (value, n) in [(right, 1), (right + "x", 2), (nil, 3), (right, 4)] as [(String?, Int)] {
        #expect(try await ingest.submit(request(value, n)).outcome == .pending)
      }
      #expect(try await fixture.triggers.get(GetTriggerRequest(trigger: "orders/hook")).secretPending)
      #expect(try await fixture.runs.list(ListRunsRequest()).runs.isEmpty)
      let rotated = try await fixture.triggers.rotate(
        RotateTriggerRequest(trigger: "orders/hook", secret: Array(Self.token.utf8)))
      #expect(rotated.pendingRequests == 4)
      #expect(try await eventually { try await !outcomes(fixture).contains { $0.hasPrefix("pending") } })
      #expect(
        try await outcomes(fixture) == [
          "accepted unspecified", "accepted unspecified", "rejected credentialMissing", "rejected credentialWrong",
        ])
      let runs = try await fixture.runs.list(ListRunsRequest()).runs
      #expect(Set(runs.map { String(decoding: $0.variables, as: UTF8.self) }) == [#"{"n":1}"#, #"{"n":4}"#])
      // What was accepted keeps nothing; what was refused may be verified again.
      let kept = try await fixture.number("SELECT count(*) FROM requests WHERE sealed IS NOT NULL")
      #expect(kept == 2)
      let plain = try await fixture.number(
        "SELECT count(*) FROM requests WHERE position('came-late' IN encode(headers, 'escape') || encode(query, 'escape')) > 0")
      #expect(plain == 0)
      // Nothing happens twice.
      #expect(await !fixture.node.pending.round())
      #expect(try await fixture.runs.list(ListRunsRequest()).runs.count == 2)
    }
  }

  @Test("signatures: the time is checked against that of receipt; a flow file may bring the secret too")
  func signatures() async throws {
    try await withControlPlane { fixture in
      let auth = #"{"mode": "hmac", "preset": "standard-webhooks", "secret": "SECRET"}"#
      let key =
        try await fixture.publish(Self.definition(auth.replacing("SECRET", with: "pending")))["hook"] ?? []
      let secret = SecretBytes(copying: Array(repeating: 7, count: 32))
      let now = UnixTime.now()
      let ingest = try fixture.ingest
      for (id, age, isRight) in [("1", 0, true), ("2", 0, false), ("3", 3000, true)] as [(String, Int64, Bool)] {
        let time = now.microseconds / 1_000_000 - age
        let body = #"{"n": \#(id)}"#
        let code = HMAC.of(Array("\(id).\(time).\(body)".utf8), key: secret, .sha256)
        let signature = isRight ? "v1,\(Base64.encode(code))" : "v1,\(Base64.encode(Array(code.reversed())))"
        let headers = [("webhook-id", id), ("webhook-timestamp", "\(time)"), ("webhook-signature", signature)]
        // As old as its signature: the control plane takes requests of the last hour.
        let received = now - .seconds(age)
        let request = EdgeRequest.make(key, body: body, headers: headers, receivedAt: received)
        #expect(try await ingest.submit(request).outcome == .pending)
      }
      let text = "whsec_\(Base64.encode(Array(repeating: 7 as UInt8, count: 32)))"
      _ = try await fixture.publish(Self.definition(auth.replacing("SECRET", with: text)))
      #expect(try await eventually { try await !outcomes(fixture).contains { $0.hasPrefix("pending") } })
      #expect(
        try await outcomes(fixture) == ["accepted unspecified", "accepted unspecified", "rejected signatureWrong"])
    }
  }

  @Test("one that the database refuses does not keep the others waiting; what a process left behind is found by the next round")
  func leftBehind() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Self.definition(#"{"mode": "bearer", "secret": "pending"}"#))["hook"] ?? []
      let ingest = try fixture.ingest
      var ids: [String] = []
      for n in 0..<5 {
        let request = EdgeRequest.make(key, body: #"{"n": \#(n)}"#, headers: [("authorization", "Bearer \(Self.token)")])
        ids.append(UniqueID(bytes: request.requestId)?.description ?? "")
        #expect(try await ingest.submit(request).outcome == .pending)
      }
      try await fixture.sql("ALTER TABLE requests ADD CHECK (id <> '\(ids[1])' OR outcome = 7)")
      _ = try await fixture.triggers.rotate(RotateTriggerRequest(trigger: "orders/hook", secret: Array(Self.token.utf8)))
      #expect(try await eventually { try await outcomes(fixture).count { $0.hasPrefix("accepted") } == 4 })
      #expect(fixture.log.text.contains("a pending request was refused by the database"))
      try await fixture.sql(
        "DO $$ DECLARE c text; BEGIN FOR c IN SELECT conname FROM pg_constraint WHERE conrelid = 'requests'::regclass AND contype = 'c' "
          + "LOOP EXECUTE format('ALTER TABLE requests DROP CONSTRAINT %I', c); END LOOP; END $$")
      #expect(await fixture.node.pending.round())
      #expect(try await outcomes(fixture).allSatisfy { $0.hasPrefix("accepted") })
      #expect(try await fixture.runs.list(ListRunsRequest()).runs.count == 5)
    }
  }

  @Test("two replicas at once settle each request once")
  func replicas() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Self.definition(#"{"mode": "bearer", "secret": "pending"}"#))["hook"] ?? []
      let ingest = try fixture.ingest
      for n in 0..<120 {
        _ = try await ingest.submit(
          EdgeRequest.make(key, body: #"{"n": \#(n)}"#, headers: [("authorization", "Bearer \(Self.token)")]))
      }
      let other = try await Replica(of: fixture)
      _ = try await fixture.triggers.rotate(RotateTriggerRequest(trigger: "orders/hook", secret: Array(Self.token.utf8)))
      #expect(
        try await eventually {
          _ = await other.node.pending.round()
          return try await fixture.number("SELECT count(*) FROM requests WHERE outcome = 7") == 0
        })
      let runs = try await fixture.number("SELECT count(*) FROM runs")
      #expect(runs == 120)
      await other.end()
    }
  }
}

@Suite("secrets and their changes")
struct SecretChangeTests {
  @Test("sixteen triggers created at once on one flow are all there")
  func manyAtOnce() async throws {
    try await withControlPlane { fixture in
      let triggers = try fixture.triggers
      let other = try await Replica(of: fixture)
      let theirs = TriggerServiceClient(
        try InProcessPair(handlers: other.node.methods(), principal: Principal(name: "admin", roles: [.admin])))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<16 {
          group.addTask {
            let config = Array(#"{"id": "hook\#(index)", "type": "webhook_trigger", "auth": {"mode": "bearer"}}"#.utf8)
            let request = CreateTriggerRequest(flow: "orders", config: config, publish: true)
            _ = try await index % 2 == 0 ? triggers.create(request) : theirs.create(request)
          }
        }
        try await group.waitForAll()
      }
      let listed = try await triggers.list(ListTriggersRequest(flow: "orders")).triggers
      #expect(Set(listed.map(\.node)) == Set((0..<16).map { "hook\($0)" }))
      await other.end()
    }
  }

  @Test("a secret is stored only with the rule that it was checked against")
  func staleRule() async throws {
    try await withControlPlane { fixture in
      _ = try await fixture.publish(Definitions.bearer())
      let store = fixture.node.store
      let workspace = try #require(try await store.workspace(named: "default")).id
      let trigger = try #require(try await store.trigger(node: "hook", ofFlowNamed: "orders", in: workspace))
      let flow = try #require(try await store.flow(trigger.flow, in: workspace))
      let secrets = TriggerSecrets(keys: fixture.node.keys)
      func sealed() async throws -> SecretRow {
        try await secrets.seal(SecretBytes(copying: "another-secret"), trigger: trigger.id, in: workspace)
      }
      // A rotation whose flow was saved meanwhile.
      let stale = SecretRotation(
        workspace: workspace, added: try await sealed(), overlap: .zero, expectedRevision: flow.revision - 1)
      await #expect(throws: StoreError.staleRevision(current: flow.revision)) { _ = try await store.rotateSecret(stale) }
      // A flow whose secret was rotated meanwhile.
      let known = Set(try await store.secrets(of: trigger.id, in: workspace).map(\.id))
      _ = try await store.rotateSecret(
        SecretRotation(workspace: workspace, added: try await sealed(), overlap: .zero, expectedRevision: flow.revision))
      let change = FlowSaving(
        workspace: workspace, flow: flow.id, name: flow.name, draft: flow.draft, expectedRevision: flow.revision,
        knownSecrets: known)
      await #expect(throws: StoreError.staleSecrets) { _ = try await store.apply(change) }
      #expect(try await store.flow(flow.id, in: workspace)?.revision == flow.revision)
    }
  }

  @Test("a verify token is generated where the provider asks for one, shown with its purpose, and rotated by itself")
  func verifyTokens() async throws {
    try await withControlPlane { fixture in
      let definition = """
        {"flow": "orders", "nodes": [{"id": "hook", "type": "webhook_trigger", "auth": {"preset": "meta", "secret": "app-secret-0123456789"}},
          {"id": "next", "type": "task"}], "connections": [{"from": "hook.else", "to": "next"}]}
        """
      let key = try await fixture.publish(definition)["hook"] ?? []
      let (triggers, ingest) = (try fixture.triggers, try fixture.ingest)
      func token() async throws -> String {
        let secrets = try await triggers.reveal(RevealTriggerRequest(trigger: "orders/hook")).secrets
        return String(decoding: secrets.last { $0.purpose == .verifyToken && $0.expiresAtUs == 0 }?.value ?? [], as: UTF8.self)
      }
      func handshake(_ token: String) async throws -> UInt32 {
        try await ingest.submit(
          EdgeRequest.make(
            key, body: "", query: "hub.mode=subscribe&hub.verify_token=\(token)&hub.challenge=1158201444", method: "GET")
        ).status
      }
      let first = try await token()
      #expect(first.utf8.count >= 32)
      #expect(try await handshake(first) == 200)
      #expect(try await handshake("guessed") == 403)
      // Applying the same again keeps it.
      _ = try await fixture.publish(definition)
      #expect(try await token() == first)
      let info = try await triggers.get(GetTriggerRequest(trigger: "orders/hook")).secrets
      #expect(Set(info.map(\.purpose)) == [.credential, .verifyToken])

      let rotated = try await triggers.rotate(
        RotateTriggerRequest(trigger: "orders/hook", overlapSeconds: 0, purpose: .verifyToken))
      #expect(rotated.secret?.purpose == .verifyToken)
      let second = try await token()
      #expect(second != first)
      #expect(try await handshake(first) == 403)
      #expect(try await handshake(second) == 200)
      // The credential is as it was.
      let credentials = try await triggers.reveal(RevealTriggerRequest(trigger: "orders/hook")).secrets
        .filter { $0.purpose == .credential }
      #expect(credentials.map(\.value) == [Array("app-secret-0123456789".utf8)])

      let given = definition.replacing(#""secret":"#, with: #""verify_token": "my-own-token", "secret":"#)
      _ = try await fixture.publish(given)
      #expect(try await handshake("my-own-token") == 200)
      #expect(try await handshake(second) == 403)
      _ = try await fixture.publish(Definitions.bearer("plain"))
      let none = try await failure {
        try await triggers.rotate(RotateTriggerRequest(trigger: "plain/hook", purpose: .verifyToken))
      }
      #expect(none?.code == .failedPrecondition)
    }
  }
}
