import HeadgateProto
import Metrics
import Synchronization

/// Requests by outcome and cause since the start, and how long the stages of an ingest took.
package final class IngestMetrics: Sendable {
  /// What counts beside the outcomes that are stored.
  package enum Unrecorded: String, CaseIterable, Sendable {
    case unknownKey = "unknown_key"
    case overloaded
    case unavailable
    case invalid
    case unusable
    /// Answered without a record, such as a browser's preflight.
    case notRecorded = "not_recorded"
  }

  private let outcomes: [Outcome: Atomic64]
  private let outcomeCounters: [Outcome: Counter]
  private let causeCounters: [Cause: Counter]
  private let unrecordedCounters: [Unrecorded: Counter]
  /// From the call to the verdict: look-up, verification, parsing, routing.
  let evaluation = Timer(label: "headgate_ingest_evaluate_seconds")
  /// From the verdict to the end of COMMIT.
  let commit = Timer(label: "headgate_ingest_commit_seconds")

  package init() {
    outcomes = Dictionary(uniqueKeysWithValues: Outcome.allCases.map { ($0, Atomic64()) })
    outcomeCounters = Dictionary(
      uniqueKeysWithValues: Outcome.allCases.map {
        ($0, Counter(label: "headgate_ingest_requests_total", dimensions: [("outcome", $0.word)]))
      })
    causeCounters = Dictionary(
      uniqueKeysWithValues: Cause.allCases.map {
        ($0, Counter(label: "headgate_ingest_rejected_total", dimensions: [("cause", "\($0)")]))
      })
    unrecordedCounters = Dictionary(
      uniqueKeysWithValues: Unrecorded.allCases.map {
        ($0, Counter(label: "headgate_ingest_unrecorded_total", dimensions: [("reason", $0.rawValue)]))
      })
  }

  func count(_ outcome: Outcome, cause: Cause = .unspecified) {
    outcomes[outcome]?.increment()
    outcomeCounters[outcome]?.increment()
    if cause != .unspecified { causeCounters[cause]?.increment() }
  }

  func count(_ reason: Unrecorded) { unrecordedCounters[reason]?.increment() }

  /// Requests by outcome, those that occurred.
  var counts: [OutcomeCount] {
    Outcome.allCases.compactMap { outcome in
      let count = outcomes[outcome]?.value ?? 0
      return count == 0 ? nil : OutcomeCount(outcome: outcome.word, count: count)
    }
  }
}

/// A counter that many threads raise.
final class Atomic64: Sendable {
  private let storage = Atomic<UInt64>(0)

  var value: UInt64 { storage.load(ordering: .relaxed) }

  func increment() { storage.wrappingAdd(1, ordering: .relaxed) }
}

extension Outcome {
  /// Lower-case, for metrics.
  var word: String { "\(self)" }
}
