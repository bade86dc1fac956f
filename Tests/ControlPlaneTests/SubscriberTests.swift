import HeadgateProto
import Identifiers
import RPC
import Rules
import Store
import Testing

@testable import ControlPlane

@Suite("several flows on one URL")
struct SubscriberTests {
  /// A flow whose node subscribes to a URL.
  private static func subscriber(_ flow: String, source: String = "orders/hook", connected: Bool = true) -> String {
    """
    {"flow": "\(flow)", "nodes": [{"id": "follow", "type": "webhook_trigger", "source": "\(source)"},
      {"id": "next", "type": "task"}], "connections": [\(connected ? #"{"from": "follow.else", "to": "next"}"# : "")]}
    """
  }

  private func flows(_ fixture: Fixture) async throws -> [String] {
    try await fixture.runs.list(ListRunsRequest()).runs.map(\.flow).sorted()
  }

  @Test("one run for the owner and one for each subscriber; a subscriber's own key is unknown")
  func runs() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let own = try await fixture.publish(Self.subscriber("bills"))["follow"] ?? []
      _ = try await fixture.publish(Self.subscriber("stock"))
      let ingest = try fixture.ingest
      #expect(try await ingest.submit(EdgeRequest.make(key)).outcome == .accepted)
      #expect(try await flows(fixture) == ["bills", "orders", "stock"])
      #expect(try await ingest.submit(EdgeRequest.make(own)).cause == .unknownKey)
      #expect(try await flows(fixture).count == 3)

      let triggers = try fixture.triggers
      let owner = try await triggers.get(GetTriggerRequest(trigger: "orders/hook"))
      #expect(owner.subscribers == ["bills/follow", "stock/follow"])
      let follower = try await triggers.get(GetTriggerRequest(trigger: "bills/follow"))
      #expect(follower.url.isEmpty && follower.source == "orders/hook" && follower.subscribers.isEmpty)
      #expect(!follower.secretPending && follower.secrets.isEmpty)
      let rotated = try await failure { try await triggers.rotate(RotateTriggerRequest(trigger: "bills/follow")) }
      #expect(rotated?.code == .failedPrecondition)
    }
  }

  @Test("a subscriber waits for a source that is not there, and goes on when it is back")
  func waiting() async throws {
    try await withControlPlane { fixture in
      let early = try await fixture.flows.apply(
        ApplyFlowRequest(definition: Array(Self.subscriber("bills").utf8), publish: true))
      #expect(early.warnings.contains { $0.contains("there is no trigger orders/hook yet") })
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let ingest = try fixture.ingest
      _ = try await ingest.submit(EdgeRequest.make(key))
      #expect(try await flows(fixture) == ["bills", "orders"])
      let later = try await fixture.flows.apply(
        ApplyFlowRequest(definition: Array(Self.subscriber("bills", connected: false).utf8), publish: true))
      #expect(!later.warnings.contains { $0.contains("source") })
      _ = try await ingest.submit(EdgeRequest.make(key))
      #expect(try await flows(fixture) == ["bills", "orders", "orders"])
      // The owner goes and comes back with another key.
      _ = try await fixture.flows.delete(DeleteFlowRequest(flow: "orders"))
      let renewed = try await fixture.publish(Definitions.open())["hook"] ?? []
      #expect(renewed != key)
      _ = try await fixture.publish(Self.subscriber("bills"))
      _ = try await ingest.submit(EdgeRequest.make(renewed))
      #expect(try await flows(fixture) == ["bills", "bills", "orders", "orders", "orders"])
    }
  }

  @Test("a disabled subscriber starts no run; a disabled owner answers nobody")
  func disabled() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      _ = try await fixture.publish(Self.subscriber("bills"))
      let (ingest, triggers) = (try fixture.ingest, try fixture.triggers)
      _ = try await triggers.disable(DisableTriggerRequest(trigger: "bills/follow"))
      _ = try await ingest.submit(EdgeRequest.make(key))
      #expect(try await flows(fixture) == ["orders"])
      #expect(try await triggers.get(GetTriggerRequest(trigger: "orders/hook")).subscribers == ["bills/follow"])
      _ = try await triggers.enable(EnableTriggerRequest(trigger: "bills/follow"))
      _ = try await ingest.submit(EdgeRequest.make(key))
      #expect(try await flows(fixture) == ["bills", "orders", "orders"])
      _ = try await triggers.disable(DisableTriggerRequest(trigger: "orders/hook"))
      #expect(try await ingest.submit(EdgeRequest.make(key)).cause == .unknownKey)
    }
  }

  @Test("what another workspace calls the same is not subscribed to")
  func workspaces() async throws {
    try await withControlPlane { fixture in
      _ = try await WorkspaceServiceClient(try fixture.caller(.admin)).create(CreateWorkspaceRequest(name: "other"))
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      _ = try await fixture.publish(Self.subscriber("bills"), workspace: "other")
      _ = try await fixture.ingest.submit(EdgeRequest.make(key))
      #expect(try await flows(fixture) == ["orders"])
      #expect(try await fixture.runs.list(ListRunsRequest(workspace: "other")).runs.isEmpty)
    }
  }

  @Test("a subscriber's templates see the workspace's variables as they are at the request")
  func environment() async throws {
    try await withControlPlane { fixture in
      let definition = """
        {"flow": "orders", "nodes": [{"id": "hook", "type": "webhook_trigger", "auth": {"mode": "public"},
          "map": [{"variable": "shop", "from": "{{ env.shop ?? \\"none\\" }}"}]}, {"id": "next", "type": "task"}],
         "connections": [{"from": "hook.else", "to": "next"}]}
        """
      let key = try await fixture.publish(definition)["hook"] ?? []
      let ingest = try fixture.ingest
      let variables = VariableServiceClient(try fixture.caller(.admin))
      _ = try await ingest.submit(EdgeRequest.make(key))
      _ = try await variables.set(SetVariableRequest(name: "shop", value: "Ana"))
      _ = try await ingest.submit(EdgeRequest.make(key))
      let seen = try await fixture.runs.list(ListRunsRequest()).runs.map { String(decoding: $0.variables, as: UTF8.self) }
      #expect(seen == [#"{"shop":"Ana"}"#, #"{"shop":"none"}"#])
    }
  }

  @Test("policies follow what is published, and a disabled trigger has none")
  func policies() async throws {
    try await withControlPlane { fixture in
      let definition = """
        {"flow": "orders", "nodes": [{"id": "hook", "type": "webhook_trigger", "auth": {"mode": "public"}, "deadline": "4.5s",
          "rate_limit": {"per_minute": 600, "burst": 100, "per_source": {"per_minute": 60, "burst": 20}}}]}
        """
      _ = try await fixture.publish(definition)
      _ = try await fixture.publish(Definitions.open("plain"))
      let stream = try await PolicyServiceClient(try fixture.caller(.edge)).watch(WatchPolicyRequest())
      let first = try #require(try await stream.next())
      #expect(first.complete && first.triggers.count == 1)
      let policy = try #require(first.triggers.first)
      #expect(policy.keyDigest.count == 16 && policy.deadlineMs == 4500)
      #expect((policy.ratePerMinute, policy.burst, policy.sourceRatePerMinute, policy.sourceBurst) == (600, 100, 60, 20))
      _ = try await fixture.triggers.disable(DisableTriggerRequest(trigger: "orders/hook"))
      #expect(try await stream.next()?.removed == [policy.keyDigest])
      _ = try await fixture.triggers.enable(EnableTriggerRequest(trigger: "orders/hook"))
      #expect(try await stream.next()?.triggers == [policy])
      stream.cancel()
    }
  }
}
