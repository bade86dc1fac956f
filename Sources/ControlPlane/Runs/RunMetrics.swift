import Metrics
import Observability
import Store
import Synchronization

/// What workers did through this process, and the runs of the whole database as last counted.
package final class RunMetrics: Sendable {
  /// What became of a run whose attempt failed.
  package enum Failure: String, CaseIterable, Sendable {
    /// It becomes ready again.
    case retried
    case dead
  }

  /// A count older than this is not shown any more.
  private static let patience = Duration.seconds(120)

  private struct Sample: Sendable {
    var counts: RunCounts
    var at: ContinuousClock.Instant
  }

  private let leased = Counter(label: "headgate_runs_leased_total")
  private let completed = Counter(label: "headgate_runs_completed_total")
  private let failed: [Failure: Counter]
  private let sample = Mutex<Sample?>(nil)

  package init() {
    failed = Dictionary(
      uniqueKeysWithValues: Failure.allCases.map {
        ($0, Counter(label: "headgate_runs_failed_total", dimensions: [("result", $0.rawValue)]))
      })
  }

  func countLeased(_ count: Int) { if count > 0 { leased.increment(by: count) } }
  func countCompleted() { completed.increment() }
  func count(_ failure: Failure) { failed[failure]?.increment() }

  /// Notes what was counted in the database.
  func counted(_ counts: RunCounts, at now: ContinuousClock.Instant = .now) {
    sample.withLock { $0 = Sample(counts: counts, at: now) }
  }

  /// What was last counted; `nil`: nothing yet, or too long ago.
  var counts: RunCounts? {
    sample.withLock { $0 }.flatMap { .now - $0.at < Self.patience ? $0.counts : nil }
  }
}
