/// How a worker works.
struct WorkerOptions: Sendable {
  /// Given to `/bin/sh -c` for each run.
  var command: String
  /// Runs at the same time.
  var concurrency = 1
  /// Stop after so many runs; `nil`: never.
  var maximum: Int?
  /// Stop when no run is ready.
  var once = false
  /// Only runs of this flow; empty: any.
  var flow = ""
  /// How long a lease lasts without a heartbeat.
  var lease = Duration.seconds(30)
  /// Name of the worker, for people.
  var name: String
  var workspace: String

  /// How long one call waits for a run.
  static let pollWait = Duration.seconds(25)
  /// What the call may take beyond that.
  static let pollSlack = Duration.seconds(10)
  /// Time limit of a heartbeat or a report.
  static let callLimit = Duration.seconds(10)
  /// Pauses after failed calls double from the first to the second.
  static let pauses = (first: Duration.milliseconds(250), longest: Duration.seconds(5))
  /// An empty answer that came sooner is followed by a pause of that length.
  static let shortestPoll = Duration.milliseconds(200)

  var leaseMilliseconds: UInt32 { UInt32(clamping: lease.microseconds / 1000) }
}

/// What a worker did with a run.
struct RunEnding: Sendable {
  enum Result: Sendable, Hashable {
    case completed
    /// The command failed; the control plane tries again at the time, or never (0).
    case failed(reason: String, nextAttemptUs: Int64)
    /// Another worker may have the run now.
    case leaseLost(String)
    /// The worker was told to stop at once.
    case givenBack
    /// The run's end could not be reported.
    case unreported(String)
  }

  var runID: String
  var flow: String
  var entryNode: String
  var attempt: UInt32
  var result: Result
  var took: Duration
}

/// What happens in a worker, for its log.
enum WorkerEvent: Sendable {
  case started(RunEnding.Subject)
  case ended(RunEnding)
  /// The control plane does not answer; it is tried again.
  case interrupted(String)
  case resumed
  case stopping(active: Int)
}

extension RunEnding {
  /// The run that an event is about.
  struct Subject: Sendable {
    var runID: String
    var flow: String
    var entryNode: String
    var attempt: UInt32
  }

  var subject: Subject { Subject(runID: runID, flow: flow, entryNode: entryNode, attempt: attempt) }
}

/// What a worker did in all.
struct WorkSummary: Sendable, Hashable {
  var completed = 0
  var failed = 0
  /// Given back, lost or not reported.
  var unfinished = 0

  mutating func count(_ result: RunEnding.Result) {
    switch result {
    case .completed: completed += 1
    case .failed: failed += 1
    case .leaseLost, .givenBack, .unreported: unfinished += 1
    }
  }
}
