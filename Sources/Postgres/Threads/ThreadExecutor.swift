import Glibc

/// Runs an actor's work on one thread of its own, which may block.
final class ThreadExecutor: SerialExecutor {
  private struct Queue {
    var work: [Work] = []
    var isClosed = false
    var isInterrupted = false
  }

  private enum Work {
    /// The executor is kept alive until the job has run.
    case job(UnownedJob, ThreadExecutor)
    case closure(@Sendable () -> Void)
  }

  // The thread holds the queue, not the executor: the executor going away ends the thread.
  private let queue = Monitor(Queue())
  private let identity: ThreadIdentity

  init(named name: String) {
    let identity = ThreadIdentity()
    self.identity = identity
    startThread(named: name) { [queue] in
      identity.adopt()
      Self.run(queue)
    }
  }

  deinit {
    queue.withLock { $0.isClosed = true }
    queue.signal()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.withLock { $0.work.append(.job(job, self)) }
    queue.signal()
  }

  /// Runs a closure on the thread, in its turn.
  func submit(_ body: @escaping @Sendable () -> Void) {
    queue.withLock { $0.work.append(.closure(body)) }
    queue.signal()
  }

  /// Ends every present and future `pause`.
  func interrupt() {
    queue.withLock { $0.isInterrupted = true }
    queue.broadcast()
  }

  var isInterrupted: Bool { queue.withLock { $0.isInterrupted } }

  /// Blocks the executor's own thread; returns early, and `false`, when interrupted.
  func pause(for time: Duration) -> Bool {
    queue.wait(for: time) { $0.isInterrupted ? true : nil } == nil
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  func checkIsolated() { precondition(identity.isCurrent, "not on the thread of this executor") }

  private static func run(_ queue: Monitor<Queue>) {
    while true {
      let work = queue.wait { queue -> [Work]? in
        if queue.work.isEmpty { return queue.isClosed ? [] : nil }
        defer { queue.work.removeAll(keepingCapacity: true) }
        return queue.work
      }
      guard let work, !work.isEmpty else { return }
      for item in work {
        switch item {
        case .job(let job, let executor): job.runSynchronously(on: executor.asUnownedSerialExecutor())
        case .closure(let body): body()
        }
      }
    }
  }
}

/// Knows a thread again.
private final class ThreadIdentity: Sendable {
  private let thread = Monitor<pthread_t?>(nil)

  /// Makes the calling thread the one to be known.
  func adopt() { thread.withLock { $0 = pthread_self() } }

  var isCurrent: Bool { thread.withLock { $0 == pthread_self() } }
}
