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
      let lane = try PostgresSession.connect(database.configuration)
      try lane.run(script: RunLane.planning)
      let bounds: [PostgresValue] = [
        .id(.greatest), .id(.first(atUnixMilliseconds: UnixTime.now().microseconds / 1000 - 60_000)),
      ]
      let open = [PostgresValue](repeating: .null, count: 7)
      let types = "uuid, int4, uuid, uuid, timestamptz, timestamptz, int2[], int2[], int2, bytea, inet"

      let lease = try plan(
        lane, Statements.leaseRuns, "uuid, uuid, int4, text[], int8[], timestamptz",
        [.id(fixture.workspace), .null, .int32(10), .texts(["w"]), .int64s([1]), .time(UnixTime(microseconds: 0))])
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
        lane, Statements.completeRuns, "uuid[], uuid[], int8[]",
        [.ids([fixture.workspace]), .ids([Fixture.requestID()]), .int64s([1])])
      #expect(complete.contains("_pkey") && complete.contains("Nested Loop"))
      #expect(!complete.contains("Seq Scan on runs"))

      for (statement, types) in [(Statements.wakeRuns, "uuid[], uuid[], bytea[]"), (Statements.wakeStrandedRuns, "")] {
        let wake = try plan(
          lane, statement, types, types.isEmpty ? [] : [.ids([fixture.workspace]), .ids([fixture.trigger]), .null])
        #expect(wake.contains("order_key") && !wake.contains("Seq Scan on runs"), "\(statement.name)")
      }
    }
  }

  /// What EXPLAIN says of the generic plan for these parameters.
  private func plan(
    _ session: PostgresSession, _ statement: PostgresStatement, _ types: String, _ values: [PostgresValue]
  ) throws -> String {
    let name = "plan_\(statement.name)"
    let (typeList, call) = types.isEmpty ? ("", name) : ("(\(types))", "\(name) (\(values.map(literal).joined(separator: ", ")))")
    try session.run(script: "PREPARE \(name) \(typeList) AS \(statement.sql)")
    let result = try session.query(PostgresStatement("explain_\(name)", "EXPLAIN EXECUTE \(call)"))
    return try result.map { try $0.text() }.joined(separator: "\n")
  }

  private func literal(_ value: PostgresValue) -> String {
    switch value {
    case .uuid(let high, let low): "'\(UniqueID(high: high, low: low))'"
    case .int32(let value): "\(value)"
    case .int64(let value): "\(value)"
    case .text(let value): "'\(value)'"
    case .texts(let values): "ARRAY[\(values.map { "'\($0)'" }.joined(separator: ", "))]"
    case .int64s(let values): "ARRAY[\(values.map(String.init).joined(separator: ", "))]::int8[]"
    case .uuids(let values):
      "ARRAY[\(values.map { "'\(UniqueID(high: $0.high, low: $0.low))'" }.joined(separator: ", "))]::uuid[]"
    case .time: "'-infinity'"
    default: "NULL"
    }
  }
}
