import HeadgateProto
import Store
import Testing

@testable import ControlPlane

@Suite("FlowService")
struct FlowApplyTests {
  private static let fiveFaults = """
    {"flow": "orders", "nodes": [
      {"id": "hook", "type": "webhook_trigger", "auth": {"mode": "beerer"},
       "allow": {"ips": ["203.0.113.0/99"]},
       "map": [{"variable": "email", "from": "body["}, {"variable": "9bad", "from": "body.x"}]},
      {"id": "hook", "type": "task"}], "connections": [{"from": "hook.else", "to": "nowhere"}]}
    """

  @Test("a definition with several faults lists all of them with their paths and changes nothing")
  func faults() async throws {
    try await withControlPlane { fixture in
      try await fixture.publish(Definitions.bearer())
      let before = try await fixture.flows.get(GetFlowRequest(flow: "orders"))
      let error = try await failure {
        try await fixture.flows.apply(ApplyFlowRequest(definition: Array(Self.fiveFaults.utf8), publish: true))
      }
      #expect(error?.code == .invalidArgument)
      let paths = error.paths
      #expect(paths.count >= 5)
      for expected in [
        "nodes[0].auth.mode", "nodes[0].allow.ips[0]", "nodes[0].map[0].from", "nodes[0].map[1].variable", "nodes[1].id",
      ] {
        #expect(paths.contains(expected))
      }
      #expect(try await fixture.flows.get(GetFlowRequest(flow: "orders")) == before)
      #expect(try await fixture.audited().map(\.entry.action) == ["flow.apply"])
    }
  }

  @Test(
    "what is not a definition, or not a field, is named",
    arguments: [
      (ApplyFlowRequest(), "definition"),
      (ApplyFlowRequest(definition: Array("{".utf8)), ""),
      (ApplyFlowRequest(definition: Array("[]".utf8)), ""),
      (ApplyFlowRequest(definition: Array(#"{"flow": "x", "nodes": [], "nodez": 1}"#.utf8)), "nodez"),
      (ApplyFlowRequest(definition: Array("{}".utf8), expectedRevision: .max), "expected_revision"),
    ])
  func refused(request: ApplyFlowRequest, path: String) async throws {
    try await withControlPlane { fixture in
      let error = try await failure { try await fixture.flows.apply(request) }
      #expect(error?.code == .invalidArgument)
      #expect(error?.faults.contains { $0.path == path } == true)
    }
  }

  @Test("applying the same again changes nothing, the same secret included")
  func idempotent() async throws {
    try await withControlPlane { fixture in
      let request = ApplyFlowRequest(definition: Array(Definitions.bearer(secret: "a-secret-of-my-own").utf8), publish: true)
      let first = try await fixture.flows.apply(request)
      #expect(first.created)
      #expect(first.published)
      #expect(first.generatedSecrets.isEmpty)
      let second = try await fixture.flows.apply(request)
      #expect(!second.created)
      #expect(!second.published)
      #expect(second.changes.isEmpty)
      #expect(second.flow == first.flow)
      #expect(second.flow?.revision == 1)
      // The secret's value is in neither answer.
      #expect(!String(decoding: first.encoded + second.encoded, as: UTF8.self).contains("a-secret-of-my-own"))
      #expect(try await fixture.audited().count == 1)

      let changed = try await fixture.flows.apply(
        ApplyFlowRequest(definition: Array(Definitions.bearer(secret: "another-secret-now").utf8), publish: true))
      #expect(changed.changes.map(\.path) == ["nodes[hook].auth.secret"])
      let revealed = try await fixture.triggers.reveal(RevealTriggerRequest(trigger: "orders/hook"))
      #expect(revealed.secrets.map(\.value) == [Array("another-secret-now".utf8)])
    }
  }

  @Test("a secret that is needed and not given is generated once")
  func generated() async throws {
    try await withControlPlane { fixture in
      let request = ApplyFlowRequest(definition: Array(Definitions.bearer().utf8), publish: true)
      #expect(try await fixture.flows.apply(request).generatedSecrets == ["orders/hook"])
      let first = try await fixture.triggers.reveal(RevealTriggerRequest(trigger: "orders/hook"))
      #expect(try await fixture.flows.apply(request).generatedSecrets.isEmpty)
      #expect(try await fixture.triggers.reveal(RevealTriggerRequest(trigger: "orders/hook")) == first)
      #expect(first.secrets.first.map { $0.value.count >= 32 } == true)
    }
  }

  @Test("a dry run tells the same and keeps nothing")
  func dryRun() async throws {
    try await withControlPlane { fixture in
      let request = ApplyFlowRequest(definition: Array(Definitions.bearer().utf8), publish: true, dryRun: true)
      let response = try await fixture.flows.apply(request)
      #expect(response.created)
      #expect(!response.changes.isEmpty)
      #expect(response.generatedSecrets == ["orders/hook"])
      #expect(try await failure { try await fixture.flows.get(GetFlowRequest(flow: "orders")) }?.code == .notFound)
      #expect(try await fixture.audited().isEmpty)
    }
  }

  @Test("a stale revision is refused, the right one is taken")
  func revisions() async throws {
    try await withControlPlane { fixture in
      try await fixture.publish(Definitions.open())
      var request = ApplyFlowRequest(definition: Array(Definitions.bearer().utf8), expectedRevision: 7)
      let error = try await failure { try await fixture.flows.apply(request) }
      #expect(error?.code == .failedPrecondition)
      request.expectedRevision = 1
      let applied = try await fixture.flows.apply(request)
      #expect(applied.flow?.revision == 2)
      #expect(applied.flow?.draftPublished == false)
      #expect(applied.flow?.publishedVersion == 1)

      let stale = PublishFlowRequest(flow: "orders", expectedRevision: 1)
      #expect(try await failure { try await fixture.flows.publish(stale) }?.code == .failedPrecondition)
      let published = try await fixture.flows.publish(PublishFlowRequest(flow: "orders", expectedRevision: 2))
      #expect(published.publishedVersion == 2)
      #expect(published.draftPublished)
      #expect(published.versions.map(\.version) == [2, 1])
    }
  }

  @Test("writers at the same time do not lose each other's changes")
  func concurrentApplies() async throws {
    try await withControlPlane { fixture in
      let flows = try fixture.flows
      try await withThrowingTaskGroup(of: ApplyFlowResponse.self) { group in
        for index in 0..<6 {
          group.addTask {
            let definition = Definitions.open("orders", node: index.isMultiple(of: 2) ? "hook" : "other")
            return try await flows.apply(ApplyFlowRequest(definition: Array(definition.utf8), publish: true))
          }
        }
        for try await response in group { #expect(response.flow?.triggers.count == 1) }
      }
      let flow = try await flows.get(GetFlowRequest(flow: "orders"))
      #expect(flow.triggers.count == 1)
      #expect(flow.draftPublished)
    }
  }

  @Test("a trigger lives by the published version: a draft changes nothing until it is published")
  func publishedVersionDecides() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let without = #"{"flow": "orders", "nodes": [{"id": "next", "type": "task"}]}"#
      _ = try await fixture.flows.apply(ApplyFlowRequest(definition: Array(without.utf8), publish: false))
      let ingest = try fixture.ingest
      #expect(try await ingest.submit(EdgeRequest.make(key)).status == 200)
      _ = try await fixture.flows.publish(PublishFlowRequest(flow: "orders"))
      #expect(try await ingest.submit(EdgeRequest.make(key)).status == 404)
      // A node of the same name gets a new key.
      let again = try await fixture.publish(Definitions.open())["hook"] ?? []
      #expect(again != key)
      #expect(try await ingest.submit(EdgeRequest.make(again)).status == 200)
    }
  }

  @Test("delete takes the URL away and keeps the log")
  func delete() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let ingest = try fixture.ingest
      #expect(try await ingest.submit(EdgeRequest.make(key)).status == 200)
      _ = try await fixture.flows.delete(DeleteFlowRequest(flow: "orders"))
      #expect(try await ingest.submit(EdgeRequest.make(key)).status == 404)
      #expect(try await failure { try await fixture.flows.get(GetFlowRequest(flow: "orders")) }?.code == .notFound)
      #expect(try await failure { try await fixture.flows.delete(DeleteFlowRequest(flow: "orders")) }?.code == .notFound)
      let entries = try await fixture.logs.query(QueryLogsRequest()).entries
      #expect(entries.map(\.trigger) == ["orders/hook"])
      #expect(try await fixture.logs.get(GetLogRequest(id: entries.first?.id ?? "")).trigger == "orders/hook")
      #expect(try await fixture.audited().map(\.entry.action) == ["flow.apply", "flow.delete"])
    }
  }

  @Test("lists are paged by opaque cursors that only their own query takes")
  func paging() async throws {
    try await withControlPlane { fixture in
      for name in ["a", "b", "c", "d", "e"] { try await fixture.publish(Definitions.open(name)) }
      let flows = try fixture.flows
      var names: [String] = []
      var cursor = ""
      repeat {
        let page = try await flows.list(ListFlowsRequest(pageSize: 2, cursor: cursor))
        names += page.flows.map(\.name)
        #expect(page.flows.allSatisfy { $0.draft.isEmpty && $0.triggers.count == 1 })
        cursor = page.nextCursor
      } while !cursor.isEmpty
      #expect(names == ["a", "b", "c", "d", "e"])

      let first = try await flows.list(ListFlowsRequest(pageSize: 2)).nextCursor
      var tampered = Array(first.utf8)
      tampered[2] = tampered[2] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      for cursor in [String(decoding: tampered, as: UTF8.self), "x", "%%", first + "A"] {
        let error = try await failure { try await flows.list(ListFlowsRequest(pageSize: 2, cursor: cursor)) }
        #expect(error?.faults.first?.path == "cursor")
      }
      let other = try await failure { try await fixture.triggers.list(ListTriggersRequest(cursor: first)) }
      #expect(other?.faults.first?.path == "cursor")
      let size = try await failure { try await flows.list(ListFlowsRequest(pageSize: 1001)) }
      #expect(size?.faults.first?.path == "page_size")
    }
  }
}

@Suite("FlowService.Get of a version")
struct FlowVersionTests {
  @Test("old versions are shown; one that was never published is not found")
  func versions() async throws {
    try await withControlPlane { fixture in
      try await fixture.publish(Definitions.open(node: "first"))
      try await fixture.publish(Definitions.open(node: "second"))
      let flows = try fixture.flows
      for (version, node) in [(1 as UInt32, "first"), (2, "second")] {
        let flow = try await flows.get(GetFlowRequest(flow: "orders", version: version))
        #expect(String(decoding: flow.versionDefinition, as: UTF8.self).contains(#""id":"\#(node)""#))
        #expect(flow.publishedVersion == 2)
      }
      #expect(try await flows.get(GetFlowRequest(flow: "orders")).versionDefinition.isEmpty)
      for version: UInt32 in [3, .max] {
        let error = try await failure { try await flows.get(GetFlowRequest(flow: "orders", version: version)) }
        #expect(error?.code == .notFound)
      }
    }
  }
}
