import Identifiers
import Postgres

/// Writes one batch: first all of it by COPY; what stands in the way is taken out by look-up, or found row by row.
struct IngestBatch: ~Copyable {
  private let partitionDays: Int
  private var requests = CopyBuffer()
  private var runs = CopyBuffer()

  init(partitionDays: Int) { self.partitionDays = partitionDays }

  typealias Outcome = Result<IngestResult, IngestFailure>

  /// Records entries; the outcomes are in their order, and durable when this returns.
  ///
  /// - Parameter mayBeRecorded: an attempt before this one may have been committed.
  /// - Throws: what concerns the whole batch: a lost connection, or a state of the server that may pass.
  mutating func record(
    _ entries: [PendingEntry], on session: PostgresSession, mayBeRecorded: Bool
  ) throws(PostgresError) -> [Outcome] {
    var plan = Plan(entries)
    if mayBeRecorded { try plan.settleRecorded(session) }
    var remedies: Set<Remedy> = []
    while !plan.open.isEmpty {
      do throws(PostgresError) {
        try copy(plan.open.map { entries[$0].entry }, session)
        plan.settleOpen(.success(.recorded))
      } catch {
        if error.isConnectionLost || error.isInDoubt { throw error }
        if error.isUniqueViolation, remedies.insert(.lookUp).inserted {
          plan.settleRepeated()
          try plan.settleRecorded(session)
        } else if error.isPartitionMissing, remedies.insert(.partition).inserted {
          try createPartitions(&plan, session)
        } else if error.isRetryable {
          throw error
        } else {
          try oneByOne(&plan, session)
        }
      }
    }
    return plan.outcomes()
  }

  private enum Remedy { case lookUp, partition }

  private mutating func copy(_ entries: [IngestEntry], _ session: PostgresSession) throws(PostgresError) {
    requests.removeAll()
    runs.removeAll()
    for entry in entries {
      requests.append(entry.request)
      for run in entry.runs { runs.append(run, of: entry.request) }
    }
    // Locals, because the closure must not borrow the whole of `self`.
    let hasRuns = runs.rowCount > 0
    let statements = hasRuns ? [Statements.copyRequests.sql, Statements.copyRuns.sql] : [Statements.copyRequests.sql]
    try session.copy(statements) { (index, put) throws(PostgresError) in
      if index == 0 { try put(requests) } else { try put(runs) }
    }
  }

  /// Makes the partitions of days near today; refuses what is of other days.
  private func createPartitions(_ plan: inout Plan, _ session: PostgresSession) throws(PostgresError) {
    let today = UniqueID.first(atUnixMilliseconds: UnixTime.now().microseconds / 1000).unixDay
    var days: Set<Int32> = []
    for index in plan.open {
      let day = plan.entries[index].entry.request.id.unixDay
      if abs(Int(day) - Int(today)) <= partitionDays { days.insert(day) } else { plan.settle(index, Self.refusedDay) }
    }
    for day in days.sorted() { try session.query(Statements.createPartitionsOfDay, [.int32(day)]) }
  }

  /// SQLSTATE of a row that no partition takes.
  private static let refusedDay = Outcome.failure(.refused(sqlState: "23514"))

  /// Each row under a savepoint of its own, so that one that the database refuses does not harm its neighbours.
  private func oneByOne(_ plan: inout Plan, _ session: PostgresSession) throws(PostgresError) {
    let open = plan.open
    let entries = plan.entries
    do {
      let outcomes = try session.transaction { try open.map { try Self.insert(entries[$0].entry, session) } }
      for (index, outcome) in zip(open, outcomes) { plan.settle(index, outcome) }
    } catch let error as PostgresError {
      throw error
    } catch {
      throw PostgresError(.misuse, "unexpected error of type \(type(of: error))")
    }
  }

  private static func insert(_ entry: IngestEntry, _ session: PostgresSession) throws(PostgresError) -> Outcome {
    try session.run(script: "SAVEPOINT entry")
    do throws(PostgresError) {
      let inserted = try session.query(Statements.insertRequest, entry.request.parameters).affectedCount == 1
      if inserted {
        for run in entry.runs { try session.query(Statements.insertRun, run.parameters(of: entry.request)) }
      }
      try session.run(script: "RELEASE SAVEPOINT entry")
      return inserted ? .success(.recorded) : try Recorded.find([entry.request], session).outcome(of: entry.request)
    } catch {
      guard error.kind == .server, !error.isRetryable, !error.isConnectionLost else { throw error }
      try session.run(script: "ROLLBACK TO SAVEPOINT entry; RELEASE SAVEPOINT entry")
      return .failure(.refused(sqlState: error.sqlState))
    }
  }
}

/// Which entries of a batch are settled, and how.
private struct Plan {
  let entries: [PendingEntry]
  private var settled: [IngestBatch.Outcome?]
  /// Entries with the id of an earlier one of the same batch: they share its fate.
  private var firstOf: [Int: Int] = [:]

  init(_ entries: [PendingEntry]) {
    self.entries = entries
    settled = Array(repeating: nil, count: entries.count)
  }

  private func key(_ index: Int) -> Recorded.Key { Recorded.Key(entries[index].entry.request) }

  /// Those that are still to be written.
  var open: [Int] { entries.indices.filter { settled[$0] == nil && firstOf[$0] == nil } }

  mutating func settle(_ index: Int, _ outcome: IngestBatch.Outcome) { settled[index] = outcome }

  mutating func settleOpen(_ outcome: IngestBatch.Outcome) {
    for index in open { settled[index] = outcome }
  }

  /// Ties repeated ids of this batch to their first occurrence.
  mutating func settleRepeated() {
    var first: [Recorded.Key: Int] = [:]
    for index in open {
      if let earlier = first[key(index)] { firstOf[index] = earlier } else { first[key(index)] = index }
    }
  }

  /// Settles what the database has already.
  mutating func settleRecorded(_ session: PostgresSession) throws(PostgresError) {
    let recorded = try Recorded.find(open.map { entries[$0].entry.request }, session)
    for index in open where recorded.holds(key(index)) {
      settled[index] = recorded.outcome(of: entries[index].entry.request)
    }
  }

  func outcomes() -> [IngestBatch.Outcome] {
    entries.indices.map { index in
      guard let first = firstOf[index] else { return settled[index] ?? .failure(.unavailable) }
      let outcome = settled[first] ?? .failure(.unavailable)
      guard case .success = outcome else { return outcome }
      return Recorded([entries[first].entry.request]).outcome(of: entries[index].entry.request)
    }
  }
}

/// What is recorded under some ids.
private struct Recorded {
  struct Key: Hashable {
    var workspace: UniqueID
    var id: UniqueID

    init(workspace: UniqueID, id: UniqueID) {
      self.workspace = workspace
      self.id = id
    }

    init(_ request: RequestRow) { self.init(workspace: request.workspace, id: request.id) }
  }

  private struct Verdict: Equatable {
    var trigger: UniqueID
    var outcome: Int16
  }

  private var verdicts: [Key: Verdict] = [:]

  init(_ requests: [RequestRow]) {
    for request in requests { verdicts[Key(request)] = Verdict(trigger: request.trigger, outcome: request.outcome) }
  }

  /// Looks the requests' ids up.
  static func find(_ requests: [RequestRow], _ session: PostgresSession) throws(PostgresError) -> Recorded {
    let result = try session.query(
      Statements.existingRequests, [.ids(requests.map(\.workspace)), .ids(requests.map(\.id))])
    var recorded = Recorded([])
    for index in 0..<result.count {
      var row = result[index]
      let key = Key(workspace: try row.id(), id: try row.id())
      recorded.verdicts[key] = Verdict(trigger: try row.id(), outcome: try row.int16())
    }
    return recorded
  }

  func holds(_ key: Key) -> Bool { verdicts[key] != nil }

  /// A repeated request is a success only with the verdict it was recorded with: another trigger's, or a refusal that has no
  /// run, acknowledges nothing.
  func outcome(of request: RequestRow) -> IngestBatch.Outcome {
    let verdict = Verdict(trigger: request.trigger, outcome: request.outcome)
    return verdicts[Key(request)] == verdict ? .success(.alreadyRecorded) : .failure(.recordedOtherwise)
  }
}
