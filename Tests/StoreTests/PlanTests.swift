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
      try lane.planByKeys()
      let bounds: [PostgresValue] = [
        .id(.greatest), .id(.first(atUnixMilliseconds: UnixTime.now().microseconds / 1000 - 60_000)),
      ]
      let open = [PostgresValue](repeating: .null, count: 13)
      let types = Self.searchTypes

      let lease = try plan(
        lane, Statements.leaseRuns, "uuid, uuid, int4, text[], int8[], timestamptz",
        [.id(fixture.workspace), .null, .int32(10), .texts(["w"]), .int64s([1]), .time(UnixTime(microseconds: 0))])
      #expect(lease.contains("available_at_idx") || lease.contains("runs_waiting"))
      #expect(!lease.contains("Seq Scan on runs"))

      let newest = try plan(session, Statements.searchAll, types, [.id(fixture.workspace), .int32(10)] + bounds + open)
      #expect(newest.contains("requests_") && newest.contains("_pkey"))
      #expect(newest.contains("Subplans Removed"))
      #expect(!newest.contains("Seq Scan on requests") && !newest.contains("Sort"))

      var ofTrigger = open
      ofTrigger[10] = .ids([fixture.trigger])
      let byTrigger = try plan(
        session, Statements.searchTriggers, types, [.id(fixture.workspace), .int32(10)] + bounds + ofTrigger)
      #expect(byTrigger.contains("trigger_id_id_idx"))
      #expect(byTrigger.contains("Subplans Removed"))
      #expect(!byTrigger.contains("Seq Scan on requests"))

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

  /// What the group commit does is planned when the tables are empty, and stays right when they are not.
  @Test func claimsAndBindingsAreFoundByTheirKeys() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { _ in
        let lane = try PostgresSession.connect(database.configuration)
        try lane.planByKeys()
        let ids = PostgresValue.ids([.greatest])
        let texts = PostgresValue.texts(["x"])
        let customer = [ids, ids, texts, texts, texts, texts, texts, PostgresValue.int64s([1])]
        let statements: [(PostgresStatement, String, [PostgresValue], index: String)] = [
          (Statements.boundContacts, "uuid[], text[], text[]", [ids, texts, texts], "customer_contacts_pkey"),
          (Statements.boundNames, "uuid[], text[], int4", [ids, texts, .int32(9)], "customers_name"),
          (Statements.boundChats, "uuid[], text[], text[]", [ids, texts, texts], "chats_pkey"),
          (Statements.lockCustomers, "uuid[], uuid[]", [ids, ids], "customers_pkey"),
          (
            Statements.updateCustomers, "uuid[], uuid[], text[], text[], text[], text[], text[], int8[]", customer,
            "customers_pkey"
          ),
          (Statements.linkChats, "uuid[], uuid[], uuid[]", [ids, ids, ids], "chats_id"),
          (Statements.deliveryHolders, "uuid[], uuid[], bytea[]", [ids, ids, .null], "delivery_claims_pkey"),
          (Statements.existingRequests, "uuid[], uuid[], uuid[]", [ids, ids, ids], "trigger_id = wanted.trigger_id"),
        ]
        for (statement, types, values, index) in statements {
          let plan = try plan(lane, statement, types, values)
          // By an index whose columns are all known; of two that look alike on an empty table either may be taken.
          #expect(plan.contains(index), "\(statement.name): \(plan)")
          let readsAll = ["Seq Scan", "Hash Join", "Merge Join"].contains { plan.contains($0) }
          #expect(!readsAll, "\(statement.name): \(plan)")
        }
      }
    }
  }

  /// Of $1 to $17 of the statements that search.
  private static let searchTypes =
    "uuid, int4, uuid, uuid, timestamptz, timestamptz, int2[], int2[], int2, bytea, inet, bytea, uuid, uuid, uuid[], text, text"

  /// Whatever is looked for, pages that do not have it are passed over, though the planner knows nothing of the table.
  @Test(
    arguments: [
      (6, "ARRAY[4]::int2[]", "outcome = "), (7, "ARRAY[7]::int2[]", "cause = "), (8, "401::int2", "status = "),
      (9, "'paid'::bytea", "event = "), (10, "'203.0.113.7/32'::inet", "client_address = "), (11, "'d'::bytea", "delivery_id = "),
      (12, "'00000000-0000-0000-0000-000000000000'::uuid", "customer_id = "),
      (13, "'00000000-0000-0000-0000-000000000000'::uuid", "chat_id = "),
      (14, "ARRAY['00000000-0000-0000-0000-000000000000']::uuid[]", "trigger_id = "),
    ] as [(Int, String, String)])
  func windowsAreSearchedByTerms(place: Int, value: String, condition: String) async throws {
    try await withWriter { _, writer, fixture, database in
      _ = await writer.submitAll((0..<50).map { _ in fixture.entry() })
      let session = try PostgresSession.connect(database.configuration)
      try session.run(script: "PREPARE search (\(Self.searchTypes), inet, inet) AS \(Statements.searchRange.sql)")
      let today = "first_id_of_day((now() AT TIME ZONE 'UTC')::date)"
      let tomorrow = "first_id_of_day((now() AT TIME ZONE 'UTC')::date + 1)"
      var values = ["'\(fixture.workspace)'", "100", tomorrow, today]
      values += Array(repeating: "NULL", count: 15)
      values[place] = value
      let lines = try session.planned(.terms) { () throws(PostgresError) in
        try session.query(PostgresStatement("explain", "EXPLAIN EXECUTE search (\(values.joined(separator: ", ")))"))
      }.map { try $0.text() }
      let text = lines.joined(separator: "\n")
      let conditions = lines.filter { $0.contains("Index Cond") }.joined()
      #expect(conditions.contains(condition), "\(text)")
      #expect(lines.contains { $0.contains("Bitmap Index Scan") }, "\(text)")
      #expect(lines.filter { $0.contains("Bitmap Heap Scan") }.count == 1, "one day's partition: \(text)")
      #expect(!text.contains("Seq Scan on requests") && !text.contains("pkey") && !text.contains("trigger_id_id"), "\(text)")
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
