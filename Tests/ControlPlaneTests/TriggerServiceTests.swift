import HeadgateProto
import Store
import Testing

@testable import ControlPlane

@Suite("TriggerService")
struct TriggerServiceTests {
  @Test("faults of a node name the field that it was given in")
  func faults() async throws {
    try await withControlPlane { fixture in
      let triggers = try fixture.triggers
      let create = CreateTriggerRequest(
        flow: "orders", config: Array(#"{"id": "hook", "auth": {"mode": "bearer", "secret": ""}, "mop": []}"#.utf8))
      let error = try await failure { try await triggers.create(create) }
      #expect(error?.code == .invalidArgument)
      #expect(Set(error.paths).isSuperset(of: ["config.auth.secret", "config.mop"]))
      for (request, path) in [
        (CreateTriggerRequest(), "flow"), (CreateTriggerRequest(flow: "orders"), "config"),
        (CreateTriggerRequest(flow: "orders", config: Array("[]".utf8)), "config"),
        (CreateTriggerRequest(flow: "a/b", config: Array(#"{"id": "x", "auth": {"mode": "public"}}"#.utf8)), "flow"),
        (CreateTriggerRequest(flow: "orders", config: Array(#"{"id": "x", "type": "task"}"#.utf8)), "config.type"),
      ] {
        let error = try await failure { try await triggers.create(request) }
        #expect(error?.faults.map(\.path).contains(path) == true, "\(path): \(String(describing: error))")
      }
      #expect(try await triggers.list(ListTriggersRequest()).triggers.isEmpty)
    }
  }

  @Test("create, update and delete work on the draft node")
  func lifecycle() async throws {
    try await withControlPlane { fixture in
      let triggers = try fixture.triggers
      let config = Array(#"{"id": "hook", "auth": {"mode": "bearer"}}"#.utf8)
      let created = try await triggers.create(CreateTriggerRequest(flow: "orders", config: config, publish: true))
      #expect(created.flow == "orders")
      #expect(created.node == "hook")
      #expect(created.url == "/w/" + created.key)
      #expect(created.authMode == "bearer")
      #expect(created.enabled)
      #expect(created.revision == 1)
      #expect(created.config == created.publishedConfig)
      #expect(created.secrets.count == 1)
      #expect(created.secrets.first?.masterKeyVersion == 1)
      let again = try await failure { try await triggers.create(CreateTriggerRequest(flow: "orders", config: config)) }
      #expect(again?.code == .alreadyExists)

      let open = Array(#"{"auth": {"mode": "public"}}"#.utf8)
      for revision: UInt64 in [2, 99] {
        let stale = UpdateTriggerRequest(trigger: "orders/hook", config: open, revision: revision)
        #expect(try await failure { try await triggers.update(stale) }?.code == .failedPrecondition)
      }
      let none = try await failure { try await triggers.update(UpdateTriggerRequest(trigger: "orders/hook", config: open)) }
      #expect(none?.faults.map(\.path) == ["revision"])
      let renamed = UpdateTriggerRequest(
        trigger: "orders/hook", config: Array(#"{"id": "other", "auth": {"mode": "public"}}"#.utf8), revision: 1)
      #expect(try await failure { try await triggers.update(renamed) }?.code == .invalidArgument)
      let updated = try await triggers.update(UpdateTriggerRequest(trigger: created.key, config: open, revision: 1))
      #expect(updated.revision == 2)
      #expect(updated.authMode == "public")
      #expect(updated.publishedConfig == created.config)
      #expect(updated.key == created.key)
      #expect(updated.createdAtUs == created.createdAtUs && updated.updatedAtUs > created.updatedAtUs)

      _ = try await triggers.delete(DeleteTriggerRequest(trigger: created.id))
      // Published still: the URL lives until the next publication.
      #expect(try await fixture.ingest.submit(EdgeRequest.make(Array(created.key.utf8))).status == 401)
      _ = try await fixture.flows.publish(PublishFlowRequest(flow: "orders"))
      #expect(try await fixture.ingest.submit(EdgeRequest.make(Array(created.key.utf8))).status == 404)
      #expect(try await failure { try await triggers.get(GetTriggerRequest(trigger: "orders/hook")) }?.code == .notFound)
      let actions = try await fixture.audited().map(\.entry.action)
      #expect(actions == ["trigger.create", "trigger.update", "trigger.delete", "flow.publish"])
    }
  }

  @Test("enable and disable are effective when the call returns")
  func enabling() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let (triggers, ingest) = (try fixture.triggers, try fixture.ingest)
      for _ in 0..<3 {
        #expect(try await triggers.disable(DisableTriggerRequest(trigger: "orders/hook")).enabled == false)
        #expect(try await ingest.submit(EdgeRequest.make(key)).status == 404)
        #expect(try await triggers.enable(EnableTriggerRequest(trigger: "orders/hook")).enabled)
        #expect(try await ingest.submit(EdgeRequest.make(key)).status == 200)
      }
      #expect(try await failure { try await triggers.enable(EnableTriggerRequest(trigger: "orders/nope")) }?.code == .notFound)
    }
  }

  @Test("reveal is the administrator's and leaves an audit row")
  func reveal() async throws {
    try await withControlPlane { fixture in
      try await fixture.publish(Definitions.bearer(secret: "a-secret-of-my-own"))
      let request = RevealTriggerRequest(trigger: "orders/hook", reason: "the shop lost it")
      for role in [Role.operator, .reader, .edge, .worker] {
        let client = TriggerServiceClient(try fixture.caller(role))
        #expect(try await failure { try await client.reveal(request) }?.code == .permissionDenied)
      }
      #expect(try await fixture.audited().map(\.entry.action) == ["flow.apply"])
      let client = TriggerServiceClient(try fixture.caller(.admin, name: "ana"))
      let revealed = try await client.reveal(request)
      #expect(revealed.secrets.map(\.value) == [Array("a-secret-of-my-own".utf8)])
      let row = try await fixture.audited().last?.entry
      #expect(row?.action == "trigger.reveal")
      #expect(row?.principal == "ana")
      #expect(row?.object == "orders/hook")
      #expect(row.map { String(decoding: $0.details, as: UTF8.self).contains("the shop lost it") } == true)
      let long = RevealTriggerRequest(trigger: "orders/hook", reason: String(repeating: "x", count: 1025))
      #expect(try await failure { try await client.reveal(long) }?.faults.map(\.path) == ["reason"])
    }
  }

  @Test("after a rotation both secrets are accepted, then only the new one")
  func rotation() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.bearer(secret: "the-old-secret-here"))["hook"] ?? []
      let (triggers, ingest) = (try fixture.triggers, try fixture.ingest)
      func status(_ secret: String) async throws -> UInt32 {
        try await ingest.submit(EdgeRequest.make(key, headers: [("authorization", "Bearer \(secret)")])).status
      }
      let rotated = try await triggers.rotate(
        RotateTriggerRequest(trigger: "orders/hook", secret: Array("the-new-secret-here".utf8), overlapSeconds: 3600))
      #expect(rotated.warnings.isEmpty)
      #expect(try await status("the-old-secret-here") == 200)
      #expect(try await status("the-new-secret-here") == 200)
      let secrets = try await triggers.get(GetTriggerRequest(trigger: "orders/hook")).secrets
      #expect(secrets.map { $0.expiresAtUs == 0 } == [true, false])

      let generated = try await triggers.rotate(RotateTriggerRequest(trigger: "orders/hook", overlapSeconds: 0))
      let value = String(decoding: generated.secret?.value ?? [], as: UTF8.self)
      #expect(value.utf8.count >= 32)
      #expect(try await status(value) == 200)
      #expect(try await status("the-new-secret-here") == 401)
      // An overlap of nothing ends all that were before: that is what a stolen secret needs.
      #expect(try await status("the-old-secret-here") == 401)
      let actions = try await fixture.audited().map(\.entry.action)
      #expect(actions == ["flow.apply", "trigger.rotate", "trigger.rotate"])
    }
  }

  @Test("a rotation that cannot be is refused")
  func impossibleRotation() async throws {
    try await withControlPlane { fixture in
      try await fixture.publish(Definitions.open("open"))
      try await fixture.publish(Definitions.bearer())
      let triggers = try fixture.triggers
      let open = try await failure { try await triggers.rotate(RotateTriggerRequest(trigger: "open/hook")) }
      #expect(open?.code == .failedPrecondition)
      let spaces = RotateTriggerRequest(trigger: "orders/hook", secret: Array(" ends with a space ".utf8))
      #expect(try await failure { try await triggers.rotate(spaces) }?.faults.map(\.path) == ["secret"])
      let long = RotateTriggerRequest(trigger: "orders/hook", overlapSeconds: .max)
      #expect(try await failure { try await triggers.rotate(long) }?.faults.map(\.path) == ["overlap_seconds"])
      let short = try await triggers.rotate(RotateTriggerRequest(trigger: "orders/hook", secret: Array("short".utf8)))
      #expect(short.warnings.count == 1)
      for _ in 0..<6 { _ = try await triggers.rotate(RotateTriggerRequest(trigger: "orders/hook")) }
      let many = try await failure { try await triggers.rotate(RotateTriggerRequest(trigger: "orders/hook")) }
      #expect(many?.code == .failedPrecondition)
      // What ends all others at once is never refused for their number.
      let last = try await triggers.rotate(RotateTriggerRequest(trigger: "orders/hook", overlapSeconds: 0))
      let secrets = try await triggers.get(GetTriggerRequest(trigger: "orders/hook")).secrets
      #expect(secrets.map(\.id) == [last.secret?.id])
    }
  }

  @Test("lists are paged over flows and within one")
  func paging() async throws {
    try await withControlPlane { fixture in
      let nodes = ["a", "b", "c"].map { #"{"id": "\#($0)", "type": "webhook_trigger", "auth": {"mode": "public"}}"# }
      for flow in ["one", "two"] {
        try await fixture.publish(#"{"flow": "\#(flow)", "nodes": [\#(nodes.joined(separator: ","))]}"#)
      }
      let triggers = try fixture.triggers
      for (flow, expected) in [
        ("", ["one/a", "one/b", "one/c", "two/a", "two/b", "two/c"]), ("two", ["two/a", "two/b", "two/c"]),
      ] {
        var names: [String] = []
        var cursor = ""
        repeat {
          let page = try await triggers.list(ListTriggersRequest(flow: flow, pageSize: 2, cursor: cursor))
          names += page.triggers.map { "\($0.flow)/\($0.node)" }
          cursor = page.nextCursor
        } while !cursor.isEmpty
        #expect(names == expected)
      }
    }
  }
}
