package import Logging
package import Postgres

/// Records requests with their runs by group commit: while one batch is being committed the next one gathers, so an idle
/// writer answers at once and a busy one batches by itself.
///
/// Each lane is a thread with a connection of its own. PostgreSQL going away costs the callers time, up to their deadlines.
package final class IngestWriter: Sendable {
  let limits: IngestLimits
  /// Only lanes wait here, so that waking one thread wakes a lane.
  private let state: Monitor<State>
  /// No more attempts: what is left fails.
  private let isAborted = Monitor(false)
  let metrics = IngestMetrics()
  let logger: Logger
  private let configuration: PostgresConfiguration
  private let onCommit: @Sendable (IngestCommit) -> Void

  private struct State {
    var queue: IngestQueue
    /// What each lane is writing.
    var inFlight: [[PendingEntry]]
    var connectedLanes: Set<Int> = []
    var runningLanes = 0
    var isStarted = false
    var isAborted = false
    var committedBatches: UInt64 = 0
    var committedEntries: UInt64 = 0
    var closers: [CheckedContinuation<Void, Never>] = []
  }

  /// Makes a writer; `start` connects it.
  ///
  /// - Parameters:
  ///   - configuration: as for the store; the lanes set their own statement timeout.
  ///   - onCommit: called on a lane's thread after each batch that recorded something; must not block.
  package init(
    _ configuration: PostgresConfiguration, limits: IngestLimits = IngestLimits(), logger: Logger,
    onCommit: @escaping @Sendable (IngestCommit) -> Void = { _ in }
  ) {
    var configuration = configuration
    // A COMMIT that waits for a synchronous standby must not be cut short by the server: it would be acknowledged without
    // the standby having it. This side gives up after `answerTimeout` instead, and then the result is in doubt.
    configuration.statementTimeout = .zero
    self.configuration = configuration
    self.limits = limits
    self.logger = logger
    self.onCommit = onCommit
    state = Monitor(State(queue: IngestQueue(limits), inFlight: Array(repeating: [], count: limits.lanes)))
  }

  /// Starts the lanes' threads; they connect in the background.
  package func start() {
    let isFirst = state.withLock { state in
      defer {
        state.isStarted = true
        state.runningLanes = limits.lanes
      }
      return !state.isStarted
    }
    guard isFirst else { return }
    for index in 0..<limits.lanes {
      startThread(named: "ingest-\(index)") { [self] in
        var lane = IngestLane(writer: self, index: index, configuration)
        lane.run()
      }
    }
    startThread(named: "ingest-clock") { [self] in watchDeadlines() }
  }

  /// Records an entry; may be called from any thread and never blocks.
  ///
  /// - Parameter completion: called exactly once: on a lane's thread after COMMIT has returned; when the deadline has passed,
  ///   with `.unavailable`; or at once on the caller's thread with `.overloaded` or `.shutDown`. Must not block.
  package func submit(_ entry: IngestEntry, completion: @escaping @Sendable (Result<IngestResult, IngestFailure>) -> Void) {
    let pending = PendingEntry(entry, byteCount: entry.byteCount, deadline: entry.deadline, completion: completion)
    if let failure = state.withLock({ $0.queue.add(pending) }) { return pending.complete(.failure(failure)) }
    state.signal()
  }

  /// Records a request that nobody waits for, such as a rejected one, when there is room; else drops and counts it.
  ///
  /// - Parameter completion: as for `submit`, but not called for one that is dropped.
  package func record(
    _ entry: IngestEntry, completion: @escaping @Sendable (Result<IngestResult, IngestFailure>) -> Void = { _ in }
  ) {
    let pending = PendingEntry(
      entry, byteCount: entry.byteCount, deadline: .now + limits.rejectionPatience, completion: completion)
    state.withLock { $0.queue.addRejection(pending) }
    state.signal()
  }

  /// Refuses new entries, commits what is queued as far as that succeeds within the time, closes the connections.
  package func shutDown(within time: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        try? await Task.sleep(for: time)
        self.abort()
      }
      group.addTask { await self.drain() }
      // Either way the drain ends: by itself, or because the other one aborted it.
      await group.next()
      group.cancelAll()
    }
  }

  /// What the writer is doing.
  package var status: IngestStatus {
    state.withLock { state in
      IngestStatus(
        queuedEntries: state.queue.entryCount, queuedBytes: state.queue.entryBytes,
        queuedRejections: state.queue.rejectionCount, droppedRejections: state.queue.droppedRejections,
        committedBatches: state.committedBatches, committedEntries: state.committedEntries,
        connectedLanes: state.connectedLanes.count)
    }
  }

  // MARK: For the lanes

  /// Waits for the next batch; `nil`: the lane is to end.
  func nextBatch(for lane: Int) -> [PendingEntry]? {
    state.wait { state -> [PendingEntry]? in
      state.inFlight[lane] = []
      if state.isAborted { return [] }
      guard !state.queue.isEmpty else { return state.queue.isClosed ? [] : nil }
      let batch = state.queue.takeBatch()
      state.inFlight[lane] = batch
      return batch
    }.flatMap { $0.isEmpty ? nil : $0 }
  }

  func committed(_ commit: IngestCommit, of count: Int, in duration: Duration) {
    state.withLock { state in
      state.queue.pace.took(duration, for: count)
      state.committedBatches += 1
      state.committedEntries += UInt64(commit.entries)
    }
    if commit.entries > 0 { onCommit(commit) }
  }

  func lane(_ index: Int, isConnected: Bool) {
    state.withLock { state in
      if isConnected { state.connectedLanes.insert(index) } else { state.connectedLanes.remove(index) }
    }
  }

  /// Waits; returns early, and `false`, when the writer was aborted.
  func pause(for time: Duration) -> Bool {
    isAborted.wait(for: time) { $0 ? true : nil } == nil
  }

  func laneEnded() {
    let closers = state.withLock { state in
      state.runningLanes -= 1
      guard state.runningLanes == 0 else { return [CheckedContinuation<Void, Never>]() }
      defer { state.closers = [] }
      return state.closers
    }
    for closer in closers { closer.resume() }
  }

  // MARK: Ends

  private func drain() async {
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        state.queue.close()
        if state.runningLanes == 0 || state.isAborted { return true }
        state.closers.append(continuation)
        return false
      }
      state.broadcast()
      if isDone { continuation.resume() }
    }
    abort()
  }

  /// Fails what is left; a lane that waits for PostgreSQL ends when it gets an answer or its patience is over.
  private func abort() {
    let (left, closers) = state.withLock { state in
      state.isAborted = true
      state.queue.close()
      defer { state.closers = [] }
      return (state.queue.takeAll() + state.inFlight.flatMap { $0 }, state.closers)
    }
    state.broadcast()
    isAborted.withLock { $0 = true }
    isAborted.broadcast()
    for pending in left { pending.complete(.failure(.unavailable)) }
    for closer in closers { closer.resume() }
  }

  /// Answers those whose deadline passes while the lanes wait for PostgreSQL.
  private func watchDeadlines() {
    while pause(for: Self.watchInterval) {
      let now = ContinuousClock.now
      let (overdue, isOver) = state.withLock { state in
        (
          state.queue.takeOverdue(at: now) + state.inFlight.flatMap { $0.filter { $0.deadline <= now } },
          state.queue.isClosed && state.runningLanes == 0
        )
      }
      for pending in overdue { pending.complete(.failure(.unavailable)) }
      if isOver { return }
    }
  }

  private static let watchInterval = Duration.milliseconds(100)
}

/// What a writer is doing, for status and metrics.
package struct IngestStatus: Hashable, Sendable {
  package var queuedEntries: Int
  package var queuedBytes: Int
  package var queuedRejections: Int
  /// Rejections dropped since the start because their queue was full or PostgreSQL was away too long.
  package var droppedRejections: UInt64
  package var committedBatches: UInt64
  package var committedEntries: UInt64
  /// Lanes with a connection that stands, as far as is known.
  package var connectedLanes: Int
}
