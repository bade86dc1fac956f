import Identifiers
import Postgres
import Testing
import TestSupport

@testable import Store

/// What the role that serves can do in the database, and what it cannot.
@Suite(.enabled(if: PostgresServer.external == nil)) struct ServingRoleTests {
  /// A database migrated by its owner, and a role that serves.
  private static func withRole(_ body: (PostgresDatabase, PostgresConfiguration) async throws -> Void) async throws {
    try await withDatabase { database in
      let role = "serving_\(UInt64.random(in: 0 ..< .max))"
      try await administer(database, "CREATE ROLE \(role) LOGIN")
      let result: Result<Void, any Error>
      do {
        try await withStore(on: database) { try await $0.grantServing(to: role) }
        var configuration = database.configuration
        // Of two, the later one counts.
        configuration.connectionString += " user=\(role)"
        try await body(database, configuration)
        result = .success(())
      } catch {
        result = .failure(error)
      }
      try await administer(database, "DROP OWNED BY \(role); DROP ROLE \(role)")
      try result.get()
    }
  }

  private static func run(_ configuration: PostgresConfiguration, _ script: String) async throws {
    try await onThread { try PostgresSession.connect(configuration).run(script: script) }
  }

  @Test func itServes() async throws {
    try await Self.withRole { _, configuration in
      let store = Store(configuration, connections: 1, logger: .silent)
      store.start()
      try await store.checkSchema()
      let applied = try await store.migrate()
      #expect(applied.isEmpty, "nothing is missing, so nothing needs to be allowed")
      let fixture = try await Fixture.make(store)
      _ = try await store.createPartitions(daysAhead: 5)
      _ = try await store.dropPartitions(olderThanDays: 3)
      let cleaned = try await store.cleanUp(RetentionRules(requestDays: 9, bodyDays: 1, indexedDaysAtOnce: 3))
      #expect(cleaned != nil)
      let state = try await store.retentionState()
      #expect(state.error == "")
      let writer = IngestWriter(configuration, logger: .silent)
      writer.start()
      let recorded = await writer.submit(fixture.entry())
      #expect(throws: Never.self) { try recorded.get() }
      await writer.shutDown(within: .seconds(5))
      try await store.record(
        AuditEntry(workspace: fixture.workspace, principal: "p", peer: "", action: "a", object: "o"))
      let log = try await store.auditLog(in: fixture.workspace, limit: 10)
      #expect(log.map(\.entry.action) == ["a"])
      let couldChange = try await store.couldChangeAuditLog()
      #expect(!couldChange)
      await store.shutDown()
    }
  }

  @Test func theOwnerCouldChangeTheAuditLog() async throws {
    try await withDatabase { database in
      let couldChange = try await withStore(on: database) { try await $0.couldChangeAuditLog() }
      #expect(couldChange)
    }
  }

  @Test(arguments: [
    "UPDATE audit_log SET principal = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log", "DROP TABLE audit_log",
    "ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only", "DROP TRIGGER audit_log_append_only ON audit_log",
    "ALTER TABLE audit_log OWNER TO CURRENT_USER", "GRANT DELETE ON audit_log TO CURRENT_USER; DELETE FROM audit_log",
    "INSERT INTO audit_log SELECT * FROM audit_log ON CONFLICT (workspace_id, id) DO UPDATE SET principal = 'x'",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "SET session_replication_role = 'replica'", "CREATE TABLE mine ()", "SELECT grant_serving(current_user)",
    "UPDATE schema_migrations SET version = 0", "CREATE RULE mine AS ON INSERT TO audit_log DO INSTEAD NOTHING",
    "COPY audit_log TO PROGRAM 'cat'", "DROP TABLE requests",
  ])
  func itCannot(_ statement: String) async throws {
    try await Self.withRole { database, configuration in
      try await administer(
        database,
        """
        INSERT INTO audit_log (workspace_id, id, principal, peer, action, object, details)
        VALUES (gen_random_uuid(), gen_random_uuid(), 'p', '', 'a', 'o', '{}')
        """)
      let error = await #expect(throws: PostgresError.self) { try await Self.run(configuration, statement) }
      #expect(error?.sqlState == "42501", "\(statement): \(String(describing: error))")
      let left = try await number(database, "SELECT count(*) FROM audit_log WHERE principal = 'p'")
      #expect(left == 1)
    }
  }

  /// Not even who owns the table, or is above all, by an ordinary statement.
  @Test(arguments: ["UPDATE audit_log SET principal = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"])
  func nobodyChangesItInPassing(_ statement: String) async throws {
    try await withDatabase { database in
      let error = await #expect(throws: PostgresError.self) { try await administer(database, statement) }
      #expect(error?.sqlState == "42501")
    }
  }
}
