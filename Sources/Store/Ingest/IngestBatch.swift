import Identifiers
import Postgres

/// Writes one batch: first all of it by COPY; what stands in the way is taken out by look-up, or found row by row.
///
/// A batch that claims nothing and finds all of its customers needs no transaction but that of its rows. Otherwise claims,
/// bindings and rows are one transaction, each kind in a few statements for the whole batch.
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
    var plan = IngestPlan(entries)
    if mayBeRecorded { try plan.settleRecorded(session) }
    var remedies: Set<Remedy> = []
    while !plan.open.isEmpty {
      do throws(PostgresError) {
        let open = plan.open
        let outcomes = try write(open.map { entries[$0] }, session)
        for (index, outcome) in zip(open, outcomes) { plan.settle(index, outcome) }
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

  /// Writes all of the entries or none.
  private mutating func write(_ entries: [PendingEntry], _ session: PostgresSession) throws(PostgresError) -> [Outcome] {
    var drafts = entries.map { IngestDraft($0) }
    var binding = CustomerBinding()
    while try !write(&drafts, &binding, session) { drafts = entries.map { IngestDraft($0) } }
    return drafts.map { .success($0.result) }
  }

  /// Settles and writes all of the drafts or none; `false`: somebody else was faster, and it is to be tried again.
  private mutating func write(
    _ drafts: inout [IngestDraft], _ binding: inout CustomerBinding, _ session: PostgresSession
  ) throws(PostgresError) -> Bool {
    do throws(PostgresError) {
      try DeliveryClaims.settle(&drafts, session)
      if try binding.settle(&drafts, session) {
        try copy(drafts, session)
        return true
      }
    } catch {
      session.rollBack()
      throw error
    }
    session.rollBack()
    return false
  }

  /// Finds out within a transaction what becomes of the parts: which repeat a delivery, and whom they are bound to.
  static func settle(_ drafts: inout [IngestDraft], _ session: PostgresSession) throws(PostgresError) {
    try DeliveryClaims.settle(&drafts, session)
    try CustomerBinding.settleWithin(&drafts, session)
  }

  private mutating func copy(_ drafts: [IngestDraft], _ session: PostgresSession) throws(PostgresError) {
    requests.removeAll()
    runs.removeAll()
    for draft in drafts {
      requests.append(draft.request)
      draft.forEachRun { run in runs.append(run, of: draft.entry.request) }
    }
    // Locals, because the closure must not borrow the whole of `self`.
    let hasRuns = runs.rowCount > 0
    let statements = hasRuns ? [Statements.copyRequests.sql, Statements.copyRuns.sql] : [Statements.copyRequests.sql]
    try session.copy(statements, committing: session.isInTransaction) { (index, put) throws(PostgresError) in
      if index == 0 { try put(requests) } else { try put(runs) }
    }
  }

  /// Makes the partitions of days near today; refuses what is of other days.
  private func createPartitions(_ plan: inout IngestPlan, _ session: PostgresSession) throws(PostgresError) {
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

  /// Each entry under a savepoint of its own, so that one that the database refuses does not harm its neighbours. What it
  /// claimed and bound goes with it.
  private func oneByOne(_ plan: inout IngestPlan, _ session: PostgresSession) throws(PostgresError) {
    let open = plan.open
    let entries = plan.entries
    let outcomes = try session.atomically { () throws(PostgresError) in
      var outcomes: [Outcome] = []
      for index in open { outcomes.append(try Self.insert(entries[index], session)) }
      return outcomes
    }
    for (index, outcome) in zip(open, outcomes) { plan.settle(index, outcome) }
  }

  private static func insert(_ entry: PendingEntry, _ session: PostgresSession) throws(PostgresError) -> Outcome {
    let result: IngestResult?
    try session.run(script: "SAVEPOINT entry")
    do throws(PostgresError) {
      var drafts = [IngestDraft(entry)]
      try Self.settle(&drafts, session)
      result = try insert(drafts[0], session) ? drafts[0].result : nil
    } catch {
      guard error.isRefusal else { throw error }
      try session.run(script: "ROLLBACK TO SAVEPOINT entry; RELEASE SAVEPOINT entry")
      return .failure(.refused(sqlState: error.sqlState))
    }
    if let result {
      try session.run(script: "RELEASE SAVEPOINT entry")
      return .success(result)
    }
    try session.run(script: "ROLLBACK TO SAVEPOINT entry; RELEASE SAVEPOINT entry")
    return try RecordedRequests.find([entry.entry.request], session).outcome(of: entry.entry)
  }

  /// Inserts a request with its runs; `false`: there is one with its id.
  private static func insert(_ draft: IngestDraft, _ session: PostgresSession) throws(PostgresError) -> Bool {
    let inserted = try session.query(Statements.insertRequest, draft.request.parameters).affectedCount == 1
    guard inserted else { return false }
    try draft.forEachRun { (run) throws(PostgresError) in
      try session.query(Statements.insertRun, run.parameters(of: draft.entry.request))
    }
    return true
  }
}

extension PostgresSession {
  /// A transaction of statements that throw nothing but what the server says.
  func atomically<Value>(_ body: () throws(PostgresError) -> Value) throws(PostgresError) -> Value {
    do {
      return try transaction { try body() }
    } catch let error as PostgresError {
      throw error
    } catch {
      throw PostgresError(.misuse, "unexpected error of type \(type(of: error))")
    }
  }
}
