import HeadgateProto
import Metrics
package import Observability
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

  /// By raw value.
  private let outcomes: [Outcome.RawValue: OutcomeMetrics]
  private let causes: [Cause.RawValue: Counter]
  private let unrecordedCounters: [Unrecorded: Counter]
  /// From the call to the verdict: look-up, verification, parsing, routing.
  let evaluation = Timer(label: "headgate_ingest_stage_seconds", dimensions: [("stage", "evaluate")])
  /// From a Submit's arrival to its answer, of those that were recorded before the answer.
  package let latency = LatencyHistogram()

  /// Requests that were recorded with what they came with, encrypted, to be verified again.
  let sealed = Counter(label: "headgate_ingest_sealed_total")

  /// The two counts of an outcome: that of the status, and that of the metrics.
  private struct OutcomeMetrics: Sendable {
    let total = Atomic64()
    let counter: Counter
  }

  package init() {
    outcomes = Dictionary(
      uniqueKeysWithValues: Outcome.allCases.filter { $0 != .unspecified }.map {
        (
          $0.rawValue,
          OutcomeMetrics(counter: Counter(label: "headgate_ingest_requests_total", dimensions: [("outcome", $0.word)]))
        )
      })
    causes = Dictionary(
      uniqueKeysWithValues: Cause.allCases.filter { $0 != .unspecified }.map {
        ($0.rawValue, Counter(label: "headgate_ingest_rejected_total", dimensions: [("cause", MetricName.snakeCase("\($0)"))]))
      })
    unrecordedCounters = Dictionary(
      uniqueKeysWithValues: Unrecorded.allCases.map {
        ($0, Counter(label: "headgate_ingest_unrecorded_total", dimensions: [("reason", $0.rawValue)]))
      })
  }

  func count(_ outcome: Outcome, cause: Cause = .unspecified) {
    if let metrics = outcomes[outcome.rawValue] {
      metrics.total.increment()
      metrics.counter.increment()
    }
    causes[cause.rawValue]?.increment()
  }

  func count(_ reason: Unrecorded) { unrecordedCounters[reason]?.increment() }

  /// Requests by outcome, those that occurred.
  var counts: [OutcomeCount] {
    Outcome.allCases.compactMap { outcome in
      let count = outcomes[outcome.rawValue]?.total.value ?? 0
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
  /// In snake_case, for metrics and status.
  var word: String { MetricName.snakeCase("\(self)") }
}
