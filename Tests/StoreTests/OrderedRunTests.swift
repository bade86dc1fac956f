import Identifiers
import Postgres
import Testing
import TestSupport

@testable import Store

/// Runs of one order key are leased one at a time, in order of arrival.
@Suite struct OrderedRunTests {
  private func lease(
    _ store: Store, _ fixture: Fixture, _ limit: Int = 10, for duration: Duration = .seconds(60), worker: String = "w"
  ) async throws -> [RunRow] {
    try await store.leaseRuns(in: fixture.workspace, worker: worker, limit: limit, duration: duration)
  }

  @Test func theNextOneComesWhenTheOneBeforeItIsFinished() async throws {
    try await withWriter { store, writer, fixture, _ in
      let (a, b) = ((0..<3).map { _ in fixture.entry(order: "a") }, (0..<2).map { _ in fixture.entry(order: "b") })
      let free = fixture.entry()
      _ = await writer.submitAll(a.shuffled() + b.shuffled() + [free])
      var first = try await lease(store, fixture)
      #expect(Set(first.map(\.id)) == [a[0], b[0], free].ids)
      let none = try await lease(store, fixture)
      #expect(none.isEmpty)
      let next = try await store.nextRunAvailable(in: fixture.workspace)
      // Only leases that end, not those that wait behind them.
      #expect(next.map { $0 > .seconds(30) } == true)
      first.sort { $0.id < $1.id }
      for run in first { try await store.completeRun(run.id, in: fixture.workspace, epoch: run.leaseEpoch) }
      let second = try await lease(store, fixture)
      #expect(Set(second.map(\.id)) == [a[1], b[1]].ids)
      #expect(second.allSatisfy { $0.orderKey == Array("a".utf8) || $0.orderKey == Array("b".utf8) })
      for run in second { try await store.completeRun(run.id, in: fixture.workspace, epoch: run.leaseEpoch) }
      let third = try await lease(store, fixture)
      #expect(Set(third.map(\.id)) == [a[2]].ids)
    }
  }

  @Test func aKeyOfAnotherTriggerOrWorkspaceIsAnotherOrder() async throws {
    try await withWriter { store, writer, fixture, _ in
      let (bills, theirs) = (
        try await Fixture.make(store, flow: "bills"), try await Fixture.make(store, workspace: "theirs")
      )
      _ = await writer.submitAll([fixture.entry(order: "k"), bills.entry(order: "k"), theirs.entry(order: "k")])
      let mine = try await lease(store, fixture)
      #expect(mine.count == 2)
      let foreign = try await lease(store, theirs)
      #expect(foreign.count == 1)
    }
  }

  @Test func elementsOfOneRequestAreInOrder() async throws {
    try await withWriter { store, writer, fixture, _ in
      var entry = fixture.entry(claiming: ["1", "2", "3"])
      for index in entry.parts.indices { entry.parts[index].run?.orderKey = Array("k".utf8) }
      _ = await writer.submit(entry)
      for element in 0..<3 as Range<Int16> {
        let leased = try await lease(store, fixture)
        #expect(leased.map(\.element) == [element])
        for run in leased { try await store.completeRun(run.id, in: fixture.workspace, epoch: run.leaseEpoch) }
      }
    }
  }

  @Test func aFailedOneKeepsTheOthersWaitingAndADeadOneDoesNot() async throws {
    try await withWriter { store, writer, fixture, database in
      let entries = (0..<2).map { _ in fixture.entry(maxAttempts: 2, order: "k") }
      for entry in entries { _ = await writer.submit(entry) }
      var run = try #require(try await lease(store, fixture).first)
      _ = try await store.failRun(run.id, in: fixture.workspace, epoch: run.leaseEpoch, error: "x")
      let backingOff = try await lease(store, fixture)
      #expect(backingOff.isEmpty)
      try await administer(database, "UPDATE runs SET available_at = now() WHERE available_at < 'infinity'")
      run = try #require(try await lease(store, fixture).first)
      #expect(run.id == entries[0].runs[0].id)
      let failed = try await store.failRun(run.id, in: fixture.workspace, epoch: run.leaseEpoch, error: "x")
      #expect(failed.progress == .dead)
      let next = try await lease(store, fixture)
      #expect(next.map(\.id) == [entries[1].runs[0].id])
      // The dead one is tried again, and waits for the one that is worked on.
      let retried = try await store.retryRun(run.id, in: fixture.workspace)
      #expect(retried.wasDead && retried.run.progress == .ready && retried.run.attempt == 0)
      let none = try await lease(store, fixture)
      #expect(none.isEmpty)
      try await store.completeRun(next[0].id, in: fixture.workspace, epoch: next[0].leaseEpoch)
      let last = try await lease(store, fixture)
      #expect(last.map(\.id) == [run.id])
      #expect(last.first?.leaseEpoch == run.leaseEpoch + 1)
    }
  }

  @Test func anAbandonedOneIsLeasedAgainAndItsDeathLetsTheNextGo() async throws {
    try await withWriter { store, writer, fixture, _ in
      let entries = (0..<2).map { _ in fixture.entry(maxAttempts: 2, order: "k") }
      for entry in entries { _ = await writer.submit(entry) }
      for _ in 0..<2 {
        let leased = try await lease(store, fixture, for: .zero)
        #expect(leased.map(\.id) == [entries[0].runs[0].id])
      }
      _ = try await lease(store, fixture)
      let next = try await lease(store, fixture)
      let leased = try await store.run(entries[1].runs[0].id, in: fixture.workspace)
      #expect(leased?.progress == .leased, "\(next)")
      let dead = try await store.run(entries[0].runs[0].id, in: fixture.workspace)
      #expect(dead?.progress == .dead)
    }
  }

  /// What is blocked is looked at once, however often others ask.
  @Test func thousandsOfBlockedRunsInFrontAreNotReadAgain() async throws {
    try await withWriter { store, writer, fixture, database in
      _ = await writer.submit(fixture.entry(order: "k"))
      try await administer(
        database,
        """
        INSERT INTO runs (workspace_id, id, request_id, flow_id, trigger_id, flow_version, max_attempts, node, output,
          entry_node, event, variables, order_key)
        SELECT r.workspace_id, u, u, r.flow_id, r.trigger_id, 1, 3, 'hook', '', 'welcome', '', '{}', r.order_key
        FROM runs r, generate_series(1, 5000) i, LATERAL (
          SELECT (left(r.id::text, 14) || '8fff-bfff-' || lpad(i::text, 12, '0'))::uuid AS u) s
        """)
      let free = fixture.entry()
      _ = await writer.submit(free)
      let head = try await lease(store, fixture, 1)
      #expect(head.count == 1)
      var leased: [RunRow] = []
      for _ in 0..<3 where leased.isEmpty { leased = try await lease(store, fixture, 1) }
      #expect(leased.map(\.id) == [free.runs[0].id])
      let aside = try await number(database, "SELECT count(*) FROM runs WHERE available_at = 'infinity' AND state = 1")
      #expect(aside == 5000)
      // Nothing of it is in the way any more: what is read does not grow with it.
      let session = try PostgresSession.connect(database.configuration)
      let none = try session.lease([RunWish(workspace: fixture.workspace, worker: "w", limit: 1, duration: .seconds(1))])
      #expect(none.runs == [[]] && none.putAside == 0)
      let run = try await store.run(leased[0].id, in: fixture.workspace)
      #expect(run?.progress == .leased)
      try await store.completeRun(head[0].id, in: fixture.workspace, epoch: head[0].leaseEpoch)
      let woken = try await number(database, "SELECT count(*) FROM runs WHERE available_at < 'infinity' AND state = 1")
      #expect(woken == 1)
    }
  }

  /// Several workers, several connections: no two of a key at once, none out of turn, none left behind.
  @Test func workersKeepTheOrder() async throws {
    try await withWriter { store, writer, fixture, database in
      let entries = (0..<240).map { fixture.entry(order: "k\($0 % 7)") }
      for entry in entries { _ = await writer.submit(entry) }
      let journal = OrderJournal()
      let writers = (0..<2).map { _ in RunWriter(database.configuration, logger: .silent) }
      for runs in writers { runs.start() }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<6 {
          group.addTask {
            let runs = writers[worker % 2]
            while await journal.count < entries.count {
              let wish = RunWish(
                workspace: fixture.workspace, worker: "w\(worker)", limit: 1 + worker, duration: .seconds(60))
              for run in try await runs.lease(wish) {
                await journal.begin(run)
                await Task.yield()
                await journal.end(run)
                try await runs.complete(RunLease(workspace: run.workspace, run: run.id, epoch: run.leaseEpoch))
              }
            }
          }
        }
        try await group.waitForAll()
      }
      for runs in writers { await runs.shutDown() }
      let violations = await journal.violations
      #expect(violations.isEmpty, "\(violations)")
      for key in 0..<7 {
        let order = await journal.order["k\(key)"]
        #expect(order == entries.map(\.request.id).enumerated().filter { $0.offset % 7 == key }.map(\.element))
      }
    }
  }

  /// Two replicas lease at the same time, and an earlier request is committed after a later one: neither sees the other's lease,
  /// and all the same only one of them keeps its own.
  @Test func anEarlierRunThatComesLateIsNotLeasedBesideALaterOne() async throws {
    try await withWriter { store, writer, fixture, database in
      let (earlier, later, other) = (fixture.entry(order: "k"), fixture.entry(order: "k"), fixture.entry(order: "other"))
      _ = await writer.submit(later)
      let runs = RunWriter(database.configuration, logger: .silent)
      runs.start()
      let wish = RunWish(workspace: fixture.workspace, worker: "w", limit: 10, duration: .seconds(60))
      let phase = Monitor(0)
      async let here = onThread {
        let session = try PostgresSession.connect(database.configuration)
        return try session.transaction {
          var leased = try session.lease([wish]).runs
          try session.giveBack(overtakenOf: &leased)
          phase.withLock { $0 = 1 }
          _ = phase.wait(for: .seconds(30)) { $0 == 2 ? true : nil }
          return leased[0]
        }
      }
      while phase.withLock({ $0 }) < 1 { await Task.yield() }
      _ = await writer.submitAll([earlier, other])
      async let there = runs.lease(wish)
      try await onThread { try PostgresSession.connect(database.configuration).untilSomebodyWaits() }
      phase.withLock { $0 = 2 }
      phase.broadcast()
      let (mine, theirs) = try await (here, there)
      #expect(mine.map(\.id) == [later.runs[0].id])
      #expect(theirs.map(\.id) == [other.runs[0].id])
      let given = try #require(try await store.run(earlier.runs[0].id, in: fixture.workspace))
      #expect(given.progress == .ready && given.attempt == 0)
      // It waits as if it had never been leased, and then its turn comes.
      let none = try await runs.lease(wish)
      #expect(none.isEmpty)
      let lease = RunLease(workspace: fixture.workspace, run: mine[0].id, epoch: mine[0].leaseEpoch)
      try await runs.complete(lease)
      let next = try await runs.lease(wish)
      #expect(next.map(\.id) == [earlier.runs[0].id] && next.first?.attempt == 1)
      await runs.shutDown()
    }
  }

  @Test func aRunLeftBehindIsFound() async throws {
    try await withWriter { store, writer, fixture, database in
      let entries = (0..<2).map { _ in fixture.entry(order: "k") }
      for entry in entries { _ = await writer.submit(entry) }
      _ = try await lease(store, fixture)
      _ = try await lease(store, fixture)
      let session = try PostgresSession.connect(database.configuration)
      #expect(try session.wakeStranded() == [])
      // As if its finisher had died between two transactions.
      try await administer(database, "UPDATE runs SET state = 3 WHERE state = 2")
      let none = try await lease(store, fixture)
      #expect(none.isEmpty)
      #expect(try session.wakeStranded() == [fixture.workspace])
      let found = try await lease(store, fixture)
      #expect(found.map(\.id) == [entries[1].runs[0].id])
    }
  }

  @Test func onlyADeadRunIsRetried() async throws {
    try await withWriter { store, writer, fixture, _ in
      _ = await writer.submit(fixture.entry())
      let run = try #require(try await lease(store, fixture).first)
      let retried = try await store.retryRun(run.id, in: fixture.workspace)
      #expect(!retried.wasDead && retried.run.progress == .leased)
      await #expect(throws: StoreError.notFound(.run)) { _ = try await store.retryRun(.random(), in: fixture.workspace) }
      await #expect(throws: StoreError.notFound(.run)) { _ = try await store.retryRun(run.id, in: .random()) }
    }
  }
}

@Suite struct RunWriterTests {
  @Test func callsOfOneBatchHaveResultsOfTheirOwn() async throws {
    try await withWriter { store, writer, fixture, database in
      let runs = RunWriter(database.configuration, logger: .silent)
      let wish = RunWish(workspace: fixture.workspace, worker: "w", limit: 4, duration: .seconds(60))
      _ = await writer.submitAll((0..<10).map { _ in fixture.entry() })
      // Nothing happens before the start, so all of these are one batch.
      async let first = runs.lease(wish)
      async let second = runs.lease(wish)
      async let third = runs.lease(wish)
      while runs.status.queuedWishes < 3 { await Task.yield() }
      runs.start()
      let leased = try await [first, second, third]
      #expect(leased.map(\.count).sorted() == [2, 4, 4])
      #expect(Set(leased.joined().map(\.id)).count == 10)
      #expect(runs.status.batches == 1)

      let all = leased.joined().map { RunLease(workspace: $0.workspace, run: $0.id, epoch: $0.leaseEpoch) }
      var stale = all[0]
      stale.epoch = 7
      let unknown = RunLease(workspace: fixture.workspace, run: .random(), epoch: 1)
      let results = await withTaskGroup(of: (Int, StoreError?).self) { group in
        for (index, lease) in (all + all + [stale, unknown]).enumerated() {
          group.addTask {
            do throws(StoreError) {
              try await runs.complete(lease)
              return (index, nil)
            } catch {
              return (index, error)
            }
          }
        }
        var results = [StoreError?](repeating: nil, count: 22)
        for await (index, error) in group { results[index] = error }
        return results
      }
      #expect(results.prefix(20).allSatisfy { $0 == nil })
      #expect(results[20] == .staleLease && results[21] == .notFound(.run))
      let counts = try await store.runCounts()
      #expect(counts.ready == 0 && counts.leased == 0)
      await runs.shutDown()
      await #expect(throws: StoreError.self) { _ = try await runs.lease(wish) }
      await #expect(throws: StoreError.self) { try await runs.complete(all[0]) }
    }
  }

  @Test func aLeaseThatWasGivenUpInTheQueueTakesNoRun() async throws {
    try await withWriter { store, writer, fixture, database in
      let runs = RunWriter(database.configuration, logger: .silent)
      _ = await writer.submit(fixture.entry())
      let wish = RunWish(workspace: fixture.workspace, worker: "w", limit: 1, duration: .seconds(60))
      await #expect(throws: StoreError.cancelled) {
        try await withThrowingTaskGroup(of: [RunRow].self) { group in
          group.addTask { try await runs.lease(wish) }
          while runs.status.queuedWishes < 1 { await Task.yield() }
          group.cancelAll()
          _ = try await group.next()
        }
      }
      runs.start()
      let counts = try await store.runCounts()
      #expect(counts.ready == 1)
      let leased = try await runs.lease(wish)
      #expect(leased.count == 1)
      await runs.shutDown()
    }
  }

  /// A transaction that took long makes runs available in the past: they are found all the same.
  @Test func whatBecameAvailableOutOfItsTurnIsFound() async throws {
    try await withWriter { store, writer, fixture, database in
      let runs = RunWriter(database.configuration, logger: .silent)
      runs.start()
      let wish = RunWish(workspace: fixture.workspace, worker: "w", limit: 1, duration: .seconds(60))
      _ = await writer.submit(fixture.entry())
      _ = try await runs.lease(wish)
      let late = fixture.entry()
      _ = await writer.submit(late)
      try await administer(
        database, "UPDATE runs SET available_at = now() - interval '1 hour' WHERE id = '\(late.runs[0].id)'")
      let found = try await runs.lease(wish)
      #expect(found.map(\.id) == [late.runs[0].id])
      await runs.shutDown()
    }
  }
}

/// What workers did, in order.
private actor OrderJournal {
  private(set) var order: [String: [UniqueID]] = [:]
  private(set) var violations: [String] = []
  private(set) var count = 0
  private var atWork: [String: UniqueID] = [:]

  func begin(_ run: RunRow) {
    let key = String(decoding: run.orderKey ?? [], as: UTF8.self)
    if let other = atWork[key] { violations.append("\(run.id) began while \(other) was at work") }
    atWork[key] = run.id
    order[key, default: []].append(run.request)
  }

  func end(_ run: RunRow) {
    atWork[String(decoding: run.orderKey ?? [], as: UTF8.self)] = nil
    count += 1
  }
}

extension [IngestEntry] {
  /// The ids of all runs.
  fileprivate var ids: Set<UniqueID> { Set(flatMap { $0.runs.map(\.id) }) }
}

extension Fixture {
  /// An accepted request with one run of this order key.
  fileprivate func entry(maxAttempts: Int16 = 3, order key: String) -> IngestEntry {
    var entry = entry(maxAttempts: maxAttempts)
    entry.runs = entry.runs.map { run in
      var run = run
      run.orderKey = Array(key.utf8)
      return run
    }
    return entry
  }
}
