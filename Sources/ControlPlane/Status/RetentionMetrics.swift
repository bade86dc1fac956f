import Metrics
import Postgres

/// What this process did about data past its retention.
package struct RetentionMetrics: Sendable {
  private let dropped = Counter(label: "headgate_retention_dropped_partitions_total")
  private let failures = Counter(label: "headgate_retention_failures_total")
  private let lastSuccess = Gauge(label: "headgate_retention_last_success_timestamp_seconds")

  package init() {}

  /// A round has ended well.
  func succeeded(droppedPartitions: Int) {
    dropped.increment(by: droppedPartitions)
    lastSuccess.record(UnixTime.now().microseconds / 1_000_000)
  }

  func failed() { failures.increment() }
}
