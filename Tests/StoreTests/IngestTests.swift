import Identifiers
import Postgres
import Testing
import TestSupport

@testable import Store

@Suite struct IngestQueueTests {
  private func pending(_ byteCount: Int, deadline: ContinuousClock.Instant = .now + .seconds(60)) -> PendingEntry {
    let request = RequestRow(
      workspace: .least, id: .least, trigger: .least, receivedAt: UnixTime(microseconds: 0), outcome: 1, status: 200)
    return PendingEntry(
      IngestEntry(request: request, runs: [], deadline: deadline), byteCount: byteCount, deadline: deadline
    ) { _ in }
  }

  @Test func bytesAndEntriesAreBounded() {
    var queue = IngestQueue(IngestLimits(queuedEntries: 2, queuedBytes: 100))
    #expect(queue.add(pending(101)) == .overloaded)
    #expect(queue.add(pending(60)) == nil)
    #expect(queue.add(pending(41)) == .overloaded)
    #expect(queue.add(pending(40)) == nil)
    #expect(queue.add(pending(0)) == .overloaded)
    #expect(queue.takeBatch().count == 2)
    #expect(queue.entryBytes == 0)
    queue.close()
    #expect(queue.add(pending(1)) == .shutDown)
  }

  @Test func rejectionsAreDroppedAndCounted() {
    var queue = IngestQueue(IngestLimits(queuedRejections: 2, queuedRejectionBytes: 10))
    for size in [5, 6, 5, 0] { queue.addRejection(pending(size)) }
    #expect(queue.rejectionCount == 2)
    #expect(queue.droppedRejections == 2)
  }

  @Test func aBatchKeepsItsLimitsAndEntriesGoFirst() {
    var queue = IngestQueue(IngestLimits(batchEntries: 4, batchBytes: 100, batchRejections: 2))
    queue.addRejection(pending(1))
    queue.addRejection(pending(1))
    queue.addRejection(pending(1))
    for size in [30, 30, 30, 30] { #expect(queue.add(pending(size)) == nil) }
    // Three entries of 30 bytes fit, the fourth does not; one rejection fills the fourth place.
    #expect(queue.takeBatch().map(\.byteCount) == [30, 30, 30, 1])
    #expect(queue.takeBatch().map(\.byteCount) == [30, 1, 1])
    #expect(queue.isEmpty)
    // One that is larger than a batch goes alone.
    #expect(queue.add(pending(1000)) == nil)
    #expect(queue.add(pending(1)) == nil)
    #expect(queue.takeBatch().map(\.byteCount) == [1000])
  }

  @Test func whatIsOverdueGoes() {
    var queue = IngestQueue(IngestLimits())
    let now = ContinuousClock.now
    for (size, offset) in [(1, 5), (2, -1), (4, 5), (8, 0)] {
      #expect(queue.add(pending(size, deadline: now + .seconds(offset))) == nil)
    }
    #expect(queue.takeOverdue(at: now).map(\.byteCount) == [2, 8])
    #expect(queue.entryBytes == 5)
    #expect(queue.takeBatch().map(\.byteCount) == [1, 4])
  }

  @Test func whatCannotBeInTimeIsRefusedWhileMoreWaitsThanABatchHas() {
    var queue = IngestQueue(IngestLimits(batchEntries: 100, batchTime: .seconds(10)))
    let deadline = ContinuousClock.now + .seconds(3)
    for _ in 0..<200 { #expect(queue.add(pending(1, deadline: deadline)) == nil) }
    #expect(queue.takeBatch().count == 100)
    queue.pace.took(.seconds(5), for: 100)
    // A hundred wait, 50 ms each.
    #expect(queue.add(pending(1, deadline: deadline)) == .overloaded)
    #expect(queue.add(pending(1, deadline: deadline + .seconds(3))) == nil)
    // A batch with room left shows that nothing is left waiting.
    queue.pace.took(.seconds(5), for: 99)
    #expect(queue.add(pending(1, deadline: deadline)) == nil)
  }

  @Test func aFIFOKeepsItsOrderOverManyOperations() {
    var fifo = FIFO<Int>()
    var next = 0
    var expected = 0
    for round in 0..<5000 {
      for _ in 0..<(round % 7) {
        fifo.append(next)
        next += 1
      }
      for _ in 0..<(round % 5) where !fifo.isEmpty {
        #expect(fifo.first == expected)
        fifo.removeFirst()
        expected += 1
      }
    }
    #expect(fifo.count == next - expected)
  }
}

@Suite struct IngestTests {
  @Test func aPoisonousRowFailsAlone() async throws {
    try await withWriter { store, writer, fixture, database in
      var entries = (0..<20).map { _ in fixture.entry() }
      entries[3].runs[0].variables = Array("not json".utf8)
      entries[7].request.output = "nul \0 in text"
      entries[11].runs[0].node = "\u{0}"
      let results = await writer.submitAll(entries)
      for (index, result) in results.enumerated() {
        switch index {
        case 3: #expect(result == .failure(.refused(sqlState: "22P02")))
        case 7, 11: #expect(result == .failure(.refused(sqlState: "22021")))
        default: #expect(result == .success(.recorded))
        }
      }
      // A request whose run is refused is not there either.
      let requests = try await number(database, "SELECT count(*) FROM requests")
      let runs = try await number(database, "SELECT count(*) FROM runs")
      #expect(requests == 17 && runs == 17)
      let refused = try await store.request(entries[3].request.id, in: fixture.workspace)
      #expect(refused == nil)
    }
  }

  @Test func theSameIdIsRecordedOnceHoweverOftenItComes() async throws {
    try await withWriter { store, writer, fixture, database in
      let entry = fixture.entry()
      let first = await writer.submit(entry)
      #expect(first == .success(.recorded))
      let second = await writer.submit(entry)
      #expect(second == .success(.alreadyRecorded))
      // Within a batch, beside others, and with another content.
      var changed = entry
      changed.request.status = 500
      let fresh = fixture.entry()
      let results = await writer.submitAll([fresh, entry, changed, fresh, fresh, fixture.entry()])
      #expect(results.count { $0 == .success(.recorded) } == 2)
      #expect(results.count { $0 == .success(.alreadyRecorded) } == 4)
      let rows = try await number(database, "SELECT count(*) FROM requests")
      let runs = try await number(database, "SELECT count(*) FROM runs")
      #expect(rows == 3 && runs == 3)
      let kept = try await store.request(entry.request.id, in: fixture.workspace)
      #expect(kept?.status == 200)
    }
  }

  /// The configuration changed between two attempts: what was recorded holds. Another trigger's request is none of them.
  @Test func aRepeatedIdWithAnotherVerdictIsAsItWasRecorded() async throws {
    try await withWriter { store, writer, fixture, database in
      let accepted = fixture.entry()
      var refused = accepted
      (refused.request.outcome, refused.request.cause, refused.request.status) = (4, 7, 401)
      refused.runs = []
      #expect(await writer.submit(refused) == .success(.recorded))
      let verdict = RecordedVerdict(outcome: 4, cause: 7, status: 401)
      #expect(await writer.submit(accepted) == .success(.recordedBefore(verdict)))
      #expect(await writer.submit(refused) == .success(.alreadyRecorded))
      var elsewhere = refused
      elsewhere.request.trigger = .random()
      #expect(await writer.submit(elsewhere) == .failure(.recordedOtherwise))
      // In one batch, where one of the two is written and the other is compared with it.
      let (first, second) = (fixture.entry(), fixture.entry())
      var other = first
      other.request.outcome = 4
      other.runs = []
      let results = await writer.submitAll([first, other, second])
      #expect(results.count { $0 == .success(.recorded) } == 2)
      #expect(results.count { if case .success(.recordedBefore) = $0 { true } else { false } } == 1)
      let runs = try await number(database, "SELECT count(*) FROM runs")
      #expect(runs <= 2)
    }
  }

  @Test func twoWritersWithTheSameIdsAgree() async throws {
    try await withWriter { _, writer, fixture, database in
      let other = IngestWriter(database.configuration, logger: .silent)
      other.start()
      let entries = (0..<200).map { _ in fixture.entry() }
      async let here = writer.submitAll(entries)
      async let there = other.submitAll(entries.reversed())
      let (mine, theirs) = await (here, there)
      for (index, result) in mine.enumerated() {
        let pair = [result, theirs[entries.count - 1 - index]]
        #expect(pair.count { $0 == .success(.recorded) } == 1)
        #expect(pair.count { $0 == .success(.alreadyRecorded) } == 1)
      }
      let runs = try await number(database, "SELECT count(*) FROM runs")
      #expect(runs == 200)
      await other.shutDown(within: .seconds(5))
    }
  }

  @Test func aMissingPartitionIsMadeAndAFarDayRefused() async throws {
    try await withWriter(limits: IngestLimits(partitionDays: 7)) { _, writer, fixture, database in
      let days = [6, 5, 100, 6].map { fixture.entry(id: Fixture.requestID(ago: .seconds($0 * 86_400))) }
      let zero = fixture.entry(id: UniqueID(high: 0x7000, low: 1 << 63))
      let results = await writer.submitAll(days + [zero, fixture.entry()])
      let refused = Result<IngestResult, IngestFailure>.failure(.refused(sqlState: "23514"))
      #expect(results == [.success(.recorded), .success(.recorded), refused, .success(.recorded), refused, .success(.recorded)])
      let partitions = try await number(database, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'requests'::regclass")
      #expect(partitions == 7)
    }
  }

  @Test func aFullQueueRefusesAtOnce() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        // Not started: nothing is taken out.
        let writer = IngestWriter(database.configuration, limits: IngestLimits(queuedEntries: 3), logger: .silent)
        let answers = Monitor<[Result<IngestResult, IngestFailure>]>([])
        for _ in 0..<5 {
          writer.submit(fixture.entry()) { answer in answers.withLock { $0.append(answer) } }
        }
        #expect(answers.withLock { $0 } == [.failure(.overloaded), .failure(.overloaded)])
        #expect(writer.status.queuedEntries == 3)
        await writer.shutDown(within: .seconds(1))
        #expect(answers.withLock { $0.count } == 5)
        let late = await writer.submit(fixture.entry())
        #expect(late == .failure(.shutDown))
      }
    }
  }

  @Test func shutDownCommitsWhatIsQueued() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        let writer = IngestWriter(database.configuration, limits: IngestLimits(batchEntries: 10), logger: .silent)
        let recorded = Monitor(0)
        for _ in 0..<300 {
          writer.submit(fixture.entry()) { if case .success = $0 { recorded.withLock { $0 += 1 } } }
        }
        writer.start()
        await writer.shutDown(within: .seconds(20))
        #expect(recorded.withLock { $0 } == 300)
        let rows = try await number(database, "SELECT count(*) FROM requests")
        #expect(rows == 300)
      }
    }
  }

  @Test func rejectionsAreWrittenBesideAndToldNobody() async throws {
    try await withWriter { _, writer, fixture, database in
      for _ in 0..<200 { writer.record(fixture.entry(outcome: 4, status: 401, withRun: false)) }
      let result = await writer.submit(fixture.entry())
      #expect(result == .success(.recorded))
      await writer.shutDown(within: .seconds(10))
      let rejected = try await number(database, "SELECT count(*) FROM requests WHERE outcome = 4")
      #expect(rejected == 200)
      #expect(writer.status.droppedRejections == 0)
    }
  }

  @Test func eachCommitIsReportedWithItsWorkspaces() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        let commits = Monitor<[IngestCommit]>([])
        let writer = IngestWriter(database.configuration, logger: .silent) { commit in commits.withLock { $0.append(commit) } }
        writer.start()
        _ = await writer.submit(fixture.entry(withRun: false))
        let entry = fixture.entry()
        _ = await writer.submit(entry)
        _ = await writer.submit(entry)
        await writer.shutDown(within: .seconds(5))
        let seen = commits.withLock { $0 }
        #expect(seen.map(\.entries) == [1, 1])
        #expect(seen.map(\.workspacesWithRuns) == [[], [fixture.workspace]])
        #expect(writer.status.committedEntries == 2)
      }
    }
  }
}

@Suite struct IngestFaultTests {
  @Test func withoutAServerEntriesFailAtTheirDeadlines() async throws {
    let port = try PostgresProxyPort.unused()
    let writer = IngestWriter(
      PostgresConfiguration(connectionString: "host=127.0.0.1 port=\(port)", backoff: Backoff(longest: .milliseconds(50))),
      logger: .silent)
    writer.start()
    let flow = FlowRow(
      workspace: .random(), id: .random(), name: "", revision: 1, draft: [], createdAt: .now(), updatedAt: .now())
    let fixture = Fixture(workspace: flow.workspace, flow: flow, trigger: .random(), key: "")
    let start = ContinuousClock.now
    let results = await writer.submitAll((0..<50).map { _ in fixture.entry(patience: .milliseconds(300)) })
    #expect(results.allSatisfy { $0 == .failure(.unavailable) })
    let elapsed = ContinuousClock.now - start
    #expect(elapsed >= .milliseconds(300) && elapsed < .seconds(20))
    #expect(writer.status.connectedLanes == 0)
    await writer.shutDown(within: .milliseconds(100))
  }

  /// The server takes the connection and then says nothing, as one that was stopped with SIGSTOP.
  @Test func aSilentServerDoesNotHoldCallersBeyondTheirDeadlines() async throws {
    try await withWriter(configure: { $0.answerTimeout = .seconds(3) }) { _, writer, fixture, database in
      _ = await writer.submit(fixture.entry())
      // An answer within the lock: the lane waits for it meanwhile.
      let (result, elapsed) = try await onThread {
        let blocker = try PostgresSession.connect(database.configuration)
        return try blocker.transaction {
          try blocker.run(script: "LOCK TABLE requests IN ACCESS EXCLUSIVE MODE")
          let answer = Monitor<Result<IngestResult, IngestFailure>?>(nil)
          let start = ContinuousClock.now
          writer.submit(fixture.entry(patience: .milliseconds(300))) { result in
            answer.withLock { $0 = result }
            answer.broadcast()
          }
          return (answer.wait(for: .seconds(10)) { $0 }, ContinuousClock.now - start)
        }
      }
      #expect(result == .failure(.unavailable))
      #expect(elapsed < .seconds(5))
      // The lane comes back.
      let after = await writer.submit(fixture.entry())
      #expect(after == .success(.recorded))
    }
  }

  @Test func aKilledBackendCostsNobodyTheirRequest() async throws {
    try await withWriter { _, writer, fixture, database in
      let results = await withTaskGroup(of: Result<IngestResult, IngestFailure>.self) { group in
        for caller in 0..<400 {
          group.addTask {
            if caller % 50 == 25 {
              try? await administer(
                database,
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE query LIKE '%COPY requests%' AND datname = current_database() AND pid <> pg_backend_pid()
                """
              )
            }
            return await writer.submit(fixture.entry())
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(results.allSatisfy { if case .success = $0 { true } else { false } })
      let rows = try await number(database, "SELECT count(*) FROM requests")
      let runs = try await number(database, "SELECT count(*) FROM runs")
      #expect(rows == 400 && runs == 400)
    }
  }

  /// The batch is committed and the answer lost: it must be found again, not written twice.
  @Test(arguments: [true, false])
  func aBatchInDoubtIsRecordedExactlyOnce(isCommitted: Bool) async throws {
    try await withProxiedWriter { proxy, writer, fixture, database in
      // Two COPY are prepared; the third Sync ends the rows of requests and of runs, and the server commits.
      proxy.cutNext(isCommitted ? .answer(to: .sync, occurrence: 3) : .request(.sync, occurrence: 3))
      writer.start()
      let result = await writer.submit(fixture.entry())
      #expect(result == .success(isCommitted ? .alreadyRecorded : .recorded))
      #expect(proxy.cutCount == 1)
      let rows = try await number(database, "SELECT count(*) FROM requests")
      let runs = try await number(database, "SELECT count(*) FROM runs")
      #expect(rows == 1 && runs == 1)
    }
  }

  /// Cut at many places of the conversation, from the start-up packet to the last byte of the rows.
  @Test func aConnectionCutAnywhereLosesAndDoublesNothing() async throws {
    try await withProxiedWriter { proxy, writer, fixture, database in
      var offsets = Array(stride(from: 1, to: 1600, by: 23))
      for offset in offsets { proxy.cutNext(.afterClientBytes(offset)) }
      writer.start()
      var count = 0
      while proxy.cutCount < offsets.count, count < 500 {
        let result = await writer.submit(fixture.entry())
        count += 1
        if case .failure = result { Issue.record("request \(count): \(result)") }
      }
      let last = await writer.submit(fixture.entry())
      #expect(last == .success(.recorded))
      offsets = []
      let rows = try await number(database, "SELECT count(*) FROM requests")
      let runs = try await number(database, "SELECT count(*) FROM runs")
      #expect(rows == count + 1 && runs == count + 1)
    }
  }

  /// As after a failover: the server refuses to write, until the connection string leads to the new primary.
  @Test func aServerThatOnlyReadsIsLeft() async throws {
    try await withWriter { _, writer, fixture, database in
      try await administer(database, "ALTER DATABASE \(database.name) SET default_transaction_read_only = on")
      try await administer(
        database,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
      )
      let refused = await writer.submit(fixture.entry(patience: .milliseconds(300)))
      #expect(refused == .failure(.unavailable))
      async let patient = writer.submit(fixture.entry())
      try await administer(
        database,
        "BEGIN READ WRITE; ALTER DATABASE \(database.name) SET default_transaction_read_only = off; COMMIT")
      let result = await patient
      #expect(result == .success(.recorded))
    }
  }

  @Test(arguments: [PostgresServer.Stop.immediate, nil])
  func whatWasAcknowledgedSurvivesACrashOfTheServer(stop: PostgresServer.Stop?) async throws {
    let server = try await PostgresServer.make()
    try await withWriter(on: server) { _, writer, fixture, database in
      let acknowledged = Monitor<[UniqueID]>([])
      let stopping = Monitor(false)
      let failures = Monitor(0)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<16 {
          group.addTask {
            while !stopping.withLock({ $0 }) {
              let entry = fixture.entry(patience: .seconds(20))
              switch await writer.submit(entry) {
              case .success: acknowledged.withLock { $0.append(entry.request.id) }
              case .failure: failures.withLock { $0 += 1 }
              }
            }
          }
        }
        for round in 1...3 {
          while acknowledged.withLock({ $0.count }) < round * 200 { await Task.yield() }
          if let stop { try await server.stop(stop) } else { try server.killPostmaster() }
          try await server.start()
        }
        let before = acknowledged.withLock { $0.count }
        while acknowledged.withLock({ $0.count }) < before + 200 { await Task.yield() }
        stopping.withLock { $0 = true }
        try await group.waitForAll()
      }
      // The server was back within the deadline of every caller.
      #expect(failures.withLock { $0 } == 0)
      let ids = acknowledged.withLock { $0 }
      let session = try PostgresSession.connect(database.configuration)
      let present = try session.query(
        PostgresStatement(
          "present",
          "SELECT count(*), (SELECT count(*) FROM requests), (SELECT count(*) FROM runs) FROM requests WHERE id = ANY ($1::uuid[])"
        ),
        [.ids(ids)])
      var row = present[0]
      let counts = (try row.int64(), try row.int64(), try row.int64())
      #expect(counts == (Int64(ids.count), Int64(ids.count), Int64(ids.count)))
    }
    try await server.stop(.immediate)
  }
}
