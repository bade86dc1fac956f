import HeadgateProto
import Logging
import Metrics
import Observability
import RPC
import Store
import TestSupport
import Testing

@testable import ControlPlane

@Suite("Metrics")
struct MetricsTests {
  /// A process has one registry, and its counters exist from when it is there.
  private static let registry: PrometheusMetrics = {
    let metrics = PrometheusMetrics()
    ControlMetrics.prepare(metrics)
    MetricsSystem.bootstrap(metrics)
    return metrics
  }()

  private func scrape() throws -> PrometheusDocument { try PrometheusDocument(Self.registry.render()) }

  @Test("a text that is not in the format is refused")
  func strictReader() {
    let faults = [
      "a 1\n", "# TYPE a counter\na 1", "# TYPE a counter\na -1\n", "# TYPE a counter\nb 1\n", "# TYPE a counter\na 1\na 1\n",
      "# TYPE a counter\na{b=\"c} 1\n", "# TYPE a counter\na{B-=\"c\"} 1\n", "# TYPE a counter\na{b=\"\\x\"} 1\n",
      "# TYPE a counter\n# HELP a late\na 1\n", "# TYPE a counter\n# TYPE b gauge\n# TYPE a counter\n", "# TYPE a thing\na 1\n",
      "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
      "# TYPE a histogram\na_bucket{le=\"2\"} 1\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
      "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
      "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n", "# TYPE a gauge\na one\n", "# TYPE a gauge\na 1 \n",
    ]
    for text in faults { #expect(throws: PrometheusDocument.Fault.self) { try PrometheusDocument(text) } }
  }

  @Test("names of another form are found")
  func conventions() throws {
    let texts = [
      "# HELP headgate_a A.\n# TYPE headgate_a counter\n", "# HELP headgate_a_total A.\n# TYPE headgate_a_total gauge\n",
      "# TYPE headgate_a gauge\n", "# HELP headgate_aB A.\n# TYPE headgate_aB gauge\n",
      "# HELP other_a A.\n# TYPE other_a gauge\n",
      "# HELP headgate_a A.\n# TYPE headgate_a histogram\n",
      "# HELP headgate_a A.\n# TYPE headgate_a gauge\nheadgate_a{cause=\"camelCase\"} 1\n",
    ]
    for text in texts { #expect(try PrometheusDocument(text).conventionFaults.count == 1, "\(text)") }
  }

  @Test("a whole control plane's metrics are in the format, follow the conventions, and count what happened")
  func wholeNode() async throws {
    let registry = Self.registry
    try await withControlPlane { fixture in
      ControlMetrics.observe(fixture.node, in: registry)
      let before = try scrape()
      let key = try await fixture.publish(Definitions.bearer(secret: "a-secret-of-some-length"))["hook"] ?? []
      let ingest = try fixture.ingest
      #expect(try await ingest.submit(EdgeRequest.make(key)).status == 401)
      let credential = [("authorization", "Bearer a-secret-of-some-length")]
      for _ in 0..<3 { #expect(try await ingest.submit(EdgeRequest.make(key, headers: credential)).outcome == .accepted) }
      #expect(try await ingest.submit(EdgeRequest.make(Array("wh_none".utf8))).status == 404)
      let worker = RunServiceClient(try fixture.caller(.worker))
      let leased = try await worker.lease(LeaseRunsRequest(maxRuns: 2)).runs
      #expect(leased.count == 2)
      _ = try await worker.complete(CompleteRunRequest(id: leased[0].id, leaseEpoch: leased[0].leaseEpoch))
      _ = try await worker.fail(
        FailRunRequest(id: leased[1].id, leaseEpoch: leased[1].leaseEpoch, error: "no", permanent: true))
      await RunCountService(fixture.node).round()
      await MaintenanceService(fixture.node, logger: fixture.log.logger).round()
      #expect(try await eventually { fixture.node.ingest.status.committedEntries == 4 })

      let after = try scrape()
      #expect(after.conventionFaults == [])
      func grown(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        after.value(name, labels).map { $0 - (before.value(name, labels) ?? 0) }
      }
      // At least, for other tests of this process count under the same names.
      let least: [(String, [String: String], Double)] = [
        ("headgate_ingest_requests_total", ["outcome": "accepted"], 3),
        ("headgate_ingest_rejected_total", ["cause": "credential_missing"], 1),
        ("headgate_ingest_unrecorded_total", ["reason": "unknown_key"], 1),
        ("headgate_ingest_stage_seconds_count", ["stage": "evaluate"], 4),
        ("headgate_ingest_stage_seconds_count", ["stage": "queue"], 4),
        ("headgate_ingest_stage_seconds_count", ["stage": "commit"], 4), ("headgate_ingest_batch_requests_sum", [:], 4),
        ("headgate_rpc_calls_total", ["method": "headgate.v1.IngestService/Submit", "code": "ok"], 5),
        ("headgate_rpc_call_seconds_count", ["method": "headgate.v1.IngestService/Submit"], 5),
        ("headgate_rpc_received_bytes_total", [:], 500), ("headgate_rpc_sent_bytes_total", [:], 100),
        ("headgate_runs_leased_total", [:], 2), ("headgate_runs_completed_total", [:], 1),
        ("headgate_runs_failed_total", ["result": "dead"], 1),
      ]
      for (name, labels, count) in least {
        let growth = try #require(grown(name, labels), "\(name) \(labels)")
        #expect(growth >= count, "\(name) \(labels)")
      }
      #expect(after.value("headgate_runs", ["state": "ready"]) == 1)
      #expect(after.value("headgate_runs", ["state": "dead"]) == 1)
      #expect(try #require(after.value("headgate_runs_oldest_ready_seconds")) >= 0)
      #expect(after.value("headgate_database_pool_connections", ["state": "busy"]) == 0)
      #expect(try #require(after.value("headgate_retention_last_success_timestamp_seconds")) > 1_700_000_000)
      #expect(after["headgate_ingest_batch_requests"]?.samples.count == ControlMetrics.batchBounds.count + 3)
      #expect(Double(IngestLimits().batchEntries) == ControlMetrics.batchBounds.last)
      #expect(fixture.node.metrics.latency.quantile(0.5) ?? 0 > 0)
    }
  }
}
