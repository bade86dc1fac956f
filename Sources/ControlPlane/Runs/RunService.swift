package import HeadgateProto
import Identifiers
import Postgres
package import Store

/// `RunService`: hands runs to workers and records what became of them.
package struct RunService: RunServiceHandler {
  private let store: Store
  private let writer: RunWriter
  private let directory: WorkspaceDirectory
  private let references: ObjectReferences
  private let bell: RunBell
  private let feed: ChangeFeed
  private let rules: RunRules
  private let cursors: CursorSeal
  private let metrics: RunMetrics

  package init(
    store: Store, writer: RunWriter, directory: WorkspaceDirectory, bell: RunBell, feed: ChangeFeed, rules: RunRules,
    cursors: CursorSeal, metrics: RunMetrics
  ) {
    self.store = store
    self.writer = writer
    self.directory = directory
    references = ObjectReferences(store: store)
    self.bell = bell
    self.feed = feed
    self.rules = rules
    self.cursors = cursors
    self.metrics = metrics
  }

  // MARK: Leasing

  package func lease(_ request: LeaseRunsRequest, context: CallContext) async throws -> LeaseRunsResponse {
    var checks = RequestChecks()
    let limit = checks.number(request.maxRuns, "max_runs", 1...RunLimits.runsPerLease, zero: 1)
    if request.waitMs > RunLimits.waitMs {
      checks.fault("wait_ms", "out_of_range", "wait_ms must be at most \(RunLimits.waitMs)")
    }
    let line = try await line(for: request, context, &checks)
    let end = min(.now + .milliseconds(Int(request.waitMs)), context.deadline - RunLimits.answerMargin)
    let rows = try await lease(upTo: Int(limit), line, until: end)
    return LeaseRunsResponse(runs: rows.map(Run.init))
  }

  package func leaseStream(_ request: LeaseRunsRequest, context: CallContext, writer: MessageWriter<Run>) async throws {
    var checks = RequestChecks()
    if request.waitMs != 0 { checks.fault("wait_ms", "conflict", "wait_ms has no meaning in a stream") }
    let line = try await line(for: request, context, &checks)
    var remaining = request.maxRuns == 0 ? UInt64.max : UInt64(request.maxRuns)
    // A run that waits for credit in a buffer uses up its lease there: so one at a time, and more only as long as the peer
    // takes them as they come.
    var batch = 1
    while remaining > 0 {
      let rows = try await lease(upTo: Int(min(remaining, UInt64(batch))), line, until: .now + RunLimits.streamRound)
      let start = ContinuousClock.now
      for row in rows { try await writer.write(Run(row)) }
      remaining -= UInt64(rows.count)
      batch = .now - start < RunLimits.streamPatience ? min(2 * batch, RunLimits.streamBatch) : 1
      if bell.isClosed { throw RPCError(.unavailable, "this control plane is shutting down; lease from another") }
      try Task.checkCancellation()
    }
  }

  /// Where a worker waits.
  private struct Line {
    var workspace: UniqueID
    var flow: UniqueID?
    var worker: String
    var duration: Duration
  }

  private func line(
    for request: LeaseRunsRequest, _ context: CallContext, _ checks: inout RequestChecks
  ) async throws(RPCError) -> Line {
    checks.optional(request.workspace, "workspace")
    checks.optional(request.worker, "worker", atMost: RunLimits.workerBytes)
    checks.optional(request.flow, "flow")
    let duration = checks.number(request.leaseMs, "lease_ms", RunLimits.leaseMs, zero: RunLimits.standardLeaseMs)
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let flow = request.flow.isEmpty ? nil : try await references.flow(request.flow, in: workspace.id)
    let worker = request.worker.isEmpty ? context.principal.name : request.worker
    return Line(workspace: workspace.id, flow: flow?.id, worker: worker, duration: .milliseconds(Int(duration)))
  }

  /// Leases at least one run, or none when there was none until `end`.
  private func lease(upTo limit: Int, _ line: Line, until end: ContinuousClock.Instant) async throws(RPCError) -> [RunRow] {
    do {
      let rows = try await look(upTo: limit, line, until: end)
      // There may be more; and a call that was woken and goes away must not take the ring with it.
      if !rows.isEmpty || Task.isCancelled { bell.passOn(line.workspace, flow: line.flow) }
      return rows
    } catch {
      bell.passOn(line.workspace, flow: line.flow)
      throw error
    }
  }

  private func look(upTo limit: Int, _ line: Line, until end: ContinuousClock.Instant) async throws(RPCError) -> [RunRow] {
    while true {
      let ticket = bell.ticket(line.workspace)
      let wish = RunWish(
        workspace: line.workspace, flow: line.flow, worker: line.worker, limit: limit, duration: line.duration)
      let rows: [RunRow]
      do { rows = try await writer.lease(wish) } catch { throw RPCError(error) }
      metrics.countLeased(rows.count)
      let now = ContinuousClock.now
      if !rows.isEmpty || now >= end || bell.isClosed || Task.isCancelled { return rows }
      // A run after a backoff, or one whose lease ends, becomes ready without anybody ringing.
      let next = try await store.answer { store throws(StoreError) in try await store.nextRunAvailable(in: line.workspace) }
      let wait = min(end - now, next.map { max($0, RunLimits.shortestWait) } ?? RunLimits.longestWait)
      await bell.wait(line.workspace, flow: line.flow, since: ticket, atMost: wait)
    }
  }

  // MARK: Leased runs

  package func heartbeat(_ request: HeartbeatRunRequest, context: CallContext) async throws -> HeartbeatRunResponse {
    var checks = RequestChecks()
    let duration = checks.number(request.leaseMs, "lease_ms", RunLimits.leaseMs, zero: RunLimits.standardLeaseMs)
    let (run, epoch) = try checkLease(request.id, request.leaseEpoch, &checks)
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let end = try await store.answer(about: request.id) { store throws(StoreError) in
      try await store.extendLease(of: run, in: workspace.id, epoch: epoch, duration: .milliseconds(Int(duration)))
    }
    return HeartbeatRunResponse(leaseExpiresAtUs: end.microseconds)
  }

  package func complete(_ request: CompleteRunRequest, context: CallContext) async throws -> CompleteRunResponse {
    var checks = RequestChecks()
    let (run, epoch) = try checkLease(request.id, request.leaseEpoch, &checks)
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    do {
      try await writer.complete(RunLease(workspace: workspace.id, run: run, epoch: epoch))
    } catch {
      throw RPCError(error, object: request.id)
    }
    metrics.countCompleted()
    return CompleteRunResponse()
  }

  package func fail(_ request: FailRunRequest, context: CallContext) async throws -> FailRunResponse {
    var checks = RequestChecks()
    let (run, epoch) = try checkLease(request.id, request.leaseEpoch, &checks)
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let error = request.error.cut(toBytes: RequestLimits.errorBytes)
    let failure = try await store.answer(about: request.id) { store throws(StoreError) in
      try await store.failRun(
        run, in: workspace.id, epoch: epoch, error: error, isPermanent: request.permanent, backoff: rules.backoff)
    }
    metrics.count(failure.progress == .ready ? .retried : .dead)
    // Whoever waits measures its wait anew.
    if failure.progress == .ready { bell.ring(workspace.id, flow: nil) }
    return FailRunResponse(
      state: RunState(failure.progress), availableAtUs: failure.progress == .ready ? failure.availableAt.microseconds : 0)
  }

  package func retry(_ request: RetryRunRequest, context: CallContext) async throws -> Run {
    var checks = RequestChecks()
    let id = checks.identifier(request.id, "id")
    try checks.finish()
    guard let id else { throw RPCError(.invalidArgument, "id must be a UUID") }
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let audit = context.audit(in: workspace.id, "run.retry", object: request.id)
    let (run, wasDead) = try await store.answer(about: request.id) { store throws(StoreError) in
      try await store.retryRun(id, in: workspace.id, audit: audit)
    }
    guard wasDead else {
      throw RPCError(.failedPrecondition, "the run \(request.id) is \(run.progress.word), not dead")
    }
    bell.ring(workspace.id, flow: run.flow)
    feed.runsBecameReady(in: workspace.id)
    return Run(run)
  }

  private func checkLease(
    _ id: String, _ epoch: UInt64, _ checks: inout RequestChecks
  ) throws(RPCError) -> (run: UniqueID, epoch: Int64) {
    let run = checks.identifier(id, "id")
    if epoch == 0 || epoch > UInt64(Int64.max) {
      checks.fault("lease_epoch", "required", "lease_epoch must be the one that the run was leased with")
    }
    try checks.finish()
    guard let run else { throw RPCError(.invalidArgument, "id must be a UUID") }
    return (run, Int64(epoch))
  }

  // MARK: Reading

  package func get(_ request: GetRunRequest, context: CallContext) async throws -> Run {
    var checks = RequestChecks()
    let id = checks.identifier(request.id, "id")
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let row = try await store.answer { store throws(StoreError) -> RunRow? in
      guard let id else { return nil }
      return try await store.run(id, in: workspace.id)
    }
    guard let row else { throw RPCError(.notFound, "there is no run \(request.id)") }
    return Run(row)
  }

  package func list(_ request: ListRunsRequest, context: CallContext) async throws -> ListRunsResponse {
    var checks = RequestChecks()
    checks.optional(request.flow, "flow")
    checks.optional(request.cursor, "cursor")
    let size = checks.pageSize(request.pageSize, zero: RunLimits.standardPage)
    if request.states.count > RequestLimits.values { checks.fault("states", "too_many", "states are too many") }
    for (index, state) in request.states.enumerated() where state == .unspecified {
      checks.fault("states[\(index)]", "invalid_value", "states[\(index)] is not a state")
    }
    let requestID = request.requestId.isEmpty ? nil : checks.identifier(request.requestId, "request_id")
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let flow = request.flow.isEmpty ? nil : try await references.flow(request.flow, in: workspace.id)
    let filter = RunFilter(
      flow: flow?.id, progress: request.states.compactMap { RunProgress(rawValue: Int16($0.rawValue)) }, request: requestID)
    var query = request
    query.cursor = ""
    query.pageSize = 0
    let scope = CursorSeal.Scope(list: "RunService.List", workspace: workspace.id, query: query)
    let before = try cursors.openID(request.cursor, scope)
    var rows = try await store.answer { store throws(StoreError) in
      try await store.runs(in: workspace.id, matching: filter, before: before, limit: size + 1)
    }
    let next = cursors.cut(&rows, to: size, scope) { $0.id.bytes }
    return ListRunsResponse(runs: rows.map(Run.init), nextCursor: next)
  }
}

/// Limits of `RunService`'s fields and waits.
enum RunLimits {
  static let runsPerLease: UInt32 = 1000
  static let waitMs: UInt32 = 60_000
  static let leaseMs: ClosedRange<UInt32> = 1_000...3_600_000
  static let standardLeaseMs: UInt32 = 30_000
  static let standardPage: UInt32 = 50
  static let workerBytes = 256
  /// How long before the caller's deadline a waiting call answers.
  static let answerMargin = Duration.milliseconds(100)
  /// How long a stream waits before it looks whether it should end.
  static let streamRound = Duration.seconds(30)
  /// Runs that a stream leases at once, as long as its peer takes them within the patience.
  static let streamBatch = 64
  static let streamPatience = Duration.milliseconds(50)
  /// Between two looks of one waiter.
  static let shortestWait = Duration.milliseconds(10)
  static let longestWait = Duration.seconds(30)
}
