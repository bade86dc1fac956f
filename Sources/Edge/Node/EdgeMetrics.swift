import HeadgateProto
package import Metrics
package import Observability
import Synchronization

/// What the edge node counts. Every label is one of a fixed set of words.
package final class EdgeMetrics: Sendable {
  /// Attempts beyond a request's first.
  package let retries: Counter
  /// From the first byte of the head to the answer.
  let duration: Metrics.Timer
  /// Callers that were gone when their answer came.
  let abandoned: Counter
  /// Connections that were refused because there were too many.
  let refusedConnections: Counter
  /// Control planes that broke the forwarder's deadline; a fault of ours.
  let overdueAnswers: Counter
  private let refusals: [HTTPRefusal: Counter]
  private let outcomes: [Outcome: Counter]
  private let failures: [StatusCode: Counter]
  private let statuses: StatusCounters

  package init(factory: any MetricsFactory) {
    func counter(_ name: String, _ labels: [(String, String)] = []) -> Counter {
      Counter(label: name, dimensions: labels, factory: factory)
    }
    retries = counter("headgate_edge_retries_total")
    duration = Metrics.Timer(label: "headgate_edge_request_seconds", dimensions: [], factory: factory)
    abandoned = counter("headgate_edge_abandoned_total")
    refusedConnections = counter("headgate_edge_refused_connections_total")
    overdueAnswers = counter("headgate_edge_overdue_answers_total")
    refusals = Dictionary(
      uniqueKeysWithValues: HTTPRefusal.allCases.map { ($0, counter("headgate_edge_refusals_total", [("reason", $0.rawValue)])) })
    outcomes = Dictionary(
      uniqueKeysWithValues: Outcome.allCases.map {
        ($0, counter("headgate_edge_outcomes_total", [("outcome", "\($0)".snakeCased)]))
      })
    failures = Dictionary(
      uniqueKeysWithValues: StatusCode.allCases.map { ($0, counter("headgate_edge_failed_attempts_total", [("code", $0.word)])) })
    statuses = StatusCounters(factory: factory)
  }

  func refused(_ refusal: HTTPRefusal) { refusals[refusal]?.increment() }

  func answered(_ status: Int) { statuses.increment(status) }

  func decided(_ outcome: Outcome) { outcomes[outcome]?.increment() }

  func attemptFailed(_ code: StatusCode) { failures[code]?.increment() }

  /// Help texts, and gauges of what is on.
  package static func describe(
    in metrics: PrometheusMetrics, load: EdgeLoad, policies: TriggerPolicies, isReady: @escaping @Sendable () -> Bool
  ) {
    metrics.describe("headgate_edge_answers_total", "Answers by status.")
    metrics.describe("headgate_edge_request_seconds", "From the first byte of a request to its answer.")
    metrics.describe("headgate_edge_refusals_total", "Requests refused by the edge node itself, by reason.")
    metrics.describe("headgate_edge_outcomes_total", "What the control plane decided.")
    metrics.describe("headgate_edge_retries_total", "Attempts beyond a request's first.")
    metrics.describe("headgate_edge_failed_attempts_total", "Attempts that failed, by status code.")
    metrics.describe("headgate_edge_abandoned_total", "Callers that were gone when their answer came.")
    metrics.describe("headgate_edge_refused_connections_total", "Connections refused because there were too many.")
    metrics.describe("headgate_edge_overdue_answers_total", "Requests whose answer never came; a fault of the edge node.")
    metrics.observe("headgate_edge_connections", help: "Open connections.") { Double(load.connections) }
    metrics.observe("headgate_edge_requests_in_flight", help: "Requests without their answer.") { Double(load.requests) }
    metrics.observe("headgate_edge_expected_wait_seconds", help: "How long a request would wait that came now.") {
      Double(load.expectedWait.components.attoseconds) / 1e18 + Double(load.expectedWait.components.seconds)
    }
    metrics.observe("headgate_edge_body_bytes_held", help: "Bytes of bodies held.") { Double(load.bytes) }
    metrics.observe("headgate_edge_policies", help: "Triggers with a rate limit or a deadline of their own.") {
      Double(policies.count)
    }
    metrics.observe("headgate_edge_ready", help: "1 when requests can be forwarded.") { isReady() && !load.isDraining ? 1 : 0 }
  }
}

extension StatusCode {
  /// As it stands in metrics and logs: `deadline_exceeded`.
  var word: String { "\(self)".snakeCased }
}

extension String {
  /// `deadlineExceeded` as `deadline_exceeded`.
  var snakeCased: String {
    var result = ""
    for character in self {
      if character.isUppercase { result += "_" }
      result += character.lowercased()
    }
    return result
  }
}

/// Counters by status, each made when it first occurs: a scrape does not list four hundred zeros.
private final class StatusCounters: Sendable {
  private static let range = 100...599
  private let counters: Mutex<[Counter?]>
  private let factory: any MetricsFactory

  init(factory: any MetricsFactory) {
    self.factory = factory
    counters = Mutex(Array(repeating: nil, count: Self.range.count))
  }

  func increment(_ status: Int) {
    guard Self.range.contains(status) else { return }
    let index = status - Self.range.lowerBound
    let counter = counters.withLock { counters in
      if let known = counters[index] { return known }
      let made = Counter(label: "headgate_edge_answers_total", dimensions: [("status", "\(status)")], factory: factory)
      counters[index] = made
      return made
    }
    counter.increment()
  }
}
