import Postgres
import Testing
import TestSupport

@testable import Store

@Suite struct MigrationTests {
  @Test func aSecondRunDoesNothing() async throws {
    try await withDatabase(migrated: false) { database in
      try await withStore(on: database) { store in
        let before = await #expect(throws: StoreError.self) { try await store.checkSchema() }
        #expect(before == .schemaMismatch(found: 0, needed: Migrations.all.last?.version ?? 0))
        let none = try await store.schemaVersion()
        #expect(none == 0)
        let first = try await store.migrate()
        #expect(first == Migrations.all.map(\.version))
        let second = try await store.migrate()
        #expect(second.isEmpty)
        try await store.checkSchema()
        let version = try await store.schemaVersion()
        #expect(version == Migrations.all.last?.version)
      }
    }
  }

  @Test func ofManyAtTheSameTimeOneMigrates() async throws {
    try await withDatabase(migrated: false) { database in
      try await withStore(on: database) { store in
        let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
          for _ in 0..<4 { group.addTask { try await store.migrate() } }
          return try await group.reduce(into: [[Int]]()) { $0.append($1) }
        }
        #expect(applied.count { !$0.isEmpty } == 1)
      }
    }
  }

  @Test func anAlteredMigrationIsRefused() async throws {
    try await withDatabase { database in
      try await administer(database, "UPDATE schema_migrations SET checksum = '\\x00' WHERE version = 1")
      try await withStore(on: database) { store in
        await #expect(throws: StoreError.migrationChanged(version: 1)) { _ = try await store.migrate() }
        await #expect(throws: StoreError.migrationChanged(version: 1)) { try await store.checkSchema() }
      }
    }
  }

  @Test func aNewerDatabaseIsRefused() async throws {
    try await withDatabase { database in
      try await administer(database, "INSERT INTO schema_migrations VALUES (9999, 'future', '\\x00')")
      try await withStore(on: database) { store in
        let needed = Migrations.all.last?.version ?? 0
        await #expect(throws: StoreError.schemaMismatch(found: 9999, needed: needed)) { _ = try await store.migrate() }
        await #expect(throws: StoreError.schemaMismatch(found: 9999, needed: needed)) { try await store.checkSchema() }
      }
    }
  }

  /// A rolling upgrade: the newer program has migrated, the one before keeps running and may be started again.
  @Test(arguments: [
    (1 as Int?, true), (2, true), (3, false), (nil, false),
  ])
  func aNewerDatabaseIsAcceptedIfItIsCompatible(_ compatibleFrom: Int?, _ isAccepted: Bool) async throws {
    try await withDatabase(migrated: false) { database in
      let session = try PostgresSession.connect(database.configuration)
      let old = [
        Migration(version: 1, name: "a", script: Array("CREATE TABLE a (n int4)".utf8)),
        Migration(version: 2, name: "b", script: Array("CREATE TABLE b (n int4)".utf8)),
      ]
      let added = Migration(
        version: 3, name: "c", script: Array("ALTER TABLE a ADD COLUMN m int4".utf8), compatibleFrom: compatibleFrom)
      #expect(try Migrations.apply(old, to: session) == [1, 2])
      #expect(try Migrations.apply(old + [added], to: session) == [3])
      try Migrations.check(old + [added], session)
      if isAccepted {
        try Migrations.check(old, session)
        #expect(try Migrations.apply(old, to: session) == [])
      } else {
        #expect(throws: StoreError.schemaMismatch(found: 3, needed: 2)) { try Migrations.check(old, session) }
        #expect(throws: StoreError.schemaMismatch(found: 3, needed: 2)) { _ = try Migrations.apply(old, to: session) }
      }
      // Of two newer ones each must be compatible.
      let further = Migration(version: 4, name: "d", script: Array("SELECT 1".utf8))
      #expect(try Migrations.apply(old + [added, further], to: session) == [4])
      #expect(throws: StoreError.self) { try Migrations.check(old, session) }
    }
  }

  /// A database from before compatibility was recorded.
  @Test func aDatabaseWithoutTheColumnIsReadAndExtended() async throws {
    try await withDatabase { database in
      try await administer(database, "ALTER TABLE schema_migrations DROP COLUMN compatible_from")
      try await withStore(on: database) { store in
        try await store.checkSchema()
        let applied = try await store.migrate()
        #expect(applied.isEmpty)
        try await store.checkSchema()
      }
    }
  }

  /// What was done before the fault must not stay.
  @Test func aFailingMigrationChangesNothing() async throws {
    try await withDatabase(migrated: false) { database in
      let session = try PostgresSession.connect(database.configuration)
      let broken = [
        Migration(version: 1, name: "good", script: Array("CREATE TABLE good (n int4)".utf8)),
        Migration(version: 2, name: "bad", script: Array("CREATE TABLE bad (n int4); SELECT 1/0".utf8)),
      ]
      #expect(throws: PostgresError.self) { try Migrations.apply(broken, to: session) }
      let tables = try await number(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
      #expect(tables == 0)
    }
  }
}

@Suite struct PartitionTests {
  @Test func partitionsAreMadeOnce() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let again = try await store.createPartitions()
        #expect(again == 0)
        // Two tables for each day more.
        let more = try await store.createPartitions(daysAhead: 5)
        #expect(more == 4)
        let parallel = try await withThrowingTaskGroup(of: Int.self) { group in
          for _ in 0..<4 { group.addTask { try await store.createPartitions(daysAhead: 6) } }
          return try await group.reduce(0, +)
        }
        #expect(parallel == 2)
      }
    }
  }

  @Test func oldPartitionsGoUnlessARunIsUnfinished() async throws {
    try await withWriter { store, writer, fixture, database in
      let twoDays = Duration.seconds(2 * 86_400)
      let threeDays = Duration.seconds(3 * 86_400)
      let results = await writer.submitAll([
        fixture.entry(id: Fixture.requestID(ago: twoDays)), fixture.entry(id: Fixture.requestID(ago: threeDays)),
        fixture.entry(),
      ])
      #expect(results.allSatisfy { $0 == .success(.recorded) })
      let kept = try await store.dropPartitions(olderThanDays: 3)
      #expect(kept.isEmpty)
      try await administer(
        database, "UPDATE runs SET state = 3 WHERE id < first_id_of_day((now() AT TIME ZONE 'UTC')::date - 2)")
      let dropped = try await store.dropPartitions(olderThanDays: 1)
      // Of the days 3 and 2 ago: both of requests, and of runs the one without unfinished runs.
      #expect(dropped.count == 3)
      #expect(dropped.count { $0.hasPrefix("runs_") } == 1)
      let requests = try await number(database, "SELECT count(*) FROM requests")
      let runs = try await number(database, "SELECT count(*) FROM runs")
      #expect(requests == 1)
      #expect(runs == 2)
    }
  }
}
