package import Identifiers
import Synchronization

/// A request with the runs it starts, to be recorded together or not at all.
package struct IngestEntry: Sendable {
  package var request: RequestRow
  package var runs: [NewRun]
  /// When nobody waits for the result any more.
  package var deadline: ContinuousClock.Instant

  /// Makes an entry.
  package init(request: RequestRow, runs: [NewRun], deadline: ContinuousClock.Instant) {
    self.request = request
    self.runs = runs
    self.deadline = deadline
  }

  /// What it counts for in the limits: about its bytes in a batch.
  var byteCount: Int {
    var count = Self.fixedBytes
    count += request.method.count + request.path.count + request.query.count + request.origin.count + request.event.count
    count += request.output.utf8.count + request.headers.count + (request.body?.count ?? 0) + request.explanation.count
    for run in runs {
      count += Self.fixedBytes + run.node.utf8.count + run.output.utf8.count + run.entryNode.utf8.count
      count += run.event.count + run.variables.count
    }
    return count
  }

  /// Of a row: identifiers, numbers, lengths.
  private static let fixedBytes = 200
}

/// What became of an entry. It is durable in both cases.
package enum IngestResult: Hashable, Sendable {
  case recorded
  /// A request with this id was there: recorded earlier, with its runs; nothing was added.
  case alreadyRecorded
}

/// Why an entry was not recorded (as far as is known: after `.unavailable` it may have been).
package enum IngestFailure: Error, Hashable, Sendable {
  /// The queue is full. Nothing was tried.
  case overloaded
  /// PostgreSQL could not be reached before the deadline. Submitting it again with the same id is safe.
  case unavailable
  /// The database refuses this entry; trying again would not help. SQLSTATE.
  case refused(sqlState: String)
  /// A request with this id is recorded, but of another trigger or with another outcome: the configuration changed between
  /// two attempts. Nothing was added; what the new attempt decided must not be acknowledged.
  case recordedOtherwise
  /// The writer is shutting down. Nothing was tried.
  case shutDown
}

/// What a batch brought, told once it is durable.
package struct IngestCommit: Sendable {
  /// Requests newly recorded.
  package var entries: Int
  /// Workspaces that have new runs.
  package var workspacesWithRuns: Set<UniqueID>
}

/// An entry on its way, with whoever waits for it. The first completion counts.
final class PendingEntry: Sendable {
  typealias Completion = @Sendable (Result<IngestResult, IngestFailure>) -> Void

  let entry: IngestEntry
  let byteCount: Int
  let deadline: ContinuousClock.Instant
  private let completion: Completion
  private let completed = Atomic(false)

  init(_ entry: IngestEntry, byteCount: Int, deadline: ContinuousClock.Instant, completion: @escaping Completion) {
    self.entry = entry
    self.byteCount = byteCount
    self.deadline = deadline
    self.completion = completion
  }

  /// Nobody waits any more.
  var isCompleted: Bool { completed.load(ordering: .acquiring) }

  func complete(_ result: Result<IngestResult, IngestFailure>) {
    guard !completed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    completion(result)
  }
}
