import Cryptography
import Foundation
import HeadgateProto
import Identifiers
import Postgres
import RPC
import Rules
import Store
import Synchronization
import TestSupport
import Testing
import TokenVault

@testable import ControlPlane

@Suite("keys")
struct KeyServiceTests {
  private static let keyTexts = (1...2).map { "\($0):\(Base64.encode(SecretBytes.random(count: 32)))" }

  private static func masterKeys(_ versions: Int...) throws -> MasterKeys {
    let text = versions.map { keyTexts[$0 - 1] }.joined(separator: "\n")
    return try MasterKeys(parsing: SecretBytes(copying: text), source: "test")
  }

  private static func quick(_ options: inout ControlPlaneNode.Options) {
    options.keyPace.pause = .milliseconds(20)
  }

  /// Everything that a change of keys says on its way.
  private static func all(_ stream: ResponseStream<KeyProgress>) async throws -> [KeyProgress] {
    var all: [KeyProgress] = []
    while let progress = try await stream.next() { all.append(progress) }
    return all
  }

  private static func rotate(_ caller: InProcessPair, workspace: String = "") async throws -> [KeyProgress] {
    try await all(
      try await KeyServiceClient(caller).rotate(
        RotateKeyRequest(workspace: workspace), options: CallOptions(timeout: .seconds(600))))
  }

  private static func rewrap(_ caller: InProcessPair) async throws -> [KeyProgress] {
    try await all(
      try await KeyServiceClient(caller).rewrap(RewrapKeysRequest(), options: CallOptions(timeout: .seconds(600))))
  }

  @Test("a new data key reads and seals everything, the old ones stay for what they have sealed")
  func rotation() async throws {
    try await withControlPlane(configure: Self.quick) { fixture in
      let admin = try fixture.caller(.admin)
      let key = try await fixture.publish(Definitions.bearer(secret: "a-secret-of-some-length"))["hook"] ?? []
      _ = try await fixture.triggers.rotate(RotateTriggerRequest(trigger: "orders/hook", secret: Array("another-secret-1".utf8)))
      let workspace = try #require(try await fixture.node.store.workspace(named: "default")).id
      let trigger = try #require(try await fixture.node.store.trigger(node: "hook", ofFlowNamed: "orders", in: workspace)).id
      let secrets = TriggerSecrets(keys: fixture.node.keys)
      let token = try await secrets.seal(
        SecretBytes(copying: "token"), purpose: .verifyToken, trigger: trigger, in: workspace)
      try await fixture.sql(
        """
        INSERT INTO trigger_secrets (workspace_id, trigger_id, id, ciphertext, purpose)
        VALUES ('\(workspace)', '\(trigger)', '\(token.id)', '\\x\(Hex.encode(token.ciphertext))', 1)
        """)
      let environment = VariableServiceClient(admin)
      _ = try await environment.set(SetVariableRequest(name: "api_token", value: "variable", secret: true))
      _ = try await environment.set(SetVariableRequest(name: "plain", value: "text"))
      let said = try await Self.rotate(admin)
      #expect(said.first == KeyProgress(done: 0, total: 4))
      #expect(said.last?.done == 4 && said.last?.summary.contains("data key 2 of default is current") == true)

      let rows = try await fixture.node.store.sealedRows(in: workspace, notWith: 0, after: SealedCursor.all[0], limit: 10)
      let variables = try await fixture.node.store.sealedRows(in: workspace, notWith: 0, after: SealedCursor.all[1], limit: 10)
      let opened = try (rows + variables).map { row in
        #expect(WorkspaceVault.dataKeyVersion(of: row.ciphertext) == 2)
        let vault = try #require(fixture.node.keys.known(workspace))
        return String(decoding: try vault.open(row.ciphertext, context: #require(row.context)).revealed(), as: UTF8.self)
      }
      #expect(opened.sorted() == ["a-secret-of-some-length", "another-secret-1", "token", "variable"])
      let status = try await KeyServiceClient(admin).status(KeyStatusRequest())
      #expect(status.dataKeys.map(\.secrets) == [0, 4] && status.dataKeys.map(\.current) == [false, true])
      #expect(status.masterKeys == [MasterKeyInfo(version: 1, current: true, available: true, dataKeys: 2)])
      let answer = try await fixture.ingest.submit(EdgeRequest.make(key, headers: [("authorization", "Bearer another-secret-1")]))
      #expect(answer.status == 200)
      let revealed = try await fixture.triggers.reveal(RevealTriggerRequest(trigger: "orders/hook")).secrets
      #expect(revealed.contains { $0.value == Array("another-secret-1".utf8) })
      #expect(try await fixture.audited().last { $0.entry.action.hasPrefix("key.") }?.entry.object == "default")
      // What the old key sealed and is kept elsewhere still opens.
      #expect(try await secrets.open(token, in: workspace) == SecretBytes(copying: "token"))
    }
  }

  @Test("a secret that does not open stays as it is, and the others are done")
  func unreadable() async throws {
    try await withControlPlane(configure: Self.quick) { fixture in
      for name in ["a", "b", "c"] { try await fixture.publish(Definitions.bearer(name, secret: "secret-of-flow-\(name)")) }
      // One row's ciphertext in another's place.
      try await fixture.sql(
        """
        UPDATE trigger_secrets s SET ciphertext = o.ciphertext FROM trigger_secrets o
        WHERE s.id = (SELECT min(id::text)::uuid FROM trigger_secrets) AND o.id = (SELECT max(id::text)::uuid FROM trigger_secrets)
        """)
      let last = try #require(try await Self.rotate(try fixture.caller(.admin)).last)
      #expect(last.done == 2 && last.summary.contains("1 do not open"))
    }
  }

  @Test("what was sealed with requests counts as use of a data key, and is encrypted anew with it")
  func sealedRequests() async throws {
    try await withControlPlane(configure: Self.quick) { fixture in
      let admin = try fixture.caller(.admin)
      let token = "a-secret-of-some-length"
      let key = try await fixture.publish(Definitions.bearer(secret: token))["hook"] ?? []
      let refused = (0..<3).map { EdgeRequest.make(key, headers: [("authorization", "Bearer wrong-\($0)")]) }
      for request in refused { #expect(try await fixture.ingest.submit(request).status == 401) }
      let stored = "SELECT count(*) FROM requests WHERE sealed IS NOT NULL"
      #expect(try await eventually { try await fixture.number(stored) == 3 })
      // One row's ciphertext in another's place.
      try await fixture.sql(
        """
        UPDATE requests SET sealed = (SELECT r.sealed FROM requests r ORDER BY id DESC LIMIT 1)
        WHERE id = (SELECT min(id::text)::uuid FROM requests)
        """)
      let before = try await KeyServiceClient(admin).status(KeyStatusRequest())
      #expect(before.dataKeys.map(\.requests) == [3] && before.dataKeys.map(\.secrets) == [1])
      let said = try await Self.rotate(admin)
      #expect(said.first == KeyProgress(done: 0, total: 4))
      #expect(said.last?.done == 3 && said.last?.summary.contains("1 do not open") == true, "\(String(describing: said.last))")
      let after = try await KeyServiceClient(admin).status(KeyStatusRequest())
      #expect(after.dataKeys.map(\.requests) == [1, 2] && after.dataKeys.map(\.secrets) == [0, 1])
      let workspace = try #require(try await fixture.node.store.workspace(named: "default")).id
      let id = try #require(UniqueID(bytes: refused[1].requestId))
      let row = try #require(try await fixture.node.store.request(id, in: workspace))
      let restored = try SealedParts(keys: fixture.node.keys).restored(row, key: key, baseURL: [])
      #expect(restored.headers.contains { $0.value == Array("Bearer wrong-1".utf8) })
      // A second pass finds nothing but what does not open.
      #expect(try await Self.rotate(admin).last?.done == 3)
    }
  }

  @Test("data keys are wrapped anew; then the old master key can go, and not before")
  func rewrapping() async throws {
    try await withControlPlane(masterKeys: try Self.masterKeys(1), configure: Self.quick) { fixture in
      let admin = try fixture.caller(.admin)
      _ = try await WorkspaceServiceClient(admin).create(CreateWorkspaceRequest(name: "shop"))
      try await fixture.publish(Definitions.bearer(secret: "a-secret-of-some-length"))
      try await fixture.publish(Definitions.bearer(secret: "a-secret-of-some-length"), workspace: "shop")
      #expect(try await Self.rewrap(admin).last?.summary == "0 data keys wrapped with master key 1")
      // The old key alone, with a new one, the new one alone.
      await #expect(throws: LiveLoader.MissingMasterKeys.self) {
        try await fixture.node.keys.replace(masterKeys: Self.masterKeys(2))
      }
      try await fixture.node.keys.replace(masterKeys: Self.masterKeys(1, 2))
      var status = try await KeyServiceClient(admin).status(KeyStatusRequest())
      #expect(status.masterKeys.map(\.dataKeys) == [2, 0] && status.masterKeys.map(\.current) == [false, true])
      #expect(
        try await Self.rewrap(admin).last == KeyProgress(done: 2, total: 2, summary: "2 data keys wrapped with master key 2"))
      status = try await KeyServiceClient(admin).status(KeyStatusRequest())
      #expect(status.masterKeys.map(\.dataKeys) == [0, 2])
      try await fixture.node.keys.replace(masterKeys: Self.masterKeys(2))

      let other = ControlPlaneNode(fixture.node.options, masterKeys: try Self.masterKeys(2), logger: .silent)
      other.start()
      await BringUp(other, logger: .silent).run()
      #expect(other.readiness.notReadyBecause == nil)
      let workspace = try #require(try await other.store.workspace(named: "shop")).id
      #expect(other.keys.known(workspace)?.current?.version == 1)
      await other.shutDown(within: .seconds(1))

      let confined = try fixture.caller(.admin, workspace: "shop")
      #expect(try await failure { try await Self.rewrap(confined) }?.code == .permissionDenied)
      let own = try await KeyServiceClient(confined).status(KeyStatusRequest())
      #expect(own.dataKeys.map(\.workspace) == ["shop"] && own.masterKeys.map(\.dataKeys) == [1])
      #expect(try await Self.rotate(confined).last?.summary.contains("of shop") == true)
      #expect(try await failure { try await Self.rotate(confined, workspace: "default") }?.code == .notFound)
    }
  }

  @Test("the key file is read anew, and one that cannot be used changes nothing")
  func reload() async throws {
    let path = FileManager.default.temporaryDirectory.path + "/headgate-keys-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try MasterKeyFile.create(at: path)
    try await withControlPlane(masterKeys: try MasterKeys(file: path)) { fixture in
      try await fixture.publish(Definitions.bearer(secret: "a-secret-of-some-length"))
      let reload = MasterKeyReload(keys: fixture.node.keys, source: .file(path), logger: fixture.log.logger)
      _ = try MasterKeyFile.addVersion(to: path)
      await reload.reload()
      #expect(fixture.node.keys.masterKeys.versions == [1, 2])
      let whole = try String(contentsOfFile: path, encoding: .utf8)
      try PrivateFile.replace(
        at: path, contents: whole.split(separator: "\n").filter { !$0.hasPrefix("1:") }.joined(separator: "\n"))
      await reload.reload()
      #expect(fixture.node.keys.masterKeys.versions == [1, 2])
      #expect(fixture.log.text.contains("the master keys stay as they were"))
      try PrivateFile.replace(at: path, contents: "nonsense")
      await reload.reload()
      #expect(fixture.node.keys.masterKeys.currentVersion == 2)
    }
  }

  /// HEADGATE_TEST_TRIGGERS says how many triggers; the figure of the documentation is 10000.
  private static var triggers: Int {
    ProcessInfo.processInfo.environment["HEADGATE_TEST_TRIGGERS"].flatMap(Int.init) ?? 200
  }

  @Test("keys change under two replicas while requests are served, and none fails")
  func underLoad() async throws {
    let nodesOfFlow = min(Self.triggers, 100)
    try await withControlPlane(masterKeys: try Self.masterKeys(1), configure: Self.quick) { fixture in
      let admin = try fixture.caller(.admin)
      for flow in 0..<(Self.triggers / nodesOfFlow) {
        let nodes = (0..<nodesOfFlow).map { node in
          #"{"id": "n\#(node)", "type": "webhook_trigger", "auth": {"mode": "bearer", "secret": "secret-of-\#(flow)-\#(node)"}}"#
        }
        try await fixture.publish(#"{"flow": "f\#(flow)", "nodes": [\#(nodes.joined(separator: ","))]}"#)
      }
      let keys = try await fixture.publish(Definitions.bearer("busy", secret: "secret-of-the-busy-one"))["hook"] ?? []
      let other = ControlPlaneNode(fixture.node.options, masterKeys: try Self.masterKeys(1, 2), logger: .silent)
      other.start()
      await BringUp(other, logger: .silent).run()
      let replica = IngestServiceClient(
        try InProcessPair(handlers: other.methods(), principal: Principal(name: "edge", roles: [.edge])))
      let ingest = [try fixture.ingest, replica]
      #expect(other.triggers.entry(keys) != nil)

      let isOver = Flag()
      let started = ContinuousClock.now
      let (served, slowest) = try await withThrowingTaskGroup(of: (Int, Duration).self) { group in
        group.addTask {
          await ConfigurationService(other, logger: .silent).follow()
          return (0, .zero)
        }
        for caller in ingest {
          group.addTask {
            var served = 0
            var slowest = Duration.zero
            while !isOver.isSet {
              let start = ContinuousClock.now
              let answer = try await caller.submit(
                EdgeRequest.make(keys, headers: [("authorization", "Bearer secret-of-the-busy-one")]))
              slowest = max(slowest, .now - start)
              #expect(answer.status == 200)
              served += 1
              // New secrets meanwhile, through both replicas' keys.
              if served % 50 == 0 { await Task.yield() }
            }
            return (served, slowest)
          }
        }
        group.addTask {
          let rotated = try await Self.rotate(admin)
          #expect(rotated.last?.done == UInt64(Self.triggers + 1))
          // Half of the control planes still wrap with the older key; then all of them have the newer one.
          try await fixture.node.keys.replace(masterKeys: Self.masterKeys(1, 2))
          #expect(try await Self.rewrap(admin).last?.done == 2)
          _ = try await Self.rotate(admin)
          isOver.set()
          return (0, .zero)
        }
        var total = 0
        var slowest = Duration.zero
        for _ in 0..<3 {
          guard let (served, time) = try await group.next() else { break }
          total += served
          slowest = max(slowest, time)
        }
        group.cancelAll()
        return (total, slowest)
      }
      #expect(served > 0)
      let status = try await KeyServiceClient(admin).status(KeyStatusRequest())
      #expect(status.dataKeys.last?.secrets == UInt64(Self.triggers + 1))
      print("\(Self.triggers) triggers, two rotations: \(ContinuousClock.now - started), \(served) requests, slowest \(slowest)")
      await other.shutDown(within: .seconds(1))
    }
  }
}

/// Something that one task tells others.
private final class Flag: Sendable {
  private let value = Atomic(false)

  var isSet: Bool { value.load(ordering: .relaxed) }

  func set() { value.store(true, ordering: .relaxed) }
}
