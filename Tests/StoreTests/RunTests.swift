import Identifiers
import Postgres
import Store
import Testing
import TestSupport

@Suite struct RunTests {
  @Test func aRunIsLeasedOnceAndCompletedOnce() async throws {
    try await withWriter { store, writer, fixture, _ in
      let entry = fixture.entry()
      _ = await writer.submit(entry)
      let leased = try await store.leaseRuns(in: fixture.workspace, worker: "w1", limit: 10, duration: .seconds(60))
      let run = try #require(leased.first)
      #expect(leased.count == 1)
      #expect(run.request == entry.request.id)
      #expect(run.variables == entry.runs[0].variables)
      #expect(run.flowName == "orders" && run.entryNode == "welcome" && run.output == "approved")
      #expect(run.progress == .leased && run.attempt == 1 && run.leaseEpoch == 1 && run.worker == "w1")
      #expect(run.leaseExpiresAt.map { $0 > UnixTime.now() + .seconds(50) } == true)
      let again = try await store.leaseRuns(in: fixture.workspace, worker: "w2", limit: 10, duration: .seconds(60))
      #expect(again.isEmpty)
      let extended = try await store.extendLease(of: run.id, in: fixture.workspace, epoch: 1, duration: .seconds(600))
      #expect(extended > UnixTime.now() + .seconds(500))
      for _ in 0..<2 { try await store.completeRun(run.id, in: fixture.workspace, epoch: 1) }
      let done = try await store.run(run.id, in: fixture.workspace)
      #expect(done?.progress == .completed)
      #expect(done?.finishedAt != nil)
      #expect(done?.leaseExpiresAt == nil)
      await #expect(throws: StoreError.staleLease) {
        _ = try await store.extendLease(of: run.id, in: fixture.workspace, epoch: 1, duration: .seconds(1))
      }
      await #expect(throws: StoreError.staleLease) {
        _ = try await store.failRun(run.id, in: fixture.workspace, epoch: 1, error: "late")
      }
      let next = try await store.nextRunAvailable(in: fixture.workspace)
      #expect(next == nil)
    }
  }

  @Test func anEndedLeaseGoesToTheNextWorkerAndTheFirstIsRefused() async throws {
    try await withWriter { store, writer, fixture, _ in
      _ = await writer.submit(fixture.entry())
      let first = try #require(
        try await store.leaseRuns(in: fixture.workspace, worker: "slow", limit: 1, duration: .zero).first)
      let second = try #require(
        try await store.leaseRuns(in: fixture.workspace, worker: "fast", limit: 1, duration: .seconds(60)).first)
      #expect(second.id == first.id)
      #expect(second.leaseEpoch == 2 && second.attempt == 2 && second.worker == "fast")
      for epoch in [1, 3] as [Int64] {
        await #expect(throws: StoreError.staleLease) {
          try await store.completeRun(first.id, in: fixture.workspace, epoch: epoch)
        }
        await #expect(throws: StoreError.staleLease) {
          _ = try await store.failRun(first.id, in: fixture.workspace, epoch: epoch, error: "x")
        }
        await #expect(throws: StoreError.staleLease) {
          _ = try await store.extendLease(of: first.id, in: fixture.workspace, epoch: epoch, duration: .seconds(1))
        }
      }
      await #expect(throws: StoreError.notFound(.run)) {
        try await store.completeRun(.random(), in: fixture.workspace, epoch: 1)
      }
      await #expect(throws: StoreError.notFound(.run)) { try await store.completeRun(first.id, in: .random(), epoch: 2) }
      try await store.completeRun(first.id, in: fixture.workspace, epoch: 2)
    }
  }

  @Test func failuresBackOffAndThenTheRunIsDead() async throws {
    try await withWriter { store, writer, fixture, database in
      let entry = fixture.entry(maxAttempts: 3)
      _ = await writer.submit(entry)
      let run = entry.runs[0].id
      let backoff = RunBackoff(first: .seconds(100), longest: .seconds(150))
      for (attempt, bounds) in [(1, 50.0...100.0), (2, 75.0...150.0)] {
        let leased = try await store.leaseRuns(in: fixture.workspace, worker: "w", limit: 1, duration: .seconds(60))
        #expect(leased.map { Int($0.attempt) } == [attempt])
        let epoch = try #require(leased.first).leaseEpoch
        let failure = try await store.failRun(
          run, in: fixture.workspace, epoch: epoch, error: "boom \0 \(attempt)", backoff: backoff)
        #expect(failure.progress == .ready)
        let pause = Double(failure.availableAt.microseconds - UnixTime.now().microseconds) / 1e6
        #expect(bounds.contains(pause + 1) || bounds.contains(pause))
        // The same again: the same answer.
        let repeated = try await store.failRun(run, in: fixture.workspace, epoch: epoch, error: "other", backoff: backoff)
        #expect(repeated == failure)
        let none = try await store.leaseRuns(in: fixture.workspace, worker: "w", limit: 1, duration: .seconds(60))
        #expect(none.isEmpty)
        let next = try await store.nextRunAvailable(in: fixture.workspace)
        #expect(next.map { $0 > .seconds(40) } == true)
        try await administer(database, "UPDATE runs SET available_at = now()")
      }
      let last = try await store.leaseRuns(in: fixture.workspace, worker: "w", limit: 1, duration: .seconds(60))
      let epoch = try #require(last.first).leaseEpoch
      let long = String(repeating: "é", count: 4000)
      let dead = try await store.failRun(run, in: fixture.workspace, epoch: epoch, error: long)
      #expect(dead.progress == .dead)
      let row = try #require(try await store.run(run, in: fixture.workspace))
      #expect(row.progress == .dead && row.finishedAt != nil && row.attempt == 3)
      #expect(row.lastError.utf8.count <= 4096 && row.lastError.hasPrefix("éé"))
      let counts = try await store.runCounts(in: fixture.workspace)
      #expect(counts.ready == 0 && counts.leased == 0 && counts.dead == 1 && counts.oldestReadySince == nil)
      let listed = try await store.runs(in: fixture.workspace, matching: RunFilter(progress: [.dead]), limit: 10)
      #expect(listed.map(\.id) == [run])
    }
  }

  @Test func aPermanentFailureIsNotTriedAgain() async throws {
    try await withWriter { store, writer, fixture, _ in
      _ = await writer.submit(fixture.entry())
      let run = try #require(
        try await store.leaseRuns(in: fixture.workspace, worker: "w", limit: 1, duration: .seconds(60)).first)
      for _ in 0..<2 {
        let failure = try await store.failRun(
          run.id, in: fixture.workspace, epoch: run.leaseEpoch, error: "no", isPermanent: true)
        #expect(failure.progress == .dead)
      }
    }
  }

  /// A worker that dies each time must not keep a run going for ever, nor keep others from theirs.
  @Test func whatIsAbandonedAtItsLastAttemptIsDead() async throws {
    try await withWriter { store, writer, fixture, _ in
      let doomed = (0..<3).map { _ in fixture.entry(maxAttempts: 1) }
      for entry in doomed { _ = await writer.submit(entry) }
      let abandoned = try await store.leaseRuns(in: fixture.workspace, worker: "dies", limit: 3, duration: .zero)
      #expect(abandoned.count == 3)
      let healthy = fixture.entry()
      _ = await writer.submit(healthy)
      let leased = try await store.leaseRuns(in: fixture.workspace, worker: "w", limit: 1, duration: .seconds(60))
      #expect(leased.map(\.id) == [healthy.runs[0].id])
      let counts = try await store.runCounts()
      #expect(counts.dead == 3 && counts.leased == 1)
      let dead = try await store.run(doomed[0].runs[0].id, in: fixture.workspace)
      #expect(dead?.lastError.isEmpty == false)
      await #expect(throws: StoreError.staleLease) {
        try await store.completeRun(doomed[0].runs[0].id, in: fixture.workspace, epoch: 1)
      }
    }
  }

  @Test func workersNeverShareARun() async throws {
    try await withWriter { store, writer, fixture, database in
      let entries = (0..<300).map { _ in fixture.entry() }
      _ = await writer.submitAll(entries)
      let many = Store(database.configuration, connections: 8, logger: .silent)
      many.start()
      let leased = try await withThrowingTaskGroup(of: [UniqueID].self) { group in
        for worker in 0..<8 {
          group.addTask {
            var mine: [UniqueID] = []
            while true {
              let runs = try await many.leaseRuns(
                in: fixture.workspace, worker: "w\(worker)", limit: 7, duration: .seconds(60))
              if runs.isEmpty { return mine }
              mine += runs.map(\.id)
              for run in runs { try await many.completeRun(run.id, in: fixture.workspace, epoch: run.leaseEpoch) }
            }
          }
        }
        return try await group.reduce(into: [UniqueID]()) { $0 += $1 }
      }
      await many.shutDown()
      #expect(leased.count == 300)
      #expect(Set(leased) == Set(entries.map(\.runs[0].id)))
    }
  }

  @Test func leasesKeepToTheirFlowAndWorkspace() async throws {
    try await withWriter { store, writer, fixture, _ in
      let bills = try await Fixture.make(store, flow: "bills")
      let theirs = try await Fixture.make(store, workspace: "theirs")
      for entry in [fixture.entry(), bills.entry(), theirs.entry()] { _ = await writer.submit(entry) }
      let ofBills = try await store.leaseRuns(
        in: fixture.workspace, worker: "w", flow: bills.flow.id, limit: 10, duration: .seconds(60))
      #expect(ofBills.map(\.flowName) == ["bills"])
      let rest = try await store.leaseRuns(in: fixture.workspace, worker: "w", limit: 10, duration: .seconds(60))
      #expect(rest.map(\.flowName) == ["orders"])
      let foreign = try await store.leaseRuns(in: theirs.workspace, worker: "w", limit: 10, duration: .seconds(60))
      #expect(foreign.count == 1)
    }
  }

  @Test func theRunsOfARequestAreFound() async throws {
    try await withWriter { store, writer, fixture, _ in
      let entries = (0..<5).map { _ in fixture.entry() }
      _ = await writer.submitAll(entries)
      for entry in entries {
        let runs = try await store.runs(
          in: fixture.workspace, matching: RunFilter(request: entry.request.id), limit: 10)
        #expect(runs.map(\.id) == entry.runs.map(\.id))
      }
      let none = try await store.runs(in: fixture.workspace, matching: RunFilter(request: .random()), limit: 10)
      #expect(none.isEmpty)
      let ofFlow = try await store.runs(
        in: fixture.workspace, matching: RunFilter(flow: fixture.flow.id, progress: [.ready]), limit: 3)
      #expect(ofFlow.map(\.id) == Array(entries.map(\.runs[0].id).sorted(by: >).prefix(3)))
    }
  }
}
