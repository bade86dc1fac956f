package import Identifiers
package import Rules
import Synchronization

/// A request with the runs it starts, to be recorded together or not at all.
package struct IngestEntry: Sendable {
  /// As it is recorded when no part of it turns out to be a duplicate and nothing is bound.
  package var request: RequestRow
  package var parts: [IngestPart]
  /// When nobody waits for the result any more.
  package var deadline: ContinuousClock.Instant
  /// Makes the row to be recorded once the parts' claims and bindings are known. It is given `request` with delivery id, customer,
  /// chat and, when every part is a duplicate, outcome and `duplicateOf` filled in; it must leave those alone, and
  /// of an accepted request make no more than an unrouted one.
  /// `nil`: that row as it is. Called on a lane's thread inside the transaction, perhaps several times: pure and quick.
  package var settle: Settle?

  package typealias Settle = @Sendable (RequestRow, [IngestPartResult]) -> RequestRow

  /// Makes an entry.
  package init(request: RequestRow, parts: [IngestPart], deadline: ContinuousClock.Instant, settle: Settle? = nil) {
    self.request = request
    self.parts = parts
    self.deadline = deadline
    self.settle = settle
  }

  /// Makes an entry whose runs claim and bind nothing.
  package init(request: RequestRow, runs: [NewRun], deadline: ContinuousClock.Instant) {
    self.init(request: request, parts: runs.map { IngestPart(run: $0) }, deadline: deadline)
  }

  /// The runs of all parts, as if none were a duplicate. Setting them leaves nothing to claim or bind.
  package var runs: [NewRun] {
    get { parts.compactMap(\.run) }
    set { parts = newValue.map { IngestPart(run: $0) } }
  }

  /// What it counts for in the limits: about its bytes in a batch.
  var byteCount: Int {
    var count = Self.fixedBytes
    count += request.method.count + request.path.count + request.query.count + request.origin.count + request.event.count
    count += request.output.utf8.count + request.headers.count + (request.body?.count ?? 0) + request.explanation.count
    for part in parts {
      if let run = part.run {
        count += Self.fixedBytes + run.node.utf8.count + run.output.utf8.count + run.entryNode.utf8.count
        count += run.event.count + run.variables.count + (run.orderKey?.count ?? 0)
      }
      if let claim = part.claim { count += Self.fixedBytes + claim.deliveryID.count }
      if let binding = part.binding { count += (binding.customer.count + 1) * Self.fixedBytes }
    }
    return count
  }

  /// Of a row: identifiers, numbers, lengths.
  private static let fixedBytes = 200
}

/// What becomes of one element of a request at one subscribed node.
package struct IngestPart: Sendable {
  /// The run it starts, unless it is a duplicate; `nil`: none.
  package var run: NewRun?
  /// The delivery that it claims to be the first of; `nil`: it is never a duplicate.
  package var claim: DeliveryClaim?
  /// Whom to find or create; `nil`: nobody. Not done for a duplicate.
  package var binding: BindingRequest?

  /// Makes a part.
  package init(run: NewRun? = nil, claim: DeliveryClaim? = nil, binding: BindingRequest? = nil) {
    self.run = run
    self.claim = claim
    self.binding = binding
  }
}

/// A delivery's own identifier at a node.
package struct DeliveryClaim: Hashable, Sendable {
  package var trigger: UniqueID
  package var deliveryID: [UInt8]
  /// For how long a repetition is known as one, by PostgreSQL's clock.
  package var window: Duration

  /// Makes a claim.
  package init(trigger: UniqueID, deliveryID: [UInt8], window: Duration) {
    self.trigger = trigger
    self.deliveryID = deliveryID
    self.window = window
  }
}

/// What the transaction found of a part.
package struct IngestPartResult: Hashable, Sendable {
  /// The request that has the delivery; `nil`: this one is the first.
  package var duplicateOf: UniqueID?
  /// What binding came to; `nil`: there was nothing to bind.
  package var binding: BindingOutcome?

  /// Makes a result.
  package init(duplicateOf: UniqueID? = nil, binding: BindingOutcome? = nil) {
    self.duplicateOf = duplicateOf
    self.binding = binding
  }
}

/// What became of an entry. It is durable in every case.
package enum IngestResult: Hashable, Sendable {
  case recorded
  /// Recorded; every part of it is a duplicate, the first one of this request's.
  case duplicate(of: UniqueID)
  /// A request with this id was there: recorded earlier, with its runs; nothing was added.
  case alreadyRecorded
  /// The same, but what was recorded is not what this attempt came to: the configuration or a listen session changed between
  /// the two. What was recorded holds.
  case recordedBefore(RecordedVerdict)
}

/// What an earlier attempt at a request was recorded with.
package struct RecordedVerdict: Hashable, Sendable {
  /// Numbers of `headgate.v1.Outcome` and `headgate.v1.Cause`.
  package var outcome: Int16
  package var cause: Int16
  /// What the caller was, or was to be, answered.
  package var status: Int16
  /// Of a duplicate: the first request.
  package var duplicateOf: UniqueID?

  /// Makes a verdict.
  package init(outcome: Int16, cause: Int16, status: Int16, duplicateOf: UniqueID? = nil) {
    self.outcome = outcome
    self.cause = cause
    self.status = status
    self.duplicateOf = duplicateOf
  }
}

/// Why an entry was not recorded (as far as is known: after `.unavailable` it may have been).
package enum IngestFailure: Error, Hashable, Sendable {
  /// The queue is full, or so long that the deadline would pass. Nothing was tried.
  case overloaded
  /// PostgreSQL could not be reached before the deadline. Submitting it again with the same id is safe.
  case unavailable
  /// The database refuses this entry; trying again would not help. SQLSTATE.
  case refused(sqlState: String)
  /// A request with this id is recorded, but of another trigger: an edge node gave an id out twice. Nothing was added.
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
  let queuedAt = ContinuousClock.now
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
