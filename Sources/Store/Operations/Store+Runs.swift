package import Identifiers
package import Postgres

extension Store {
  /// Leases runs that are ready, and those whose lease has ended; those that have waited longest first.
  ///
  /// A run whose lease has ended at its last attempt becomes dead instead. The time is PostgreSQL's.
  ///
  /// - Parameters:
  ///   - flow: only runs of this flow; `nil`: of any.
  ///   - limit: at least 1.
  package func leaseRuns(
    in workspace: UniqueID, worker: String, flow: UniqueID? = nil, limit: Int, duration: Duration
  ) async throws(StoreError) -> [RunRow] {
    let wish = RunWish(workspace: workspace, flow: flow, worker: worker, limit: limit, duration: duration)
    return try await change { session in
      var leased = try session.lease([wish])
      _ = try session.wake(after: leased.ended)
      try session.giveBack(overtakenOf: &leased.runs)
      return leased.runs[0]
    }
  }

  /// Extends a lease from now on. Returns when it ends.
  ///
  /// - Throws: `.staleLease`, `.notFound(.run)`.
  package func extendLease(
    of run: UniqueID, in workspace: UniqueID, epoch: Int64, duration: Duration
  ) async throws(StoreError) -> UnixTime {
    try await write { session in
      let end = try session.query(
        Statements.extendLease, [.id(workspace), .id(run), .int64(epoch), .int64(duration.wholeMicroseconds)]
      ).first { try $0.time() }
      if let end { return end }
      _ = try session.leaseState(of: run, in: workspace)
      throw StoreError.staleLease
    }
  }

  /// Finishes a run; repeating it with the same epoch is a success.
  ///
  /// - Throws: `.staleLease`, `.notFound(.run)`.
  package func completeRun(_ run: UniqueID, in workspace: UniqueID, epoch: Int64) async throws(StoreError) {
    let lease = RunLease(workspace: workspace, run: run, epoch: epoch)
    try await retryingInDoubt { session in
      var ended: Set<RunOrder> = []
      if let error = try session.complete([lease], ended: &ended)[0] { throw error }
      _ = try session.wake(after: ended)
    }
  }

  /// Gives a run back after a failure; repeating it with the same epoch gives the same answer while nobody has leased it.
  ///
  /// - Parameters:
  ///   - error: what the worker says, cut to 4 KiB.
  ///   - isPermanent: do not try again.
  /// - Throws: `.staleLease`, `.notFound(.run)`.
  package func failRun(
    _ run: UniqueID, in workspace: UniqueID, epoch: Int64, error: String, isPermanent: Bool = false,
    backoff: RunBackoff = RunBackoff()
  ) async throws(StoreError) -> RunFailure {
    let error = String(decoding: error.utf8.prefix(Self.errorBytes), as: UTF8.self)
    return try await retryingInDoubt { session in
      var order: RunOrder?
      let failed = try session.query(
        Statements.failRun,
        [
          .id(workspace), .id(run), .int64(epoch), .lenientText(error), .bool(isPermanent),
          .int64(backoff.first.wholeMicroseconds), .int64(backoff.longest.wholeMicroseconds),
        ]
      ).first { row in
        let failure = RunFailure(progress: try row.progress(), availableAt: try row.time())
        let trigger = try row.id()
        order = try row.optionalBytes().map { RunOrder(workspace: workspace, trigger: trigger, key: $0) }
        return failure
      }
      if let failed {
        if failed.progress == .dead, let order { _ = try session.wake(after: [order]) }
        return failed
      }
      let lease = try session.leaseState(of: run, in: workspace)
      guard lease.epoch == epoch, lease.progress == .ready || lease.progress == .dead else { throw StoreError.staleLease }
      return RunFailure(progress: lease.progress, availableAt: lease.availableAt)
    }
  }

  /// Makes a dead run ready again, with as many attempts as it had.
  ///
  /// - Returns: The run as it is now, and whether it was dead.
  /// - Throws: `.notFound(.run)`.
  package func retryRun(
    _ run: UniqueID, in workspace: UniqueID, audit: AuditEntry? = nil
  ) async throws(StoreError) -> (run: RunRow, wasDead: Bool) {
    try await change { [identifiers] session in
      let wasDead = try session.query(Statements.retryRun, [.id(workspace), .id(run)]).affectedCount == 1
      let row = try session.query(Statements.runById, [.id(workspace), .id(run)]).first { try RunRow(&$0) }
      guard let row else { throw StoreError.notFound(.run) }
      if wasDead, let audit { try session.record(audit, identifiers) }
      return (run: row, wasDead: wasDead)
    }
  }

  /// A run by id.
  package func run(_ id: UniqueID, in workspace: UniqueID) async throws(StoreError) -> RunRow? {
    try await read { session in try session.query(Statements.runById, [.id(workspace), .id(id)]).first { try RunRow(&$0) } }
  }

  /// Runs, newest first.
  ///
  /// - Parameter id: only those older than this one; `nil`: from the newest.
  package func runs(
    in workspace: UniqueID, matching filter: RunFilter, before id: UniqueID? = nil, limit: Int
  ) async throws(StoreError) -> [RunRow] {
    var bound = id ?? .greatest
    var least = UniqueID.least
    if let request = filter.request {
      // A run's first 48 bits are its request's: a range of one millisecond in the primary key.
      least = .first(atUnixMilliseconds: request.unixMilliseconds)
      bound = min(bound, .first(atUnixMilliseconds: request.unixMilliseconds + 1))
    }
    return try await read { [bound, least] session in
      try session.query(
        Statements.listRuns,
        [
          .id(workspace), .id(bound), .id(least), .optional(filter.flow, PostgresValue.id),
          filter.progress.isEmpty ? .null : .int16s(filter.progress.map(\.rawValue)),
          .optional(filter.request, PostgresValue.id), .int32(Int32(clamping: limit)),
        ]
      ).map { try RunRow(&$0) }
    }
  }

  /// Counts the runs that are not completed.
  ///
  /// - Parameter workspace: `nil`: of all workspaces.
  package func runCounts(in workspace: UniqueID? = nil) async throws(StoreError) -> RunCounts {
    try await read { session in
      let counts = try session.query(Statements.countRuns, [.optional(workspace, PostgresValue.id)]).first { row in
        RunCounts(
          ready: try row.int64(), leased: try row.int64(), dead: try row.int64(), oldestReadySince: try row.optionalTime())
      }
      return counts ?? RunCounts(ready: 0, leased: 0, dead: 0, oldestReadySince: nil)
    }
  }

  /// How long until a run can be leased: zero: now; `nil`: there is none, not even one that is leased.
  package func nextRunAvailable(in workspace: UniqueID) async throws(StoreError) -> Duration? {
    try await read { session in
      var row = try session.query(Statements.nextRunAvailable, [.id(workspace)])[0]
      return try row.optionalInt64().map { .microseconds($0) }
    }
  }

  /// For what is idempotent: tries once more when the connection broke before the answer.
  private func retryingInDoubt<Value: Sendable>(
    _ body: @escaping @Sendable (PostgresSession) throws -> Value
  ) async throws(StoreError) -> Value {
    do { return try await change(body) } catch .inDoubt { return try await change(body) }
  }

  /// What is kept of a worker's error.
  private static let errorBytes = 4096
}

extension PostgresSession {
  fileprivate func leaseState(of run: UniqueID, in workspace: UniqueID) throws -> LeaseState {
    let lease = RunLease(workspace: workspace, run: run, epoch: 0)
    guard let state = try leaseStates(of: [lease])[RunName(lease)] else { throw StoreError.notFound(.run) }
    return state
  }
}

extension PostgresRow {
  mutating func progress() throws(PostgresError) -> RunProgress {
    let number = try int16()
    guard let progress = RunProgress(rawValue: number) else {
      throw PostgresError(.misuse, "a run has the unknown state \(number)")
    }
    return progress
  }
}

extension RunRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      workspace: try row.id(), id: try row.id(), request: try row.id(), flow: try row.id(), flowName: try row.text(),
      flowVersion: try row.int32(), trigger: try row.id(), node: try row.text(), output: try row.text(),
      entryNode: try row.text(), variables: try row.json(), event: try row.bytes(), progress: try row.progress(),
      attempt: try row.int16(), maxAttempts: try row.int16(), leaseEpoch: try row.int64(), worker: try row.text(),
      availableAt: try row.time(), createdAt: try row.time(), finishedAt: try row.optionalTime(), lastError: try row.text(),
      customer: try row.optionalID(), chat: try row.optionalID(), element: try row.int16(), orderKey: try row.optionalBytes(),
      replayOf: try row.optionalID(), traceparent: try row.text())
  }
}
