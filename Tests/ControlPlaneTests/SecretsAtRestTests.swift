import Cryptography
import Foundation
import HeadgateProto
import Store
import TestSupport
import Testing
import TokenVault

@testable import ControlPlane

@Suite("secrets at rest")
struct SecretsAtRestTests {
  /// Whether any file below a directory has the bytes.
  private static func isFound(_ text: String, below directory: String) -> Bool {
    let wanted = Data(text.utf8)
    guard let files = FileManager.default.enumerator(atPath: directory) else { return false }
    for case let file as String in files {
      if let contents = FileManager.default.contents(atPath: "\(directory)/\(file)"), contents.range(of: wanted) != nil {
        return true
      }
    }
    return false
  }

  @Test(
    "no token is readable in the database's files or in the log, in clear or encoded",
    .enabled(if: PostgresServer.external == nil))
  func canaries() async throws {
    try await withControlPlane { fixture in
      let directory = try #require(fixture.database.server?.directory)
      let given = "canary-given-\(UInt64.random(in: 0 ..< .max))"
      let rotated = "canary-rotated-\(UInt64.random(in: 0 ..< .max))"
      let marker = "marker-\(UInt64.random(in: 0 ..< .max))"
      let key = try await fixture.publish(Definitions.bearer(secret: given))["hook"] ?? []
      _ = try await fixture.triggers.rotate(RotateTriggerRequest(trigger: "orders/hook", secret: Array(rotated.utf8)))
      let generated = try await fixture.triggers.rotate(RotateTriggerRequest(trigger: "orders/hook")).secret?.value ?? []
      let variable = "canary-variable-\(UInt64.random(in: 0 ..< .max))"
      _ = try await VariableServiceClient(try fixture.caller(.admin)).set(
        SetVariableRequest(name: "partner", value: variable, secret: true))
      let access = AccessServiceClient(try fixture.caller(.admin))
      let apiKey = try await access.createKey(CreateKeyRequest(name: "canary", role: .reader)).secret
      _ = try await AccessServiceClient(try fixture.keyCaller(apiKey)).whoAmI(WhoAmIRequest())
      let wrongKey = APIKeyText.generate()
      _ = try await failure { try await AccessServiceClient(try fixture.keyCaller(wrongKey)).whoAmI(WhoAmIRequest()) }
      let rotation = try await KeyServiceClient(try fixture.caller(.admin)).rotate(
        RotateKeyRequest(), options: CallOptions(timeout: .seconds(20)))
      while try await rotation.next() != nil {}
      let ingest = try fixture.ingest
      for secret in [given, rotated, "wrong"] {
        let request = EdgeRequest.make(key, body: #"{"a": "\#(marker)"}"#, headers: [("authorization", "Bearer \(secret)")])
        _ = try await ingest.submit(request)
      }
      _ = try await fixture.triggers.reveal(RevealTriggerRequest(trigger: "orders/hook"))
      let error = try await failure {
        try await fixture.flows.apply(
          ApplyFlowRequest(
            definition: Array(
              #"{"flow": "x", "nodes": [{"id": "h", "type": "webhook_trigger", "auth": {"mode": "bearer", "secret": " \#(given) "}}]}"#
                .utf8)))
      }
      #expect(error?.code == .invalidArgument)
      #expect(!"\(String(describing: error))".contains(given))
      try await fixture.sql("CHECKPOINT")

      // What is meant to be there is found: the search works.
      #expect(Self.isFound(marker, below: directory))
      for secret in [given, rotated, String(decoding: generated, as: UTF8.self), variable, apiKey, wrongKey] {
        for form in [secret, Base64.encode(secret), Hex.encode(Array(secret.utf8))] {
          #expect(!Self.isFound(form, below: directory))
          #expect(!fixture.log.text.contains(form))
        }
      }
      #expect(fixture.log.text.contains("ready"))
    }
  }

  @Test("a ciphertext that was moved to another row does not open: its trigger is out of use, the others live")
  func movedCiphertext() async throws {
    try await withControlPlane { fixture in
      let one = try await fixture.publish(Definitions.bearer("one", secret: "the-secret-of-one"))["hook"] ?? []
      let two = try await fixture.publish(Definitions.bearer("two", secret: "the-secret-of-two"))["hook"] ?? []
      try await fixture.sql(
        """
        UPDATE trigger_secrets SET ciphertext = (
          SELECT s.ciphertext FROM trigger_secrets s JOIN triggers t ON t.id = s.trigger_id WHERE t.key = '\(String(decoding: two, as: UTF8.self))')
        WHERE trigger_id = (SELECT id FROM triggers WHERE key = '\(String(decoding: one, as: UTF8.self))')
        """)
      try await fixture.node.loader.reloadAll()
      let ingest = try fixture.ingest
      for secret in ["the-secret-of-one", "the-secret-of-two"] {
        let request = EdgeRequest.make(one, headers: [("authorization", "Bearer \(secret)")])
        #expect(try await failure { try await ingest.submit(request) }?.code == .unavailable)
      }
      let live = try await ingest.submit(EdgeRequest.make(two, headers: [("authorization", "Bearer the-secret-of-two")]))
      #expect(live.status == 200)
      let revealed = try await failure { try await fixture.triggers.reveal(RevealTriggerRequest(trigger: "one/hook")) }
      #expect(revealed?.code == .internal)
      #expect(revealed?.logID.isEmpty == false)
      #expect(fixture.log.text.contains("a secret does not open"))
      // A new secret mends it.
      _ = try await fixture.triggers.rotate(
        RotateTriggerRequest(trigger: "one/hook", secret: Array("a-new-secret-of-one".utf8), overlapSeconds: 0))
      let mended = try await ingest.submit(EdgeRequest.make(one, headers: [("authorization", "Bearer a-new-secret-of-one")]))
      #expect(mended.status == 200)
    }
  }

  @Test("a definition that does not pass takes only its own flow out of use")
  func brokenDefinition() async throws {
    try await withControlPlane { fixture in
      let one = try await fixture.publish(Definitions.open("one"))["hook"] ?? []
      let two = try await fixture.publish(Definitions.open("two"))["hook"] ?? []
      try await fixture.sql(
        "UPDATE flow_versions SET definition = '{\"flow\": 1}' WHERE flow_id = (SELECT id FROM flows WHERE name = 'one')")
      try await fixture.node.loader.reloadAll()
      #expect(try await failure { try await fixture.ingest.submit(EdgeRequest.make(one)) }?.code == .unavailable)
      #expect(try await fixture.ingest.submit(EdgeRequest.make(two)).status == 200)
    }
  }

  @Test("a missing master key is named and keeps the process from serving")
  func missingMasterKey() async throws {
    try await withControlPlane { fixture in
      try await fixture.publish(Definitions.bearer())
      let log = CapturedLog()
      let other = ControlPlaneNode(fixture.node.options, masterKeys: try .forTests(version: 7), logger: log.logger)
      other.start()
      let bringUp = BringUp(other, logger: log.logger)
      let task = Task { await bringUp.run() }
      #expect(try await eventually { other.readiness.closedBecause?.contains("master key version 1") == true })
      task.cancel()
      await task.value
      #expect(log.text.contains("master key version 1"))
      await other.shutDown(within: .seconds(1))
    }
  }

  /// It would seal new secrets so that nobody else can open them.
  @Test("master keys of the right version that open nothing keep the process from serving")
  func wrongMasterKey() async throws {
    try await withControlPlane { fixture in
      try await fixture.publish(Definitions.bearer())
      let log = CapturedLog()
      let other = ControlPlaneNode(fixture.node.options, masterKeys: try .forTests(), logger: log.logger)
      other.start()
      let bringUp = BringUp(other, logger: log.logger)
      let task = Task { await bringUp.run() }
      #expect(try await eventually { other.readiness.closedBecause?.contains("no data key in the database opens") == true })
      task.cancel()
      await task.value
      await other.shutDown(within: .seconds(1))
    }
  }
}
