import HeadgateProto
import Postgres
import RPC
import Store
import TestSupport
import Testing
import TokenVault

@testable import ControlPlane

@Suite("Backup check")
struct BackupCheckTests {
  /// A store whose sessions may change nothing, as the command uses it.
  private func check(_ fixture: Fixture, masterKeys: MasterKeys) async throws -> [BackupCheck.Finding] {
    var configuration = fixture.database.configuration
    configuration.isReadOnly = true
    let store = Store(configuration, connections: 1, logger: fixture.log.logger)
    store.start()
    let findings: [BackupCheck.Finding]
    do {
      try await store.waitUntilConnected(for: .seconds(10))
      findings = try await BackupCheck(store: store, masterKeys: masterKeys).run()
    } catch {
      await store.shutDown()
      throw error
    }
    await store.shutDown()
    return findings
  }

  @Test("a whole database: everything is found good and counted, no secret is shown")
  func whole() async throws {
    let keys = try MasterKeys.forTests()
    try await withControlPlane(masterKeys: keys) { fixture in
      let key = try await fixture.publish(Definitions.bearer(secret: "a-secret-of-some-length"))["hook"] ?? []
      let credential = [("authorization", "Bearer a-secret-of-some-length")]
      #expect(try await fixture.ingest.submit(EdgeRequest.make(key, headers: credential)).outcome == .accepted)
      let findings = try await check(fixture, masterKeys: keys)
      #expect(findings.allSatisfy { $0.isGood }, "\(findings)")
      let texts = Dictionary(uniqueKeysWithValues: findings.map { ($0.subject, $0.text) })
      #expect(texts["secrets"] == "1, all opened")
      #expect(texts["data keys"] == "1, all unwrapped")
      #expect(texts["rows"] == "1 requests, 1 runs")
      #expect(texts["objects"] == "1 workspaces, 1 flows, 1 triggers")
      #expect(texts["newest request"]?.hasSuffix("Z") == true)
      #expect(!"\(findings)".contains("a-secret"))
    }
  }

  @Test("what does not open is named; other master keys, and ones that are missing")
  func secrets() async throws {
    let keys = try MasterKeys.forTests()
    try await withControlPlane(masterKeys: keys) { fixture in
      try await fixture.publish(Definitions.bearer(secret: "a-secret-of-some-length"))
      func bad(_ keys: MasterKeys) async throws -> [String] {
        try await check(fixture, masterKeys: keys).filter { !$0.isGood }.map(\.subject)
      }
      #expect(try await bad(.forTests()) == ["data keys", "secrets"])
      #expect(try await bad(.forTests(version: 2)) == ["data keys", "secrets"])
      try await fixture.sql("UPDATE trigger_secrets SET ciphertext = set_byte(ciphertext, 20, get_byte(ciphertext, 20) # 1)")
      let altered = try await check(fixture, masterKeys: keys).filter { !$0.isGood }
      #expect(altered.map(\.subject) == ["secrets"])
      #expect(altered.first?.text.hasPrefix("1 of 1 do not open; triggers: default/") == true)
    }
  }

  @Test("variables and what was sealed with requests are opened too, and what does not open is named")
  func everyKind() async throws {
    let keys = try MasterKeys.forTests()
    try await withControlPlane(masterKeys: keys) { fixture in
      let key = try await fixture.publish(Definitions.bearer(secret: "a-secret-of-some-length"))["hook"] ?? []
      let environment = VariableServiceClient(try fixture.caller(.admin))
      _ = try await environment.set(SetVariableRequest(name: "api_token", value: "variable", secret: true))
      _ = try await environment.set(SetVariableRequest(name: "plain", value: "text"))
      for token in ["wrong-1", "wrong-2"] {
        _ = try await fixture.ingest.submit(EdgeRequest.make(key, headers: [("authorization", "Bearer \(token)")]))
      }
      #expect(
        try await eventually { try await fixture.number("SELECT count(*) FROM requests WHERE sealed IS NOT NULL") == 2 })
      let access = AccessServiceClient(try fixture.caller(.admin))
      _ = try await access.createKey(CreateKeyRequest(name: "k", role: .reader))
      _ = try await access.revokeCertificate(RevokeCertificateRequest(fingerprint: Array(repeating: 1, count: 32)))
      func texts() async throws -> [String: String] {
        let findings = try await check(fixture, masterKeys: keys)
        return Dictionary(uniqueKeysWithValues: findings.map { ($0.subject, ($0.isGood ? "" : "BAD ") + $0.text) })
      }
      let whole = try await texts()
      #expect(whole["variables"] == "1, all opened" && whole["sealed requests"] == "2, all opened", "\(whole)")
      #expect(
        whole["API keys"] == "1" && whole["certificates"] == "1 seen, 1 revoked" && whole["structure"]?.hasPrefix("every") == true
      )
      try await fixture.sql(
        """
        UPDATE workspace_variables SET ciphertext = '\\x01' WHERE ciphertext IS NOT NULL;
        UPDATE requests SET sealed = (SELECT sealed FROM requests ORDER BY id LIMIT 1)
          WHERE id = (SELECT id FROM requests ORDER BY id DESC LIMIT 1);
        UPDATE api_keys SET hash = ''
        """)
      let torn = try await texts()
      #expect(torn["variables"] == "BAD 1 of 1 do not open; variables: default/api_token")
      #expect(torn["sealed requests"]?.hasPrefix("BAD 1 of 2 do not open; requests: default/") == true)
      #expect(torn["API keys"] == "BAD 1 of 1 have no hash or no role" && torn["secrets"] == "1, all opened")
    }
  }

  @Test(
    "what a restore has left out of the schema is named",
    arguments: [
      ("CREATE INDEX late ON ONLY requests (received_at)", "index late"),
      ("DROP TRIGGER audit_log_append_only ON audit_log", "trigger"),
      ("DROP FUNCTION drop_partitions", "drop_partitions"), ("DROP TABLE api_keys", "api_keys"),
      ("ALTER TABLE customers DROP CONSTRAINT customers_pkey CASCADE", "primary key customers"),
      ("ALTER TABLE requests DROP COLUMN trace_id", "trace_id"),
      ("ALTER TABLE flow_versions ADD CONSTRAINT late CHECK (version > 0) NOT VALID", "constraint late of flow_versions"),
    ])
  func structure(change: String, named: String) async throws {
    let keys = try MasterKeys.forTests()
    try await withControlPlane(masterKeys: keys) { fixture in
      try await fixture.sql(change)
      let bad = try await check(fixture, masterKeys: keys).filter { !$0.isGood }
      #expect(bad.map(\.subject) == ["structure"] && bad.first?.text.contains(named) == true, "\(bad)")
    }
  }

  @Test("another schema is told with what to do, and a missing table is found")
  func schema() async throws {
    let keys = try MasterKeys.forTests()
    try await withControlPlane(masterKeys: keys) { fixture in
      try await fixture.sql(
        "DO $$ BEGIN EXECUTE (SELECT 'DROP TABLE ' || max(relname) FROM pg_class WHERE relname LIKE 'runs_2%' AND relkind = 'r'); END $$"
      )
      let torn = try await check(fixture, masterKeys: keys).filter { !$0.isGood }
      #expect(torn.map(\.subject) == ["partitions"])
      try await fixture.sql("INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'future', '\\x00')")
      let newer = try await check(fixture, masterKeys: keys)
      #expect(newer.map(\.isGood) == [false])
      #expect(newer.first?.text.contains("start that version") == true)
      try await fixture.sql("UPDATE schema_migrations SET compatible_from = 1 WHERE version = 9999")
      #expect(try await check(fixture, masterKeys: keys).first?.isGood == true)
      try await fixture.sql("DELETE FROM schema_migrations WHERE version > 1")
      #expect(try await check(fixture, masterKeys: keys).first?.text.hasSuffix("run headgate-control migrate") == true)
      try await fixture.sql("UPDATE schema_migrations SET checksum = '\\x00'")
      #expect(try await check(fixture, masterKeys: keys).first?.text.contains("another build") == true)
    }
  }

  @Test("its sessions cannot change anything")
  func readOnly() async throws {
    try await withControlPlane { fixture in
      var configuration = fixture.database.configuration
      configuration.isReadOnly = true
      let store = Store(configuration, connections: 1, logger: fixture.log.logger)
      store.start()
      try await store.waitUntilConnected(for: .seconds(10))
      await #expect(throws: StoreError.self) { _ = try await store.createPartitions(daysAhead: 9) }
      await store.shutDown()
    }
  }
}
