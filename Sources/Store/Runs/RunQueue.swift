import Synchronization

/// A call on its way to the lane, with whoever waits for it.
final class PendingCall<Request: Sendable, Value: Sendable>: Sendable {
  let request: Request
  private let continuation: Mutex<CheckedContinuation<Result<Value, StoreError>, Never>?>

  init(_ request: Request, _ continuation: CheckedContinuation<Result<Value, StoreError>, Never>) {
    self.request = request
    self.continuation = Mutex(continuation)
  }

  /// The first result counts.
  func complete(_ result: Result<Value, StoreError>) {
    let waiting = continuation.withLock { continuation in
      defer { continuation = nil }
      return continuation
    }
    waiting?.resume(returning: result)
  }
}

/// What waits for the lane. Values only; the writer puts a lock around it.
struct RunQueue {
  typealias Completion = PendingCall<RunLease, Void>
  typealias Wish = PendingCall<RunWish, [RunRow]>

  private let limits: RunWriterLimits
  private var completions = FIFO<Completion>()
  private var wishes = FIFO<(id: UInt64, call: Wish)>()
  private(set) var isClosed = false

  init(_ limits: RunWriterLimits) { self.limits = limits }

  var isEmpty: Bool { completions.isEmpty && wishes.isEmpty }
  var completionCount: Int { completions.count }
  var wishCount: Int { wishes.count }

  /// Takes a call in; `false`: there is no room, or the writer is shutting down.
  mutating func add(_ completion: Completion) -> Bool {
    guard !isClosed, completions.count < limits.queuedCompletions else { return false }
    completions.append(completion)
    return true
  }

  mutating func add(_ wish: Wish, id: UInt64) -> Bool {
    guard !isClosed, wishes.count < limits.queuedWishes else { return false }
    wishes.append((id, wish))
    return true
  }

  /// Takes a wish out again; `nil`: the lane has it already.
  mutating func removeWish(_ id: UInt64) -> Wish? { wishes.removeAll { $0.id == id }.first?.call }

  mutating func close() { isClosed = true }

  /// The next batch, in the order of arrival.
  mutating func takeBatch() -> RunBatch {
    var batch = RunBatch()
    while batch.completions.count < limits.batchCompletions, let completion = completions.first {
      completions.removeFirst()
      batch.completions.append(completion)
    }
    var runs = 0
    while let wish = wishes.first?.call, batch.wishes.isEmpty || runs + wish.request.limit <= limits.batchRuns {
      wishes.removeFirst()
      runs += wish.request.limit
      batch.wishes.append(wish)
    }
    return batch
  }
}

/// What one transaction does.
struct RunBatch {
  var completions: [RunQueue.Completion] = []
  var wishes: [RunQueue.Wish] = []

  var isEmpty: Bool { completions.isEmpty && wishes.isEmpty }

  func fail(_ error: StoreError) {
    for call in completions { call.complete(.failure(error)) }
    for call in wishes { call.complete(.failure(error)) }
  }
}

/// Limits of the group commit of runs.
package struct RunWriterLimits: Sendable {
  /// Runs that one transaction finishes.
  package var batchCompletions: Int
  /// Runs that one transaction leases, but at least one wish.
  package var batchRuns: Int
  /// Calls that wait for a transaction; more are refused.
  package var queuedCompletions: Int
  package var queuedWishes: Int
  /// How often runs are looked for whose turn it is although nobody said so.
  package var sweepInterval: Duration

  /// Makes limits with the defaults.
  package init(
    batchCompletions: Int = 2048, batchRuns: Int = 2048, queuedCompletions: Int = 65_536, queuedWishes: Int = 8192,
    sweepInterval: Duration = .seconds(60)
  ) {
    self.batchCompletions = batchCompletions
    self.batchRuns = batchRuns
    self.queuedCompletions = queuedCompletions
    self.queuedWishes = queuedWishes
    self.sweepInterval = sweepInterval
  }
}
