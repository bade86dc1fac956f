import Identifiers
import Postgres
import Testing
import TestSupport

@testable import Store

@Suite struct StatisticsTests {
  @Test func nothingIsCountedAsNothing() async throws {
    try await withWriter { store, _, fixture, _ in
      let now = UnixTime.now()
      let none = try await store.requestStatistics(
        in: fixture.workspace, matching: RequestFilter(flow: .random()), since: now - .seconds(100), until: now,
        bucket: .seconds(10))
      #expect((10...11).contains(none.count))
      #expect(none.allSatisfy { $0.shares.isEmpty && $0.processing99 == .zero && $0.lease99 == .zero })
    }
  }

  @Test func requestsAreCountedByBucketOutcomeAndCause() async throws {
    try await withWriter { store, writer, fixture, database in
      let hour = Duration.seconds(3600)
      var entries = (0..<20).map { _ in fixture.entry(id: Fixture.requestID(ago: hour * 2)) }
      entries += (0..<10).map { index in
        var entry = fixture.entry(outcome: 4, status: 401, withRun: false)
        entry.request.cause = index < 3 ? 7 : 10
        return entry
      }
      for index in entries.indices { entries[index].request.processingMicroseconds = Int32(1000 * (index + 1)) }
      _ = await writer.submitAll(entries)
      let until = UnixTime.now() + .seconds(1)
      let buckets = try await store.requestStatistics(
        in: fixture.workspace, matching: RequestFilter(), since: until - hour * 4, until: until, bucket: hour)
      #expect(buckets.first?.start.microseconds.isMultiple(of: 3_600_000_000) == true)
      #expect(buckets.map { $0.shares.reduce(0) { $0 + $1.count } }.reduce(0, +) == 30)
      let last = try #require(buckets.last)
      #expect(last.shares.filter { $0.outcome == 4 }.map(\.count) == [3, 7])
      #expect(last.shares.filter { $0.outcome == 4 }.map(\.cause) == [7, 10])
      #expect(last.bodyBytes > 0)
      let old = try #require(buckets.first { !$0.shares.isEmpty })
      #expect(old.shares == [.init(outcome: 1, cause: 0, count: 20)])
      // Of 1 to 20 ms.
      #expect(abs(old.processingMedian.wholeMicroseconds - 10_000) < 300)
      #expect(abs(old.processing99.wholeMicroseconds - 20_000) < 600)
      #expect(old.lease99 == .zero)
      // A first lease ten seconds after the record, then another attempt.
      try await administer(
        database, "UPDATE runs SET created_at = now() - interval '10 s', first_leased_at = now()")
      for filter in [RequestFilter(), RequestFilter(trigger: fixture.trigger), RequestFilter(event: Array("paid".utf8))] {
        let leased = try await store.requestStatistics(
          in: fixture.workspace, matching: filter, since: until - hour * 4, until: until, bucket: hour * 4)
        let longest = leased.map(\.lease99.wholeMicroseconds).max() ?? 0
        #expect(abs(longest - 10_000_000) < 300_000, "\(filter)")
      }
      let none = try await store.requestStatistics(
        in: fixture.workspace, matching: RequestFilter(event: Array("none".utf8)), since: until - hour * 4, until: until,
        bucket: hour)
      #expect(none.allSatisfy { $0.lease99 == .zero && $0.shares.isEmpty })
    }
  }

  @Test func theFirstLeaseIsKept() async throws {
    try await withWriter { store, writer, fixture, database in
      _ = await writer.submit(fixture.entry())
      let first = try await store.leaseRuns(in: fixture.workspace, worker: "w", limit: 1, duration: .seconds(60))
      let run = try #require(first.first)
      _ = try await store.failRun(
        run.id, in: fixture.workspace, epoch: run.leaseEpoch, error: "", backoff: RunBackoff(first: .zero, longest: .zero))
      let before = try await number(database, "SELECT extract(epoch FROM first_leased_at) * 1000000 FROM runs")
      _ = try await store.leaseRuns(in: fixture.workspace, worker: "w", limit: 1, duration: .seconds(60))
      let after = try await number(database, "SELECT extract(epoch FROM first_leased_at) * 1000000 FROM runs")
      #expect(before == after && before > 0)
    }
  }

  @Test(arguments: [(0.5, 100.0), (0.99, 10_000.0), (1.0, 10_000.0), (0.01, 100.0)])
  func quantiles(share: Double, expected: Double) {
    var classes = LatencyClasses()
    #expect(classes.quantile(share) == 0)
    classes.add(90, of: 147)
    classes.add(10, of: 295)
    #expect(abs(classes.quantile(share) / expected - 1) < 0.03)
  }
}
