import Identifiers
import Postgres
import Testing
import TestSupport

@testable import Store

/// The statements that matter use their indexes and read few partitions.
@Suite struct PlanTests {
  @Test func leasingAndLogQueriesUseIndexes() async throws {
    try await withWriter { store, writer, fixture, database in
      try await administer(
        database, "SELECT create_partitions((now() AT TIME ZONE 'UTC')::date - 20, (now() AT TIME ZONE 'UTC')::date)")
      _ = await writer.submitAll((0..<500).map { _ in fixture.entry() })
      try await administer(
        database, "UPDATE runs SET state = 3 WHERE (('x' || right(id::text, 2))::bit(8)::int4 % 16) <> 0; ANALYZE")
      let session = try PostgresSession.connect(database.configuration)
      // Small tables are read whole otherwise, whatever indexes there are.
      try session.run(script: "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
      let bounds: [PostgresValue] = [
        .id(.greatest), .id(.first(atUnixMilliseconds: UnixTime.now().microseconds / 1000 - 60_000)),
      ]
      let open = [PostgresValue](repeating: .null, count: 7)
      let types = "uuid, int4, uuid, uuid, timestamptz, timestamptz, int2[], int2[], int2, bytea, inet"

      let lease = try plan(
        session, Statements.leaseRuns, "uuid, uuid, int4, text, int8",
        [.id(fixture.workspace), .null, .int32(10), .text("w"), .int64(1)])
      #expect(lease.contains("available_at_idx") || lease.contains("runs_waiting"))
      #expect(!lease.contains("Seq Scan on runs"))

      let newest = try plan(session, Statements.listRequests, types, [.id(fixture.workspace), .int32(10)] + bounds + open)
      #expect(newest.contains("requests_") && newest.contains("_pkey"))
      #expect(newest.contains("Subplans Removed"))
      #expect(!newest.contains("Seq Scan on requests"))

      let ofTrigger = try plan(
        session, Statements.listRequestsOfTriggers, types + ", uuid, uuid",
        [.id(fixture.workspace), .int32(10)] + bounds + open + [.id(fixture.trigger), .null])
      #expect(ofTrigger.contains("trigger_id_id_idx"))
      #expect(ofTrigger.contains("Subplans Removed"))
      #expect(!ofTrigger.contains("Seq Scan on requests"))

      let byID = try plan(session, Statements.requestById, "uuid, uuid", [.id(fixture.workspace), .id(Fixture.requestID())])
      #expect(byID.contains("_pkey") && byID.contains("Subplans Removed"))

      let complete = try plan(
        session, Statements.completeRun, "uuid, uuid, int8", [.id(fixture.workspace), .id(Fixture.requestID()), .int64(1)])
      #expect(complete.contains("_pkey") && complete.contains("Subplans Removed"))
    }
  }

  /// What EXPLAIN says of the generic plan for these parameters.
  private func plan(
    _ session: PostgresSession, _ statement: PostgresStatement, _ types: String, _ values: [PostgresValue]
  ) throws -> String {
    let name = "plan_\(statement.name)"
    try session.run(script: "PREPARE \(name) (\(types)) AS \(statement.sql)")
    let literals = values.map { literal($0) }.joined(separator: ", ")
    let result = try session.query(PostgresStatement("explain_\(name)", "EXPLAIN EXECUTE \(name) (\(literals))"))
    return try result.map { try $0.text() }.joined(separator: "\n")
  }

  private func literal(_ value: PostgresValue) -> String {
    switch value {
    case .uuid(let high, let low): "'\(UniqueID(high: high, low: low))'"
    case .int32(let value): "\(value)"
    case .int64(let value): "\(value)"
    case .text(let value): "'\(value)'"
    default: "NULL"
    }
  }
}
