import Foundation
import Identifiers
import Postgres
import Testing
import TestSupport

@testable import Store

@Suite struct SearchTests {
  @Test(arguments: [
    ("abc", "%abc%"), ("ÀB%_\\", #"%\\303\\200b\%\_\\\\%"#), ("a\u{0}é", #"%a\\000\\303\\251%"#), ("A-Z", "%a-z%"),
  ])
  func patterns(text: String, pattern: String) {
    #expect(TextPattern.containing(text) == pattern)
  }

  /// Every statement that searches has the same filter, whole and once, and no name of a fragment is left.
  @Test func theFilterIsTheSameEverywhere() throws {
    let filter = try #require(Statements.fragments["filter"])
    let statements = [
      Statements.searchAll, Statements.searchTriggers, Statements.searchRange, Statements.tailRequests,
      Statements.estimateRequests, Statements.requestStatistics, Statements.leaseStatistics,
    ]
    for statement in statements {
      #expect(statement.sql.ranges(of: filter).count == 1, "\(statement.name)")
      #expect(!statement.sql.contains("/*"), "\(statement.name)")
    }
  }

  @Test(
    arguments: [
      (RequestFilter(), false), (RequestFilter(outcomes: [1, 4]), false), (RequestFilter(outcomes: [4, 7]), true),
      (RequestFilter(outcomes: [2, 3, 4, 5, 6]), false), (RequestFilter(causes: [0]), false), (RequestFilter(causes: [7]), true),
      (RequestFilter(status: 200), false), (RequestFilter(status: 401), true), (RequestFilter(event: []), false),
      (RequestFilter(event: [1]), true), (RequestFilter(deliveryID: [1]), true), (RequestFilter(customer: .least), true),
      (RequestFilter(chat: .least), true), (RequestFilter(bodyText: "abc", bodyJSON: [123, 125]), false),
      (RequestFilter(address: .init(address: [10, 0, 0, 0], prefixLength: 8)), false),
      (RequestFilter(address: .init(address: [10, 0, 0, 1], prefixLength: 32)), true),
    ] as [(RequestFilter, Bool)])
  func whatFewRequestsHaveIsKnownFromTheFilter(filter: RequestFilter, hasTerms: Bool) {
    #expect(filter.hasTerms == hasTerms)
  }

  @Test func blocksHaveAFirstAndALastAddress() {
    let block = RequestFilter.AddressBlock(address: [10, 0, 0, 0], prefixLength: 8)
    #expect(block.first == [10, 0, 0, 0] && block.last == [10, 255, 255, 255])
    #expect(RequestFilter.AddressBlock(address: [192, 168, 17, 9], prefixLength: 20).last == [192, 168, 31, 255])
  }

  /// Each filter finds exactly what a plain comparison of all rows does, whatever index it goes by and however many steps it takes.
  @Test func searchesFindWhatIsThere() async throws {
    try await withWriter { store, writer, fixture, database in
      let other = try await Fixture.make(store, flow: "bills")
      var entries: [IngestEntry] = []
      let customers = (0..<4).map { _ in UniqueID.random() }
      for index in 0..<600 {
        var entry = (index % 7 == 0 ? other : fixture).entry(
          id: Fixture.requestID(ago: .seconds(index % 5 * 3600)), event: ["paid", "refunded", ""][index % 3],
          body: Array(#"{"n": \#(index), "kind": {"a": [\#(index % 10)]}, "text": "Name \#(index) ÀÉ 100%_"}"#.utf8),
          address: [10, UInt8(index % 3), 0, UInt8(index % 200)])
        entry.request.outcome = index % 10 == 3 ? 4 : 1
        entry.request.cause = index % 10 == 3 ? Int16(6 + index % 2) : 0
        entry.request.status = index % 10 == 3 ? 401 : (index % 50 == 1 ? 201 : 200)
        if index % 10 == 3 { entry.parts = [] }
        entry.request.deliveryID = index % 2 == 0 ? Array("delivery-\(index % 100)".utf8) : nil
        entry.request.customer = index % 3 == 0 ? customers[index % 4] : nil
        entry.request.chat = index % 5 == 0 ? customers[index % 4] : nil
        entries.append(entry)
      }
      let recorded = await writer.submitAll(entries)
      #expect(recorded.allSatisfy { $0 == .success(.recorded) })
      let rows = entries.map(\.request).sorted { $0.id > $1.id }
      let now = UnixTime.now()
      let hour = Duration.seconds(3600)
      let cases: [(RequestFilter, (RequestRow) -> Bool)] = [
        (RequestFilter(), { _ in true }),
        (RequestFilter(trigger: other.trigger), { $0.trigger == other.trigger }),
        (RequestFilter(trigger: .random()), { _ in false }),
        (
          RequestFilter(flow: fixture.flow.id, event: Array("paid".utf8)),
          { $0.trigger == fixture.trigger && $0.event == Array("paid".utf8) }
        ),
        (RequestFilter(outcomes: [4]), { $0.outcome == 4 }), (RequestFilter(outcomes: [4, 1], causes: [7]), { $0.cause == 7 }),
        (RequestFilter(causes: [6, 7, 8]), { $0.cause != 0 }), (RequestFilter(status: 201), { $0.status == 201 }),
        (RequestFilter(event: []), { $0.event.isEmpty }), (RequestFilter(event: Array("none".utf8)), { _ in false }),
        (RequestFilter(address: .init(address: [10, 1, 0, 0], prefixLength: 16)), { $0.clientAddress[1] == 1 }),
        (RequestFilter(address: .init(address: [10, 1, 0, 7], prefixLength: 32)), { $0.clientAddress == [10, 1, 0, 7] }),
        (RequestFilter(deliveryID: Array("delivery-8".utf8)), { $0.deliveryID == Array("delivery-8".utf8) }),
        (RequestFilter(customer: customers[1]), { $0.customer == customers[1] }),
        (RequestFilter(outcomes: [1], chat: customers[2]), { $0.chat == customers[2] && $0.outcome == 1 }),
        (RequestFilter(since: now - hour, until: now), { $0.receivedAt >= now - hour && $0.receivedAt < now }),
        (RequestFilter(bodyText: "nAME 59"), { String(decoding: $0.body ?? [], as: UTF8.self).contains("Name 59") }),
        (RequestFilter(bodyText: "ÀÉ 100%_"), { _ in true }), (RequestFilter(bodyText: "100_"), { _ in false }),
        (
          RequestFilter(bodyJSON: Array(#"{"kind": {"a": [3]}}"#.utf8)), { ($0.body.flatMap { JSONNumber.n($0) } ?? 0) % 10 == 3 }
        ),
        (RequestFilter(status: 200, bodyJSON: Array(#"{"n": 42}"#.utf8)), { ($0.body.flatMap { JSONNumber.n($0) } ?? 0) == 42 }),
      ]
      for isIndexed in [false, true] {
        if isIndexed {
          // As if the day were over.
          let addresses = try await number(
            database, "(SELECT count(index_addresses(current_date + 1)) FROM generate_series(1, 4))")
          #expect(addresses > 0)
          let indexed = try await number(
            database, "(SELECT count(*) FROM (SELECT index_bodies(current_date + 1) FROM generate_series(1, 4)) x)")
          #expect(indexed == 4)
        }
        for (index, (filter, matches)) in cases.enumerated() {
          let expected = rows.filter(matches).map(\.id)
          var limits = RequestSearch.Limits()
          limits.pace.firstStep = 16
          limits.candidatesBeforeDays = isIndexed ? 32 : 2048
          var found: [UniqueID] = []
          var before: UniqueID?
          repeat {
            let (ids, next) = try await search(filter, fixture.workspace, before: before, limit: 37, limits, database)
            found += ids
            before = next
          } while before != nil
          #expect(found == expected, "case \(index), indexed: \(isIndexed)")
          let all = try await store.searchRequests(in: fixture.workspace, matching: filter, limit: 1000)
          #expect(all.rows.map(\.id) == expected && all.next == nil, "case \(index), indexed: \(isIndexed)")
        }
      }
      let estimate = try await store.estimateRequests(in: fixture.workspace, matching: RequestFilter())
      #expect(estimate > 0)
    }
  }

  private func search(
    _ filter: RequestFilter, _ workspace: UniqueID, before: UniqueID?, limit: Int, _ limits: RequestSearch.Limits,
    _ database: PostgresDatabase
  ) async throws -> ([UniqueID], UniqueID?) {
    try await onThread {
      let session = try PostgresSession.connect(database.configuration)
      let query = SearchQuery(workspace, filter, triggers: try session.triggers(of: filter, in: workspace), before: before)
      var search = RequestSearch(query, on: session, limits: limits)
      try search.run(until: .now + .seconds(60), wanting: limit)
      return (search.found, search.isDone ? nil : search.position)
    }
  }

  /// A search that has no time left tells what it has, and where it goes on.
  @Test func aSearchWithoutTimeGoesOnWhereItEnded() async throws {
    try await withWriter { store, writer, fixture, _ in
      let entries = (0..<700).map { fixture.entry(event: $0 == 0 ? "rare" : "paid") }
      _ = await writer.submitAll(entries)
      var filter = RequestFilter()
      filter.bodyText = "nowhere"
      var rounds = 0
      var before: UniqueID?
      repeat {
        let page = try await store.searchRequests(
          in: fixture.workspace, matching: filter, before: before, limit: 10, within: .zero)
        #expect(page.rows.isEmpty)
        #expect(page.next.map { next in before.map { next < $0 } ?? true } ?? true)
        before = page.next
        rounds += 1
      } while before != nil && rounds < 100
      #expect(rounds == 3)
    }
  }

  @Test func jsonThatPostgresDoesNotTakeIsAnErrorOfItsOwn() async throws {
    try await withWriter { store, writer, fixture, _ in
      _ = await writer.submit(fixture.entry())
      let filter = RequestFilter(bodyJSON: Array(#"{"a": "\u0000"}"#.utf8))
      await #expect(throws: StoreError.searchNotUnderstood) {
        _ = try await store.searchRequests(in: fixture.workspace, matching: filter, limit: 1)
      }
    }
  }

  @Test func bodiesThatAreNoTextOrJSONDoNotDisturb() async throws {
    try await withWriter { store, writer, fixture, database in
      let bodies: [[UInt8]] = [[0xff, 0, 0xfe], Array("{".utf8), [], Array(#"{"a":"\u0000"}"#.utf8), Array(#"{"a":1}"#.utf8)]
      for body in bodies { _ = await writer.submit(fixture.entry(body: body)) }
      for _ in 0..<2 {
        let json = try await store.requests(
          in: fixture.workspace, matching: RequestFilter(bodyJSON: Array(#"{"a":1}"#.utf8)), limit: 9)
        #expect(json.count == 1)
        let text = try await store.requests(in: fixture.workspace, matching: RequestFilter(bodyText: #"{"a":"\u00"#), limit: 9)
        #expect(text.count == 1)
        try await administer(database, "SELECT index_bodies(current_date + 1) FROM generate_series(1, 5)")
      }
    }
  }

  @Test func wholeRequestsHaveTheirRuns() async throws {
    try await withWriter { store, writer, fixture, _ in
      let entries = (0..<3).map { fixture.entry(withRun: $0 != 1) }
      _ = await writer.submitAll(entries)
      let ids = [entries[2], entries[0], entries[1]].map(\.request.id)
      let found = try await store.wholeRequests([ids[0], .random(), ids[1], ids[2]], in: fixture.workspace, runs: 10)
      #expect(found.map(\.row.id) == ids)
      #expect(found.map(\.runs.count) == [1, 1, 0])
      #expect(found[0].row == entries[2].request)
      #expect(found[0].flowName == "orders" && found[0].node == "hook" && !found[0].isBodyExpired)
      #expect(found[0].runs.first?.request == ids[0])
      let foreign = try await store.wholeRequests(ids, in: .random(), runs: 10)
      #expect(foreign.isEmpty)
    }
  }

  @Test func newRequestsComeOldestFirstWithoutThoseSeen() async throws {
    try await withWriter { store, writer, fixture, _ in
      let entries = (0..<12).map { fixture.entry(event: $0 % 2 == 0 ? "paid" : "other") }
      _ = await writer.submitAll(entries)
      let ids = entries.map(\.request.id).sorted()
      let all = try await store.newRequests(
        in: fixture.workspace, matching: RequestFilter(), from: ids[3], except: Array(ids[4..<10]), limit: 10)
      #expect(all == [ids[3], ids[10], ids[11]])
      let paid = Set(entries.filter { $0.request.event == Array("paid".utf8) }.map(\.request.id))
      let some = try await store.newRequests(
        in: fixture.workspace, matching: RequestFilter(event: Array("paid".utf8)), from: ids[0], except: [], limit: 2)
      #expect(some == Array(ids.filter(paid.contains).prefix(2)))
    }
  }
}

/// The number "n" of a test's body.
private enum JSONNumber {
  static func n(_ body: [UInt8]) -> Int? {
    let text = String(decoding: body, as: UTF8.self)
    return text.firstRange(of: #""n": "#).flatMap { Int(text[$0.upperBound...].prefix { $0.isNumber }) }
  }
}
