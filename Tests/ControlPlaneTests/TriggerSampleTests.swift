import HeadgateProto
import RPC
import Store
import Testing

@testable import ControlPlane

@Suite("amending triggers and signing samples")
struct TriggerSampleTests {
  private static func sign(_ more: (inout SignSampleRequest) -> Void = { _ in }) -> SignSampleRequest {
    var request = SignSampleRequest(
      trigger: "orders/hook", headers: [Header(name: Array("content-type".utf8), value: Array("application/json".utf8))],
      body: Array("{}".utf8), baseUrl: Array("https://hooks.example.com".utf8))
    more(&request)
    return request
  }

  @Test("faults of an amendment are at its fields, and nothing is saved")
  func amendFaults() async throws {
    try await withControlPlane { fixture in
      try await fixture.publish(Definitions.routed)
      let triggers = try fixture.triggers
      let lines = [
        VariablePath(variable: "name", from: "body.name"), VariablePath(variable: "email", from: "body..mail"),
        VariablePath(variable: "x", from: ""),
      ]
      let many = Array(repeating: "::1", count: 101)
      let refused: [(AmendTriggerRequest, Set<String>)] = [
        (AmendTriggerRequest(trigger: "orders/hook"), ["map"]), (AmendTriggerRequest(allowIps: many), ["trigger", "allow_ips"]),
        (
          AmendTriggerRequest(
            trigger: "orders/hook", map: lines, allowIps: ["203.0.113.7/33"], allowOrigins: ["nowhere"], publish: true),
          ["map[1].from", "map[2].from", "allow_ips[0]", "allow_origins[0]"]
        ),
      ]
      for (request, paths) in refused {
        let error = try await failure { try await triggers.amend(request) }
        #expect(error?.code == .invalidArgument)
        #expect(Set(error.paths) == paths)
      }
      let none = try await failure { try await triggers.amend(AmendTriggerRequest(trigger: "orders/none", allowIps: ["::1"])) }
      #expect(none?.code == .notFound)
      #expect(try await triggers.get(GetTriggerRequest(trigger: "orders/hook")).revision == 1)
    }
  }

  @Test("an amendment is in the draft, and effective once it is published")
  func amend() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.routed)["hook"] ?? []
      let (triggers, ingest) = (try fixture.triggers, try fixture.ingest)
      let body = #"{"event": "order_approved", "email": "old@example.com", "user": {"email": "ana@example.com"}}"#
      var request = AmendTriggerRequest(
        trigger: "orders/hook", map: [VariablePath(variable: "email", from: "body.user.email")], allowIps: ["203.0.113.7"])
      let drafted = try await triggers.amend(request)
      #expect(drafted.revision == 2)
      #expect(drafted.config != drafted.publishedConfig)
      _ = try await ingest.submit(EdgeRequest.make(key, body: body))
      request.publish = true
      let published = try await triggers.amend(request)
      #expect(published.config == published.publishedConfig)
      #expect(published.config == drafted.config)
      _ = try await ingest.submit(EdgeRequest.make(key, body: body))
      #expect(try await ingest.submit(EdgeRequest.make(key, body: body, address: [198, 51, 100, 1])).status == 403)
      let runs = try await fixture.runs.lease(LeaseRunsRequest(maxRuns: 10)).runs.map {
        String(decoding: $0.variables, as: UTF8.self)
      }
      #expect(runs.map { $0.contains("ana@example.com") } == [false, true])
      #expect(try await fixture.audited().filter { $0.entry.action == "trigger.amend" }.count == 1)
    }
  }

  @Test("two amendments at once are both kept")
  func concurrent() async throws {
    try await withControlPlane { fixture in
      try await fixture.publish(Definitions.open())
      let triggers = try fixture.triggers
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<4 {
          group.addTask {
            _ = try await triggers.amend(
              AmendTriggerRequest(trigger: "orders/hook", map: [VariablePath(variable: "v\(number)", from: "body.v\(number)")]))
          }
        }
        try await group.waitForAll()
      }
      let config = String(decoding: try await triggers.get(GetTriggerRequest(trigger: "orders/hook")).config, as: UTF8.self)
      for number in 0..<4 { #expect(config.contains("\"v\(number)\"")) }
    }
  }

  @Test("fields of a sample out of their bounds are named")
  func sampleFaults() async throws {
    try await withControlPlane { fixture in
      try await fixture.publish(Definitions.bearer())
      let triggers = try fixture.triggers
      let bad = Self.sign {
        $0.method = Array("po st".utf8)
        $0.path = Array("x".utf8)
        $0.query = Array("a b".utf8)
        $0.headers = [Header(name: Array("X-A".utf8), value: Array("a\r\nb".utf8))]
        $0.body = [UInt8](repeating: 0, count: (3 << 20) + 1)
      }
      #expect(
        try await failure { try await triggers.signSample(bad) }.paths
          == ["method", "path", "query", "headers[0].name", "headers[0].value", "body"])
      #expect(try await failure { try await triggers.signSample(Self.sign { $0.trigger = "orders/none" }) }?.code == .notFound)
    }
  }

  @Test("what cannot be signed says why")
  func unsigned() async throws {
    try await withControlPlane { fixture in
      let triggers = try fixture.triggers
      let key = #""auth": {"mode": "ed25519", "preset": "discord", "public_key": "pending"}"#
      try await fixture.publish(
        #"{"flow": "orders", "nodes": [{"id": "hook", "type": "webhook_trigger", \#(key)}], "connections": []}"#)
      let publicKey = try await failure { try await triggers.signSample(Self.sign()) }
      #expect(publicKey?.code == .failedPrecondition)
      #expect(publicKey?.message.contains("public key") == true)
      _ = try await fixture.flows.apply(ApplyFlowRequest(definition: Array(Definitions.open("other").utf8)))
      let subscriber = #"{"id": "hook", "type": "webhook_trigger", "source": "orders/hook"}"#
      try await fixture.publish(#"{"flow": "second", "nodes": [\#(subscriber)], "connections": []}"#)
      let second = try await failure { try await triggers.signSample(Self.sign { $0.trigger = "second/hook" }) }
      #expect(second?.message.hasSuffix("send to orders/hook") == true)
      #expect(
        try await fixture.listenFailure(ListenRequest(trigger: "second/hook"))?.message.hasSuffix("listen to orders/hook") == true
      )
      let draft = try await failure { try await triggers.signSample(Self.sign { $0.trigger = "other/hook" }) }
      #expect(draft?.message.contains("not published") == true)
      _ = try await triggers.disable(DisableTriggerRequest(trigger: "orders/hook"))
      #expect(try await failure { try await triggers.signSample(Self.sign()) }?.message.contains("disabled") == true)
    }
  }

  @Test("a subscriber has no URL to send to or to listen at")
  func subscriber() async throws {
    try await withControlPlane { fixture in
      try await fixture.publish(Definitions.open())
      let node = #"{"id": "hook", "type": "webhook_trigger", "source": "orders/hook"}"#
      try await fixture.publish(#"{"flow": "second", "nodes": [\#(node)], "connections": []}"#)
      let triggers = try fixture.triggers
      let sample = try await failure { try await triggers.signSample(Self.sign { $0.trigger = "second/hook" }) }
      #expect(sample?.message.hasSuffix("send to orders/hook") == true)
      let listening = try await fixture.listenFailure(ListenRequest(trigger: "second/hook"))
      #expect(listening?.message.hasSuffix("listen to orders/hook") == true)
    }
  }

  @Test(
    "what is signed is accepted",
    arguments: [
      #""auth": {"mode": "bearer"}"#, #""auth": {"mode": "query", "name": "k"}"#,
      #""auth": {"mode": "basic", "username": "shop"}"#,
      #""auth": {"preset": "github"}"#, #""auth": {"preset": "meta"}"#, #""auth": {"preset": "stripe"}"#,
      #""auth": {"preset": "standard-webhooks"}"#,
      #""auth": {"preset": "square"}"#, #""auth": {"mode": "public"}, "methods": ["PUT"]"#,
    ])
  func signed(_ fields: String) async throws {
    try await withControlPlane { fixture in
      let key =
        try await fixture.publish(
          #"{"flow": "orders", "nodes": [{"id": "hook", "type": "webhook_trigger", \#(fields)}], "connections": []}"#)["hook"]
        ?? []
      let response = try await fixture.triggers.signSample(Self.sign { $0.query = Array("a=1".utf8) })
      let target = String(decoding: response.target, as: UTF8.self)
      #expect(target.hasPrefix("/w/\(String(decoding: key, as: UTF8.self))?a=1"))
      var request = EdgeRequest.make(
        key, body: String(decoding: response.body, as: UTF8.self), query: String(target.split(separator: "?").last ?? ""),
        method: String(decoding: response.method, as: UTF8.self))
      request.headers = response.headers
      #expect(try await fixture.ingest.submit(request).status == 200)
      #expect(try await fixture.audited().contains { $0.entry.action == "trigger.sign_sample" })
    }
  }

  @Test("only an administrator may have samples signed")
  func roles() async throws {
    try await withControlPlane { fixture in
      try await fixture.publish(Definitions.bearer())
      let triggers = TriggerServiceClient(try fixture.caller(.operator))
      #expect(try await failure { try await triggers.signSample(Self.sign()) }?.code == .permissionDenied)
    }
  }
}
