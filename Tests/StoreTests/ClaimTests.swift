import Identifiers
import Postgres
import Testing
import TestSupport

@testable import Store

@Suite struct ClaimTests {
  private typealias Answer = Result<IngestResult, IngestFailure>

  /// A retry of the edge node, whatever became of the delivery since, is answered as the first time.
  @Test func aRepeatedAttemptIsAnsweredAsTheFirst() async throws {
    try await withWriter { store, writer, fixture, database in
      let first = fixture.entry(claiming: ["d-1"])
      let second = fixture.entry(claiming: ["d-1"])
      #expect(await writer.submit(first) == .success(.recorded))
      #expect(await writer.submit(first) == .success(.alreadyRecorded))
      #expect(await writer.submit(second) == .success(.duplicate(of: first.request.id)))
      #expect(await writer.submit(second) == .success(.duplicate(of: first.request.id)))
      // The claim has expired and a third request has it; the second stays what it was.
      try await administer(database, "UPDATE delivery_claims SET expires_at = now() - interval '1 second'")
      let third = fixture.entry(claiming: ["d-1"])
      #expect(await writer.submit(third) == .success(.recorded))
      #expect(await writer.submit(second) == .success(.duplicate(of: first.request.id)))
      #expect(await writer.submit(first) == .success(.alreadyRecorded))
      #expect(await writer.submit(fixture.entry(claiming: ["d-1"])) == .success(.duplicate(of: third.request.id)))
      // An attempt that is refused changes nothing of it.
      var refused = second
      refused.request.outcome = 4
      let verdict = RecordedVerdict(
        outcome: RequestRow.duplicateOutcome, cause: 0, status: second.request.status, duplicateOf: first.request.id)
      #expect(await writer.submit(refused) == .success(.recordedBefore(verdict)))
      let runs = try await number(database, "SELECT count(*) FROM runs")
      #expect(runs == 2)
    }
  }

  @Test func aDuplicateIsRecordedWithItsFirstAndWithoutRun() async throws {
    try await withWriter { store, writer, fixture, database in
      let first = fixture.entry(claiming: ["d-1"])
      let second = fixture.entry(claiming: ["d-1"])
      #expect(await writer.submitAll([first]) == [.success(.recorded)])
      #expect(await writer.submitAll([second]) == [.success(.duplicate(of: first.request.id))])
      let kept = try #require(try await store.request(second.request.id, in: fixture.workspace))
      #expect(kept.outcome == 3)
      #expect(kept.duplicateOf == first.request.id)
      #expect(kept.deliveryID == Array("d-1".utf8))
      let original = try #require(try await store.request(first.request.id, in: fixture.workspace))
      #expect(original.outcome == 1 && original.duplicateOf == nil && original.deliveryID == Array("d-1".utf8))
      let runs = try await number(database, "SELECT count(*) FROM runs")
      #expect(runs == 1)
    }
  }

  @Test func theSameDeliveryAtAnotherNodeOrWorkspaceIsAnother() async throws {
    try await withWriter { store, writer, fixture, database in
      let other = try await Fixture.make(store, workspace: "other")
      var elsewhere = fixture.entry(claiming: ["d"])
      elsewhere.parts[0].claim?.trigger = .random()
      let entries = [fixture.entry(claiming: ["d"]), elsewhere, other.entry(claiming: ["d"]), fixture.entry(claiming: ["D"])]
      #expect(await writer.submitAll(entries) == Array(repeating: .success(.recorded), count: 4))
    }
  }

  /// All in one batch: the writer starts after they are queued.
  @Test func withinABatchTheFirstWins() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        let writer = IngestWriter(database.configuration, logger: .silent)
        let first = fixture.entry(claiming: ["a"])
        // One element repeats another of the same request; one repeats the first request; one is new.
        let split = fixture.entry(claiming: ["b", "b", "a", "c"])
        let entries = [first, fixture.entry(claiming: ["a"]), first, split, fixture.entry(claiming: ["c"]), fixture.entry()]
        let answers = Monitor<[UniqueID: [Answer]]>([:])
        for entry in entries {
          writer.submit(entry) { answer in answers.withLock { $0[entry.request.id, default: []].append(answer) } }
        }
        writer.start()
        await writer.shutDown(within: .seconds(20))
        let given = answers.withLock { $0 }
        #expect(given[first.request.id] == [.success(.recorded), .success(.alreadyRecorded)])
        #expect(given[entries[1].request.id] == [.success(.duplicate(of: first.request.id))])
        #expect(given[split.request.id] == [.success(.recorded)])
        #expect(given[entries[4].request.id] == [.success(.duplicate(of: split.request.id))])
        #expect(given[entries[5].request.id] == [.success(.recorded)])
        // Of the split request the first "b" and the "c".
        let wanted = try await number(database, "SELECT count(*) FROM runs WHERE element IN (0, 3)")
        #expect(wanted == 4)
        let runs = try await number(database, "SELECT count(*) FROM runs")
        #expect(runs == 4)
      }
    }
  }

  /// What is refused has claimed nothing: the next request with the delivery is the first.
  @Test func aRefusedRequestClaimsNothing() async throws {
    try await withWriter { _, writer, fixture, database in
      var poisonous = fixture.entry(claiming: ["d"])
      poisonous.parts[0].run?.variables = Array("not json".utf8)
      let results = await writer.submitAll([poisonous, fixture.entry(), fixture.entry(claiming: ["e"])])
      #expect(results == [.failure(.refused(sqlState: "22P02")), .success(.recorded), .success(.recorded)])
      #expect(await writer.submit(fixture.entry(claiming: ["d"])) == .success(.recorded))
      #expect(await writer.submit(fixture.entry(claiming: ["e"])) != .success(.recorded))
    }
  }

  @Test func ofParallelRequestsThroughTwoWritersOneIsTheFirst() async throws {
    try await withWriter(limits: IngestLimits(lanes: 2)) { _, writer, fixture, database in
      let other = IngestWriter(database.configuration, logger: .silent)
      other.start()
      let entries = (0..<400).map { index in fixture.entry(claiming: ["d-\(index % 20)"]) }
      async let here = writer.submitAll(Array(entries[..<200]))
      async let there = other.submitAll(entries[200...].reversed())
      let results = await here + there
      #expect(results.count { $0 == .success(.recorded) } == 20)
      #expect(results.count { if case .success(.duplicate) = $0 { true } else { false } } == 380)
      let runs = try await number(database, "SELECT count(*) FROM runs")
      #expect(runs == 20)
      let duplicates = try await number(database, "SELECT count(*) FROM requests WHERE outcome = 3 AND duplicate_of IS NOT NULL")
      #expect(duplicates == 380)
      await other.shutDown(within: .seconds(5))
    }
  }

  @Test func theRowIsMadeFromWhatWasFound() async throws {
    try await withWriter { store, writer, fixture, _ in
      let first = fixture.entry(claiming: ["d"])
      _ = await writer.submit(first)
      var second = fixture.entry(claiming: ["x", "d"])
      second.settle = { row, results in
        var row = row
        row.explanation = results.map { $0.duplicateOf == nil ? 1 : 2 }
        return row
      }
      #expect(await writer.submit(second) == .success(.recorded))
      let kept = try #require(try await store.request(second.request.id, in: fixture.workspace))
      #expect(kept.explanation == [1, 2] && kept.outcome == 1)
    }
  }

  @Test func expiredClaimsAreDeletedLongAfter() async throws {
    try await withWriter { store, writer, fixture, database in
      _ = await writer.submitAll((0..<5).map { fixture.entry(claiming: ["d-\($0)"]) })
      let early = try await store.deleteExpiredClaims()
      #expect(early == 0)
      try await administer(
        database, "UPDATE delivery_claims SET expires_at = now() - interval '2 hours' WHERE delivery_id <> 'd-4'")
      let limited = try await store.deleteExpiredClaims(limit: 3)
      #expect(limited == 3)
      let rest = try await store.deleteExpiredClaims()
      #expect(rest == 1)
      let left = try await number(database, "SELECT count(*) FROM delivery_claims")
      #expect(left == 1)
    }
  }

  @Test func everyColumnIsReadAsItWasWritten() async throws {
    try await withWriter { store, writer, fixture, _ in
      for isPoisoned in [false, true] {
        var entry = fixture.entry()
        entry.request.deliveryID = [0xff, 0x00]
        entry.request.duplicateOf = .random()
        entry.request.customer = .random()
        entry.request.chat = .random()
        entry.request.replayOf = .random()
        entry.request.traceID = Array(repeating: 7, count: 16)
        entry.request.binding = [1]
        entry.request.sealed = [2]
        var run = entry.runs[0]
        run.customer = .random()
        run.chat = .random()
        run.element = 5
        run.orderKey = [0xfe]
        run.replayOf = .random()
        run.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        entry.runs = [run]
        // By COPY, and row by row beside one that the database refuses.
        var others: [IngestEntry] = []
        if isPoisoned {
          others = [fixture.entry()]
          others[0].runs[0].variables = Array("not json".utf8)
        }
        _ = await writer.submitAll(others + [entry])
        let stored = try await store.request(entry.request.id, in: fixture.workspace)
        #expect(stored == entry.request)
        let read = try #require(try await store.run(run.id, in: fixture.workspace))
        #expect(read.customer == run.customer && read.chat == run.chat && read.element == 5 && read.orderKey == [0xfe])
        #expect(read.replayOf == run.replayOf && read.traceparent == run.traceparent)
      }
    }
  }

  /// Of a request whose repeated part alone would have started a run, the record says unrouted; its retry finds it all the same.
  @Test func aRequestWhoseRunsWereAllRepetitionsIsFoundByItsRetry() async throws {
    try await withWriter { _, writer, fixture, _ in
      _ = await writer.submit(fixture.entry(claiming: ["d"]))
      var second = fixture.entry(claiming: ["d", "x"])
      second.parts[1].run = nil
      second.settle = { row, _ in
        var row = row
        row.outcome = 2
        return row
      }
      #expect(await writer.submit(second) == .success(.recorded))
      #expect(await writer.submit(second) == .success(.alreadyRecorded))
    }
  }
}
