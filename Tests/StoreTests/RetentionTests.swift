import Identifiers
import Postgres
import Testing
import TestSupport

@testable import Store

@Suite struct RetentionTests {
  private static let day = Duration.seconds(86_400)

  @Test func withoutRulesNothingGoes() async throws {
    try await withWriter { store, writer, fixture, _ in
      _ = await writer.submit(fixture.entry(id: Fixture.requestID(ago: Self.day * 3)))
      let done = try #require(try await store.cleanUp(RetentionRules(indexesBodies: false)))
      #expect(done.dropped.isEmpty && done.emptied.isEmpty && done.indexed.isEmpty)
      let again = try await store.cleanUp(RetentionRules(indexesBodies: false))
      #expect(again?.isEmpty == true)
      let state = try await store.retentionState()
      #expect(state.lastRunAt != nil && state.error == "" && state.result.hasPrefix("indexed the addresses of requests_"))
      let oldest = try #require(state.oldestRequestDay)
      #expect(oldest <= UnixTime.now() - Self.day * 3 && oldest > UnixTime.now() - Self.day * 4)
    }
  }

  @Test func bodiesExpireBeforeTheRest() async throws {
    try await withWriter { store, writer, fixture, database in
      let old = fixture.entry(id: Fixture.requestID(ago: Self.day * 5))
      var empty = fixture.entry(id: Fixture.requestID(ago: Self.day * 5))
      empty.request.body = []
      empty.request.bodyLength = 0
      let young = fixture.entry(id: Fixture.requestID(ago: Self.day))
      for entry in [old, empty, young] { _ = await writer.submit(entry) }
      let done = try await store.cleanUp(RetentionRules(requestDays: 30, bodyDays: 3, indexesBodies: false))
      #expect(done?.emptied.first?.hasPrefix("requests_") == true)
      let found = try await store.wholeRequests([old, empty, young].map(\.request.id), in: fixture.workspace, runs: 5)
      #expect(found.map(\.row.body) == [nil, nil, young.request.body])
      #expect(found.map(\.isBodyExpired) == [true, true, false])
      #expect(found.map(\.runs.count) == [1, 1, 1])
      var bare = old.request
      bare.body = nil
      #expect(found.first?.row == bare)
      // The exchanged partition is one like any other.
      let listed = try await store.requests(in: fixture.workspace, matching: RequestFilter(event: Array("paid".utf8)), limit: 10)
      #expect(listed.count == 3)
      let again = await writer.submit(fixture.entry(id: Fixture.requestID(ago: Self.day * 5)))
      #expect(again == .success(.recorded))
      let indexes = try await number(
        database,
        "SELECT count(*) FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid WHERE x.indrelid = (SELECT tableoid FROM requests WHERE body IS NULL LIMIT 1)"
      )
      let wanted = try await number(database, "SELECT count(*) FROM pg_index WHERE indrelid = 'requests'::regclass")
      #expect(indexes == wanted)
      // Nothing is left to do.
      let second = try await store.cleanUp(RetentionRules(requestDays: 30, bodyDays: 3, indexesBodies: false))
      #expect(second?.isEmpty == true)
      let state = try await store.retentionState()
      #expect(state.result.contains("took the bodies"))
    }
  }

  @Test func daysAreIndexedOneByOneAndNotAfterTheirBodiesExpired() async throws {
    try await withWriter { store, writer, fixture, database in
      for days in [1, 2, 6] { _ = await writer.submit(fixture.entry(id: Fixture.requestID(ago: Self.day * days))) }
      let rules = RetentionRules(bodyDays: 4, indexesBodies: true)
      for _ in 0..<5 { _ = try await store.cleanUp(rules) }
      let indexed = try await number(database, "SELECT count(*) FROM request_days WHERE bodies_indexed_at IS NOT NULL")
      let expired = try await number(database, "SELECT count(*) FROM request_days WHERE bodies_expired_at IS NOT NULL")
      #expect(indexed == 2 && expired == 1)
      let today = try await number(database, "SELECT count(*) FROM request_days WHERE day >= current_date")
      #expect(today == 0)
      let found = try await store.requests(in: fixture.workspace, matching: RequestFilter(bodyText: "event"), limit: 10)
      #expect(found.count == 2)
    }
  }

  @Test func oneProcessAtATimeCleansUp() async throws {
    try await withWriter { store, writer, fixture, database in
      _ = await writer.submit(fixture.entry(id: Fixture.requestID(ago: Self.day * 5)))
      let session = try PostgresSession.connect(database.configuration)
      try session.run(script: "SELECT pg_advisory_lock(hashtext('headgate.retention'))")
      let rules = RetentionRules(bodyDays: 3, indexesBodies: false, lockAttempts: 1)
      let refused = try await store.cleanUp(rules)
      #expect(refused == nil)
      try session.run(script: "SELECT pg_advisory_unlock_all()")
      // A reader of the log that does not end: nothing is lost, the reason is told, and writers were not held up for long.
      try session.run(script: "BEGIN; SELECT count(*) FROM requests")
      async let failed: Void = {
        await #expect(throws: StoreError.self) { _ = try await store.cleanUp(rules) }
      }()
      let recorded = await writer.submit(fixture.entry())
      #expect(recorded == .success(.recorded))
      await failed
      let state = try await store.retentionState()
      #expect(state.error.contains("in use"))
      try session.run(script: "COMMIT")
      let done = try await store.cleanUp(rules)
      #expect(done?.isEmpty == false)
    }
  }

  @Test func whatIsTooOldIsDropped() async throws {
    try await withWriter { store, writer, fixture, _ in
      _ = await writer.submit(fixture.entry(id: Fixture.requestID(ago: Self.day * 6), withRun: false))
      let done = try await store.cleanUp(RetentionRules(requestDays: 2, bodyDays: 1, indexesBodies: false))
      #expect(done?.dropped.isEmpty == false)
      let left = try await store.requests(in: fixture.workspace, matching: RequestFilter(), limit: 10)
      #expect(left.isEmpty)
    }
  }
}
