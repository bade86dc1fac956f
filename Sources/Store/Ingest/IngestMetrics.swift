import Metrics
import Postgres

/// What the group commit tells of itself. Recorded by a lane once for a batch.
struct IngestMetrics: Sendable {
  private let batchRequests = Recorder(label: "headgate_ingest_batch_requests")
  private let batchBytes = Recorder(label: "headgate_ingest_batch_bytes")
  private let queue = Timer(label: "headgate_ingest_stage_seconds", dimensions: [("stage", "queue")])
  private let commit = Timer(label: "headgate_ingest_stage_seconds", dimensions: [("stage", "commit")])

  /// A lane has taken a batch: how long its entries waited.
  func taken(_ batch: [PendingEntry], at now: ContinuousClock.Instant) {
    var bytes = 0
    for pending in batch {
      queue.recordNanoseconds((now - pending.queuedAt).wholeMicroseconds * 1000)
      bytes += pending.byteCount
    }
    batchRequests.record(batch.count)
    batchBytes.record(bytes)
  }

  /// The batch is durable; each of its entries waited for the whole of it.
  func committed(_ batch: [PendingEntry], in duration: Duration) {
    let nanoseconds = duration.wholeMicroseconds * 1000
    for _ in batch { commit.recordNanoseconds(nanoseconds) }
  }

  /// An attempt failed; by SQLSTATE, or "connection".
  func failed(_ error: PostgresError) {
    let reason = error.sqlState.isEmpty ? "connection" : error.sqlState
    Counter(label: "headgate_ingest_failed_attempts_total", dimensions: [("reason", reason)]).increment()
  }
}
