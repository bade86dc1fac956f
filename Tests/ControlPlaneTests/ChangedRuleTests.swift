import HeadgateProto
import Testing

@testable import ControlPlane

/// What becomes of a stored secret when the rule that it was made for changes.
@Suite("A changed rule")
struct ChangedRuleTests {
  /// A valid Ed25519 public key (RFC 8032 §7.1, test 1).
  private static let publicKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
  private static let otherKey = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
  private static let fixedKey = #"{"mode": "ed25519", "preset": "discord", "public_key": "\#(publicKey)"}"#

  private static func apply(_ auth: String, publish: Bool = true, dryRun: Bool = false) -> ApplyFlowRequest {
    let definition = """
      {"flow": "orders", "nodes": [{"id": "hook", "type": "webhook_trigger", "auth": \(auth)}, {"id": "next", "type": "task"}],
       "connections": [{"from": "hook.else", "to": "next"}]}
      """
    return ApplyFlowRequest(definition: Array(definition.utf8), publish: publish, dryRun: dryRun)
  }

  private static func status(_ token: String, _ fixture: Fixture) async throws -> UInt32 {
    let key = try await fixture.triggers.get(GetTriggerRequest(trigger: "orders/hook")).key
    let request = EdgeRequest.make(Array(key.utf8), headers: [("authorization", "Bearer \(token)")])
    return try await fixture.ingest.submit(request).status
  }

  private static func stored(_ fixture: Fixture) async throws -> [String] {
    let revealed = try await fixture.triggers.reveal(RevealTriggerRequest(trigger: "orders/hook"))
    return revealed.secrets.map { String(decoding: $0.value, as: UTF8.self) }
  }

  @Test(
    "a public key never becomes a token",
    arguments: [
      #"{"mode": "bearer"}"#, #"{"mode": "bearer", "secret": "generated"}"#,
      #"{"mode": "bearer", "secret": "a-secret-of-my-own"}"#,
      #"{"mode": "hmac", "preset": "github"}"#,
    ])
  func publicKeyToSharedSecret(auth: String) async throws {
    try await withControlPlane { fixture in
      _ = try await fixture.flows.apply(Self.apply(Self.fixedKey))
      // One in its overlap ends too.
      _ = try await fixture.triggers.rotate(RotateTriggerRequest(trigger: "orders/hook", secret: Array(Self.otherKey.utf8)))
      let applied = try await fixture.flows.apply(Self.apply(auth))
      #expect(applied.changes.contains { $0.path == "nodes[hook].auth.secret" })
      let stored = try await Self.stored(fixture)
      #expect(stored.count == 1)
      #expect(!stored.contains(Self.publicKey) && !stored.contains(Self.otherKey))
      for key in [Self.publicKey, Self.otherKey] { #expect(try await Self.status(key, fixture) == 401) }
      // Once more changes nothing.
      #expect(try await fixture.flows.apply(Self.apply(auth)).changes.isEmpty)
      #expect(try await Self.stored(fixture) == stored)
    }
  }

  @Test("nor by way of a trigger that checks nothing, or of one that waits for its secret")
  func detours() async throws {
    try await withControlPlane { fixture in
      _ = try await fixture.flows.apply(Self.apply(Self.fixedKey))
      _ = try await fixture.flows.apply(Self.apply(#"{"mode": "public"}"#))
      #expect(try await fixture.flows.apply(Self.apply(#"{"mode": "bearer"}"#)).generatedSecrets == ["orders/hook"])
      #expect(try await Self.status(Self.publicKey, fixture) == 401)

      _ = try await fixture.flows.apply(Self.apply(Self.fixedKey))
      let pending = try await fixture.flows.apply(Self.apply(#"{"mode": "bearer", "secret": "pending"}"#))
      #expect(pending.warnings.count == 1)
      #expect(try await Self.stored(fixture).isEmpty)
    }
  }

  @Test("a rule of the other kind is published at once or not saved, because a secret counts at once")
  func unpublished() async throws {
    try await withControlPlane { fixture in
      _ = try await fixture.flows.apply(Self.apply(#"{"mode": "bearer", "secret": "a-secret-of-my-own"}"#))
      let refused = try await failure { try await fixture.flows.apply(Self.apply(Self.fixedKey, publish: false)) }
      #expect(refused?.code == .invalidArgument)
      #expect(refused?.faults.map { [$0.path, $0.code] } == [["nodes[0].auth.mode", "conflict"]])
      #expect(try await Self.status(Self.publicKey, fixture) == 401)
      #expect(try await Self.status("a-secret-of-my-own", fixture) == 200)
      _ = try await fixture.flows.apply(Self.apply(Self.fixedKey))
      #expect(try await Self.stored(fixture) == [Self.publicKey])
    }
  }

  @Test("a secret stays where it fits and is replaced where it cannot verify anything")
  func fitting() async throws {
    try await withControlPlane { fixture in
      let flows = try fixture.flows
      _ = try await flows.apply(Self.apply(#"{"mode": "bearer", "secret": "no base 64 at all!"}"#))
      #expect(try await flows.apply(Self.apply(#"{"mode": "query"}"#)).generatedSecrets.isEmpty)
      #expect(try await Self.stored(fixture) == ["no base 64 at all!"])
      let unfit = try await failure { try await flows.apply(Self.apply(#"{"preset": "standard-webhooks"}"#, publish: false)) }
      #expect(unfit.paths == ["nodes[0].auth.mode"])
      let preview = try await flows.apply(Self.apply(#"{"preset": "standard-webhooks"}"#, dryRun: true))
      #expect(preview.generatedSecrets == ["orders/hook"])
      #expect(try await Self.stored(fixture) == ["no base 64 at all!"])
      let applied = try await flows.apply(Self.apply(#"{"preset": "standard-webhooks"}"#))
      #expect(applied.generatedSecrets == ["orders/hook"])
      let stored = try await Self.stored(fixture)
      #expect(stored.count == 1 && stored.first?.hasPrefix("whsec_") == true)
    }
  }

  @Test("a public key must be given, or said to be pending")
  func missingPublicKey() async throws {
    try await withControlPlane { fixture in
      let (flows, triggers) = (try fixture.flows, try fixture.triggers)
      let missing = Self.apply(#"{"preset": "discord"}"#)
      let error = try await failure { try await flows.apply(missing) }
      #expect(error?.code == .invalidArgument)
      #expect(error?.faults.map { [$0.path, $0.code] } == [["nodes[0].auth.public_key", "required"]])
      let config = Array(#"{"id": "hook", "auth": {"preset": "discord"}}"#.utf8)
      let created = try await failure { try await triggers.create(CreateTriggerRequest(flow: "orders", config: config)) }
      #expect(created.paths == ["config.auth.public_key"])
      #expect(try await failure { try await flows.get(GetFlowRequest(flow: "orders")) }?.code == .notFound)

      let warning = ["orders/hook waits for its secret: until it is set, requests are recorded and start no run."]
      #expect(try await flows.apply(Self.apply(#"{"preset": "discord", "public_key": "pending"}"#)).warnings == warning)
      // Nothing said: it goes on waiting, and a stored one stays.
      #expect(try await flows.apply(missing).warnings == warning)
      #expect(try await flows.apply(Self.apply(Self.fixedKey)).warnings.isEmpty)
      #expect(try await flows.apply(missing).warnings.isEmpty)
      #expect(try await Self.stored(fixture) == [Self.publicKey])
      let other = try await failure {
        try await flows.apply(Self.apply(#"{"mode": "bearer", "secret": "pending"}"#, publish: false))
      }
      #expect(other.paths == ["nodes[0].auth.mode"])
    }
  }
}
