import Metrics
import Postgres

/// What the group commit tells of itself.
struct IngestMetrics: Sendable {
  private let batchEntries = Recorder(label: "headgate_ingest_batch_entries")
  private let batchDuration = Timer(label: "headgate_ingest_batch_seconds")
  private let queueDepth = Gauge(label: "headgate_ingest_queue_entries")

  func committed(_ commit: IngestCommit, in duration: Duration, queueDepth depth: Int) {
    batchEntries.record(commit.entries)
    batchDuration.recordNanoseconds(duration.wholeMicroseconds * 1000)
    queueDepth.record(depth)
  }

  /// An attempt failed; by SQLSTATE, or "connection".
  func failed(_ error: PostgresError) {
    let reason = error.sqlState.isEmpty ? "connection" : error.sqlState
    Counter(label: "headgate_ingest_failed_attempts_total", dimensions: [("reason", reason)]).increment()
  }
}
