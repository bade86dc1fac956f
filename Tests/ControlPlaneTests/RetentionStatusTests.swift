import HeadgateProto
import Identifiers
import Postgres
import Store
import Testing

@testable import ControlPlane

@Suite("retention")
struct RetentionStatusTests {
  @Test("what the last clean-up did is visible, and expired bodies say so")
  func visible() async throws {
    try await withControlPlane {
      $0.retentionDays = 30
      $0.bodyRetentionDays = 2
    } _: { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      _ = try await fixture.ingest.submit(EdgeRequest.make(key, body: #"{"a": 1}"#))
      let logs = try fixture.logs
      let id = try await logs.query(QueryLogsRequest()).entries.first?.id ?? ""
      let old = RequestIDGenerator().next(unixMilliseconds: UnixTime.now().microseconds / 1000 - 4 * 86_400_000)
      try await fixture.sql(
        """
        SELECT create_partitions(current_date - 5, current_date);
        CREATE TEMP TABLE old AS SELECT * FROM requests WHERE id = '\(id)';
        UPDATE old SET id = '\(old)', received_at = now() - interval '4 days';
        INSERT INTO requests SELECT * FROM old
        """)
      let status = StatusServiceClient(try fixture.caller(.admin))
      let before = try await status.get(GetStatusRequest()).retention
      #expect(before?.requestDays == 30 && before?.bodyDays == 2 && before?.lastRunAtUs == 0)
      await MaintenanceService(fixture.node, logger: fixture.log.logger).round()
      let after = try await status.get(GetStatusRequest()).retention
      #expect(after?.lastResult.contains("took the bodies from requests_") == true)
      #expect(after?.lastError == "" && after?.lastRunAtUs ?? 0 > 0 && after?.oldestRequestAtUs ?? 0 > 0)
      let confined = StatusServiceClient(try fixture.caller(.reader, workspace: "default"))
      let seen = try await confined.get(GetStatusRequest()).retention
      #expect(seen?.requestDays == 30 && seen?.lastResult == "" && seen?.oldestRequestAtUs == 0, "of all workspaces")
      #expect(try await logs.get(GetLogRequest(id: old.description)).bodyAbsent == "expired")
      #expect(try await logs.get(GetLogRequest(id: id)).bodyAbsent == "")
      let error = try await failure { try await logs.leaves(LogLeavesRequest(id: old.description)) }
      #expect(error?.code == .failedPrecondition)
      let leaves = try await logs.leaves(LogLeavesRequest(id: id)).leaves
      #expect(leaves.first == Leaf(path: "body.a", value: Array("1".utf8), type: "number"))
    }
  }
}
