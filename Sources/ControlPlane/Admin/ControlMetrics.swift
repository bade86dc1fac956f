package import Observability
import Postgres
import Store

/// The control plane's metrics: what they are called, what they mean, and their buckets. All of a family's series are made
/// once; recording is an atomic operation or two.
///
/// Names follow https://prometheus.io/docs/practices/naming/: snake_case, base units, `_total` at the end of counters.
package enum ControlMetrics {
  /// Says what the metrics that parts record by name mean. To be called before the parts are made.
  package static func prepare(_ metrics: PrometheusMetrics) {
    metrics.observeProcess(program: "headgate_control", version: ControlPlaneVersion.version)
    for (name, help) in texts { metrics.describe(name, help) }
    metrics.setBounds(PrometheusMetrics.fineTimerBounds, of: "headgate_ingest_stage_seconds")
    metrics.setBounds(PrometheusMetrics.fineTimerBounds, of: "headgate_rpc_call_seconds")
    metrics.setBounds(batchBounds, of: "headgate_ingest_batch_requests")
  }

  /// Powers of two up to the largest batch.
  static let batchBounds = (0...9).map { Double(1 << $0) }

  private static let texts = [
    ("headgate_ingest_requests_total", "Requests to known triggers, by outcome."),
    ("headgate_ingest_rejected_total", "Requests that were refused, by cause."),
    (
      "headgate_ingest_sealed_total",
      "Requests recorded with what they came with, encrypted, because they may be verified again."
    ),
    ("headgate_ingest_unrecorded_total", "Calls of edge nodes that left no record, by reason."),
    (
      "headgate_ingest_stage_seconds",
      "Time of a request in a stage: evaluate (look-up to verdict), queue (until a batch takes it), commit (its batch)."
    ),
    ("headgate_ingest_batch_requests", "Requests in a batch; its count is that of the transactions."),
    ("headgate_ingest_batch_bytes", "About the bytes of a batch."),
    ("headgate_ingest_failed_attempts_total", "Attempts to write a batch that failed, by SQLSTATE or connection."),
    ("headgate_configuration_load_seconds", "Time to read the whole live configuration."),
    ("headgate_configuration_unusable_total", "Definitions and secrets that were found unusable while loading."),
    ("headgate_runs_leased_total", "Runs that workers leased through this process."),
    ("headgate_runs_completed_total", "Runs that workers completed through this process."),
    ("headgate_runs_failed_total", "Attempts that workers reported as failed through this process, by what became of the run."),
    ("headgate_retention_dropped_partitions_total", "Day partitions that this process dropped."),
    ("headgate_retention_failures_total", "Rounds of clean-up that failed."),
    ("headgate_retention_last_success_timestamp_seconds", "When a round of clean-up last succeeded, in seconds since 1970."),
    ("headgate_rpc_calls_total", "Calls by method and status code."),
    ("headgate_rpc_call_seconds", "Time from a call's request to its response, by method; streams are not measured."),
    ("headgate_rpc_connections", "Open connections, those that have not shown a certificate yet included."),
    ("headgate_rpc_connections_accepted_total", "Connections accepted."),
    ("headgate_rpc_connections_refused_total", "Connections that were ended for a fault of the peer or for want of room."),
    ("headgate_rpc_received_bytes_total", "Bytes received from peers, after decryption."),
    ("headgate_rpc_sent_bytes_total", "Bytes sent to peers, before encryption."),
  ]

  /// Adds what is asked of the parts at each scrape.
  package static func observe(_ node: ControlPlaneNode, in metrics: PrometheusMetrics) {
    metrics.observe("headgate_ready", help: "1 when this process serves.") { node.readiness.notReadyBecause == nil ? 1 : 0 }
    metrics.observe("headgate_triggers_loaded", help: "Triggers of published flows at hand.") { Double(node.triggers.count) }
    observeIngest(node, metrics)
    observeRuns(node, metrics)
    metrics.observe("headgate_database_connected", help: "1 when all that need PostgreSQL are connected to it.") {
      node.readiness.databaseIsConnected() ? 1 : 0
    }
    let pool = "Connections of the pool for everything but ingest, by what they do."
    metrics.observe("headgate_database_pool_connections", labels: [("state", "busy")], help: pool) {
      Double(node.store.status.busyConnections)
    }
    metrics.observe("headgate_database_pool_connections", labels: [("state", "idle")], help: pool) {
      let status = node.store.status
      return Double(status.connections - status.busyConnections)
    }
    metrics.observe("headgate_database_pool_waiting", help: "Operations that wait for a connection of the pool.") {
      Double(node.store.status.waiters)
    }
  }

  private static func observeIngest(_ node: ControlPlaneNode, _ metrics: PrometheusMetrics) {
    metrics.observe("headgate_ingest_queued_requests", help: "Requests that wait for a batch.") {
      Double(node.ingest.status.queuedEntries)
    }
    metrics.observe("headgate_ingest_queued_bytes", help: "Bytes that wait for a batch.") {
      Double(node.ingest.status.queuedBytes)
    }
    metrics.observe("headgate_ingest_queued_rejections", help: "Rejected requests that wait to be logged.") {
      Double(node.ingest.status.queuedRejections)
    }
    metrics.observe("headgate_ingest_lanes_connected", help: "Lanes that write batches and have a connection.") {
      Double(node.ingest.status.connectedLanes)
    }
    metrics.observeTotal(
      "headgate_ingest_recorded_total", help: "Requests newly recorded, refused ones included."
    ) { Double(node.ingest.status.committedEntries) }
    metrics.observeTotal(
      "headgate_ingest_dropped_rejections_total", help: "Rejected requests that were not logged for want of room."
    ) { Double(node.ingest.status.droppedRejections) }
  }

  private static func observeRuns(_ node: ControlPlaneNode, _ metrics: PrometheusMetrics) {
    let help = "Unfinished and dead runs of the whole database, counted every 15 seconds: every control plane tells the same."
    func runs(_ state: String, _ count: @escaping @Sendable (RunMetrics) -> Int64?) {
      metrics.observe("headgate_runs", labels: [("state", state)], help: help) { count(node.runMetrics).map(Double.init) }
    }
    runs("ready") { $0.counts?.ready }
    runs("leased") { $0.counts?.leased }
    runs("dead") { $0.counts?.dead }
    metrics.observe("headgate_runs_oldest_ready_seconds", help: "How long the oldest ready run has waited; 0 when none waits.") {
      guard let counts = node.runMetrics.counts else { return nil }
      guard let since = counts.oldestReadySince else { return 0 }
      return Double(max(0, UnixTime.now().microseconds - since.microseconds)) / 1e6
    }
    metrics.observe("headgate_listen_sessions", help: "Open listen sessions of all replicas.") {
      Double(node.listenSessions.count)
    }
    metrics.observe("headgate_listen_streams", help: "Streams of listen sessions that this process serves.") {
      Double(node.listenExchange.listeners.count)
    }
    metrics.observe("headgate_workers_waiting", help: "Calls of workers that wait for a run.") { Double(node.bell.waiting) }
  }
}
