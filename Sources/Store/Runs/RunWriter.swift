package import Identifiers
package import Logging
package import Postgres

/// Leases and finishes runs by group commit: while one transaction is being committed the calls of the next one gather, so an
/// idle writer answers at once and a busy one batches by itself.
///
/// One thread with a connection of its own. A lease and a completion are durable when their calls return: a lease that a crash
/// forgot would be given out again with the same epoch.
package final class RunWriter: Sendable {
  let limits: RunWriterLimits
  let configuration: PostgresConfiguration
  let logger: Logger
  private let state: Monitor<State>
  private let onWake: @Sendable (Set<UniqueID>) -> Void

  private struct State {
    var queue: RunQueue
    var nextWish: UInt64 = 0
    var isStarted = false
    var hasEnded = false
    var isConnected = false
    var batches: UInt64 = 0
    var completed: UInt64 = 0
    var leased: UInt64 = 0
    var closers: [CheckedContinuation<Void, Never>] = []
  }

  /// Makes a writer; `start` connects it.
  ///
  /// - Parameter onWake: called on the writer's thread with workspaces that have runs to lease because earlier ones of their
  ///   order are finished; must not block.
  package init(
    _ configuration: PostgresConfiguration, limits: RunWriterLimits = RunWriterLimits(), logger: Logger,
    onWake: @escaping @Sendable (Set<UniqueID>) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.limits = limits
    self.logger = logger
    self.onWake = onWake
    state = Monitor(State(queue: RunQueue(limits)))
  }

  /// Starts the thread; it connects in the background.
  package func start() {
    let isFirst = state.withLock { state in
      defer { state.isStarted = true }
      return !state.isStarted
    }
    guard isFirst else { return }
    startThread(named: "runs") { [self] in
      var lane = RunLane(writer: self)
      lane.run()
    }
  }

  /// Leases runs that are ready, and those whose lease has ended; those that have waited longest first. Empty: there is none.
  ///
  /// A task that is cancelled before the lease was tried gets `.cancelled`; after that the lease stands.
  package func lease(_ wish: RunWish) async throws(StoreError) -> [RunRow] {
    let id = state.withLock { state in
      state.nextWish += 1
      return state.nextWish
    }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let call = RunQueue.Wish(wish, continuation)
        let failure = state.withLock { state -> StoreError? in
          // The cancellation handler may have run before the call was there; the task knows.
          if Task.isCancelled { return .cancelled }
          return state.queue.add(call, id: id) ? nil : Self.refusal(isClosed: state.queue.isClosed)
        }
        if let failure { return call.complete(.failure(failure)) }
        state.signal()
      }
    } onCancel: {
      state.withLock { $0.queue.removeWish(id) }?.complete(.failure(.cancelled))
    }
    return try result.get()
  }

  /// Finishes a run; repeating it with the same epoch is a success.
  ///
  /// - Throws: `.staleLease`, `.notFound(.run)`.
  package func complete(_ lease: RunLease) async throws(StoreError) {
    let result = await withCheckedContinuation { continuation in
      let call = RunQueue.Completion(lease, continuation)
      let failure = state.withLock { state -> StoreError? in
        state.queue.add(call) ? nil : Self.refusal(isClosed: state.queue.isClosed)
      }
      if let failure { return call.complete(.failure(failure)) }
      state.signal()
    }
    try result.get()
  }

  /// Commits what is queued and closes the connection; further calls fail. The wait for PostgreSQL is bounded by its timeouts.
  package func shutDown() async {
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        state.queue.close()
        if !state.isStarted || state.hasEnded { return true }
        state.closers.append(continuation)
        return false
      }
      state.broadcast()
      if isDone { continuation.resume() }
    }
  }

  /// What the writer is doing.
  package var status: RunWriterStatus {
    state.withLock { state in
      RunWriterStatus(
        queuedCompletions: state.queue.completionCount, queuedWishes: state.queue.wishCount, isConnected: state.isConnected,
        batches: state.batches, completed: state.completed, leased: state.leased)
    }
  }

  private static func refusal(isClosed: Bool) -> StoreError {
    isClosed
      ? .unavailable(PostgresError(.shutDown, "runs are not leased and finished here any more"))
      : .unavailable(PostgresError(.poolExhausted, "too many calls wait for runs"))
  }

  // MARK: For the lane

  /// What the lane is to do next.
  enum Work {
    case batch(RunBatch)
    /// Nothing came for a while.
    case sweep
    case end
  }

  func nextWork(sweepIn time: Duration) -> Work {
    state.wait(for: time) { state in
      guard state.queue.isEmpty else { return .batch(state.queue.takeBatch()) }
      return state.queue.isClosed ? .end : nil
    } ?? .sweep
  }

  func committed(completed: Int, leased: Int) {
    state.withLock { state in
      state.batches += 1
      state.completed += UInt64(completed)
      state.leased += UInt64(leased)
    }
  }

  func woke(_ workspaces: Set<UniqueID>) { if !workspaces.isEmpty { onWake(workspaces) } }

  func lane(isConnected: Bool) { state.withLock { $0.isConnected = isConnected } }

  func laneEnded() {
    let closers = state.withLock { state in
      state.hasEnded = true
      state.isConnected = false
      defer { state.closers = [] }
      return state.closers
    }
    for closer in closers { closer.resume() }
  }
}

/// What a writer of runs is doing, for status and metrics.
package struct RunWriterStatus: Hashable, Sendable {
  package var queuedCompletions: Int
  package var queuedWishes: Int
  /// The connection stands, as far as is known.
  package var isConnected: Bool
  /// Since the start.
  package var batches: UInt64
  package var completed: UInt64
  package var leased: UInt64
}
