import Identifiers
import Postgres
import Testing
import TestSupport

@testable import Store

/// The index that searches go by: made by migration 6, added to some time after requests were recorded.
@Suite struct TermsTests {
  private static let rare = RequestFilter(event: Array("rare".utf8))
  private static let day = Duration.seconds(86_400)

  /// All that a search finds, in pages of that size and short steps, so that most of it is done by windows.
  private static func search(
    _ filter: RequestFilter, _ fixture: Fixture, _ database: PostgresDatabase, before: UniqueID? = nil, limit: Int = 1000
  ) async throws -> [UniqueID] {
    try await onThread {
      let session = try PostgresSession.connect(database.configuration)
      var limits = RequestSearch.Limits()
      limits.pace.firstStep = 8
      limits.pace.shortestWindow = .milliseconds(1)
      let query = SearchQuery(fixture.workspace, filter, triggers: nil, before: before)
      var search = RequestSearch(query, on: session, limits: limits)
      try search.run(until: nil, wanting: limit)
      return search.found
    }
  }

  /// So long that 300 requests fill several ranges of pages, and short enough not to be compressed.
  private static let body = [UInt8](repeating: UInt8(ascii: "x"), count: 1300)

  /// Entries over the last so many hours, oldest first; one in ten is rare.
  private static func entries(_ fixture: Fixture, _ count: Int, hours: Int = 2) -> [IngestEntry] {
    (0..<count).map { index in
      let ago = Duration.seconds((count - index) * hours * 3600 / count)
      return fixture.entry(id: Fixture.requestID(ago: ago), event: index % 10 == 0 ? "rare" : "paid", body: body, withRun: false)
    }
  }

  private static func rareIDs(_ entries: [IngestEntry]) -> [UniqueID] {
    entries.filter { $0.request.event == Array("rare".utf8) }.map(\.request.id).sorted(by: >)
  }

  /// What comes after pages were summarized: into the last of these pages and into new ones, newer and older than what is there.
  @Test func nothingIsMissedWhateverIsSummarized() async throws {
    try await withWriter { store, writer, fixture, database in
      var all: [IngestEntry] = []
      for round in 0..<4 {
        let new = Self.entries(fixture, 300, hours: round + 1)
        _ = await writer.submitAll(new)
        all += new
        #expect(try await Self.search(Self.rare, fixture, database) == Self.rareIDs(all), "round \(round), before")
        let summarized = try await store.summarizeTerms()
        #expect(summarized > 0)
        #expect(try await store.summarizeTerms() == 0)
        #expect(try await Self.search(Self.rare, fixture, database) == Self.rareIDs(all), "round \(round)")
      }
      // A request that changes what it is found by.
      let id = try #require(all.first?.request.id)
      try await administer(database, "UPDATE requests SET status = 418 WHERE id = '\(id)'")
      #expect(try await Self.search(RequestFilter(status: 418), fixture, database) == [id])
    }
  }

  @Test func pagesStayRightWhileRequestsArrive() async throws {
    try await withWriter { store, writer, fixture, database in
      let first = Self.entries(fixture, 400)
      _ = await writer.submitAll(first)
      try await store.summarizeTerms()
      var found: [UniqueID] = []
      while true {
        let page = try await Self.search(Self.rare, fixture, database, before: found.last, limit: 7)
        if page.isEmpty { break }
        found += page
        // Newer than what is listed: they belong before the first page.
        _ = await writer.submit(fixture.entry(event: "rare", withRun: false))
        try await store.summarizeTerms()
      }
      #expect(found == Self.rareIDs(first))
    }
  }

  @Test func severalValuesAreFoundInTheOrderOfTheirIDs() async throws {
    try await withWriter { store, writer, fixture, database in
      var entries = Self.entries(fixture, 400)
      for index in entries.indices {
        entries[index].request.outcome = [1, 4, 5, 6][index % 4]
        entries[index].request.cause = index % 4 == 1 ? Int16(6 + index % 3) : 0
      }
      _ = await writer.submitAll(entries)
      try await store.summarizeTerms()
      let cases: [(RequestFilter, (RequestRow) -> Bool)] = [
        (RequestFilter(outcomes: [4, 6]), { [4, 6].contains($0.outcome) }),
        (RequestFilter(outcomes: [4, 4, 5, 6, 7]), { $0.outcome != 1 }),
        (RequestFilter(outcomes: [4, 5], causes: [6, 8]), { [6, 8].contains($0.cause) && $0.outcome == 4 }),
        (RequestFilter(causes: [0, 7]), { [0, 7].contains($0.cause) }),
      ]
      for (filter, matches) in cases {
        let expected = entries.map(\.request).filter(matches).map(\.id).sorted(by: >)
        #expect(try await Self.search(filter, fixture, database) == expected, "\(filter)")
        var paged: [UniqueID] = []
        while true {
          let page = try await Self.search(filter, fixture, database, before: paged.last, limit: 23)
          paged += page
          if page.isEmpty { break }
        }
        #expect(paged == expected, "\(filter)")
      }
    }
  }

  @Test func oneProcessAtATimeSummarizes() async throws {
    try await withWriter { store, writer, fixture, database in
      _ = await writer.submitAll(Self.entries(fixture, 300))
      let session = try PostgresSession.connect(database.configuration)
      try session.run(script: "SELECT pg_advisory_lock(hashtext('headgate.terms'))")
      #expect(try await store.summarizeTerms() == 0)
      try session.run(script: "SELECT pg_advisory_unlock_all()")
      #expect(try await store.summarizeTerms() > 0)
    }
  }

  /// A database from before migration 6, with requests: the program before goes on working, all is found at once, and the closed
  /// days get the index later.
  @Test func anUpgradeKeepsWhatWasThere() async throws {
    try await withDatabase(migrated: false) { database in
      let session = try PostgresSession.connect(database.configuration)
      _ = try Migrations.apply(Array(Migrations.all.prefix(5)), to: session)
      try session.run(
        script: "SELECT create_partitions((now() AT TIME ZONE 'UTC')::date - 4, (now() AT TIME ZONE 'UTC')::date + 3)")
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        let writer = IngestWriter(database.configuration, logger: .silent)
        writer.start()
        var entries = Self.entries(fixture, 300, hours: 80)
        _ = await writer.submitAll(entries)
        #expect(try Migrations.apply(Array(Migrations.all.prefix(6)), to: session) == [6])
        try Migrations.check(Array(Migrations.all.prefix(5)), session)
        let more = Self.entries(fixture, 100)
        _ = await writer.submitAll(more)
        entries += more
        let lacking = "SELECT count(*) FROM request_partitions() p WHERE terms_index(p.name) IS NULL"
        #expect(try await number(database, lacking) == 4)
        #expect(try await Self.search(Self.rare, fixture, database) == Self.rareIDs(entries))
        let made = try await store.completeTerms()
        #expect(made.count == 4 && made == made.sorted(by: >), "\(made)")
        #expect(try await store.completeTerms().isEmpty)
        #expect(try await number(database, lacking) == 0)
        let valid = "SELECT indisvalid::int4 FROM pg_index WHERE indexrelid = 'requests_terms'::regclass"
        #expect(try await number(database, valid) == 1)
        #expect(try await Self.search(Self.rare, fixture, database) == Self.rareIDs(entries))
        // New days have it from the start, and days whose bodies expire keep it.
        _ = try await store.createPartitions(daysAhead: 6)
        #expect(try await number(database, lacking) == 0)
        _ = try await store.cleanUp(RetentionRules(bodyDays: 2, indexesBodies: false))
        #expect(try await number(database, lacking) == 0)
        let unsummarized = "SELECT coalesce(sum(brin_summarize_new_values(terms_index(p.name))), 0) FROM request_partitions() p"
        #expect(try await number(database, unsummarized + " WHERE p.day < (now() AT TIME ZONE 'UTC')::date - 2") == 0)
        #expect(try await Self.search(Self.rare, fixture, database) == Self.rareIDs(entries))
        await writer.shutDown(within: .seconds(5))
      }
    }
  }

  /// A block of addresses is found the same way in days that have the index of addresses, and in those that do not.
  @Test func blocksAreFoundOnBothSidesOfTheBoundary() async throws {
    try await withWriter { store, writer, fixture, database in
      let entries = (0..<60).map { index in
        fixture.entry(
          id: Fixture.requestID(ago: .seconds(index * 3600)), address: [10, UInt8(index % 3), 0, UInt8(index)], withRun: false)
      }
      _ = await writer.submitAll(entries)
      let expected = entries.map(\.request).filter { $0.clientAddress[1] == 1 }.map(\.id).sorted(by: >)
      let filter = RequestFilter(address: .init(address: [10, 1, 0, 0], prefixLength: 16))
      for _ in 0..<2 {
        let found = try await onThread {
          let session = try PostgresSession.connect(database.configuration)
          var search = RequestSearch(
            SearchQuery(fixture.workspace, filter, triggers: nil), on: session, limits: .init(candidatesBeforeDays: 1))
          try search.run(until: nil, wanting: 100)
          return search.found
        }
        #expect(found == expected)
        let done = try await store.cleanUp(RetentionRules(indexesBodies: false))
        #expect(done != nil)
      }
      let indexed = try await number(database, "SELECT count(*) FROM request_days WHERE addresses_indexed_at IS NOT NULL")
      #expect(indexed > 0)
      let open =
        "SELECT count(*) FROM request_days WHERE day >= (now() AT TIME ZONE 'UTC')::date AND addresses_indexed_at IS NOT NULL"
      #expect(try await number(database, open) == 0)
    }
  }
}
