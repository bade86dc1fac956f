import HeadgateProto
import Identifiers
import Postgres
import Store
import Testing

@testable import ControlPlane

@Suite("LogService.Export")
struct LogExportTests {
  @Test("every entry once, newest first; a cursor goes on behind its entry")
  func everything() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let (ingest, logs) = (try fixture.ingest, try fixture.logs)
      var sent: [String] = []
      for _ in 0..<(LogLimits.chunk + 25) {
        let request = EdgeRequest.make(key)
        _ = try await ingest.submit(request)
        sent.append(UniqueID(bytes: request.requestId)?.description ?? "")
      }
      let filter = QueryLogsRequest(outcomes: [.accepted])
      func export(_ filter: QueryLogsRequest) async throws -> [ExportedLog] {
        let stream = try await logs.export(ExportLogsRequest(filter: filter))
        var all: [ExportedLog] = []
        while let next = try await stream.next() { all.append(next) }
        return all
      }
      let all = try await export(filter)
      #expect(all.compactMap(\.entry?.id) == sent.reversed())
      #expect(all.dropFirst().allSatisfy { $0.totalEstimate == 0 })
      #expect(all.first?.entry?.runs.count == 1 && all.first?.entry?.explanation != nil)

      var rest = filter
      rest.cursor = all[99].cursor
      #expect(try await export(rest).compactMap(\.entry?.id) == Array(sent.reversed()[100...]))
      rest.status = 200
      #expect(try await failure { try await export(rest) }.paths == ["cursor"])
      #expect(try await failure { try await export(QueryLogsRequest(pageSize: 5)) }.paths == ["filter.page_size"])
      #expect(try await export(QueryLogsRequest(outcomes: [.rejected])).isEmpty)
    }
  }
}

@Suite("LogService.Stats")
struct LogStatsTests {
  @Test(
    "fields out of their bounds are named",
    arguments: [
      (LogStatsRequest(bucketSeconds: 31 * 86_400 + 1), "bucket_seconds"),
      (LogStatsRequest(filter: QueryLogsRequest(sinceUs: 1), bucketSeconds: 1), "bucket_seconds"),
      (LogStatsRequest(filter: QueryLogsRequest(sinceUs: 253_402_300_799_999_999)), "filter.since_us"),
      (LogStatsRequest(filter: QueryLogsRequest(pageSize: 1)), "filter.page_size"),
      (LogStatsRequest(filter: QueryLogsRequest(cursor: "x")), "filter.cursor"),
      (LogStatsRequest(filter: QueryLogsRequest(status: 7)), "filter.status"),
    ])
  func faults(request: LogStatsRequest, path: String) async throws {
    try await withControlPlane { fixture in
      let logs = try fixture.logs
      #expect(try await failure { try await logs.stats(request) }.paths == [path])
    }
  }

  @Test(
    "buckets are about two dozen",
    arguments: [(60, 5), (3600, 300), (86_400, 3600), (604_800, 43_200), (2_592_000, 172_800), (864_000_000, 2_678_400)]
      as [(Int64, Int64)])
  func lengths(seconds: Int64, bucket: Int64) {
    let now = UnixTime(microseconds: 1_767_323_045_000_000)
    #expect(BucketLength.standard(for: now - .seconds(seconds), now) == bucket)
  }

  @Test("requests are counted by outcome and cause; runs that were leased by how long they waited")
  func counts() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.routed)["hook"] ?? []
      let (ingest, logs) = (try fixture.ingest, try fixture.logs)
      for _ in 0..<3 { _ = try await ingest.submit(EdgeRequest.make(key, body: #"{"event": "order_approved", "email": "a"}"#)) }
      _ = try await ingest.submit(EdgeRequest.make(key, body: #"{"event": "order_approved"}"#))
      #expect(try await eventually { try await logs.query(QueryLogsRequest()).entries.count == 4 })
      _ = try await fixture.runs.lease(LeaseRunsRequest(maxRuns: 1))
      let response = try await logs.stats(LogStatsRequest())
      #expect(response.bucketSeconds == 3600 && (24...25).contains(response.buckets.count))
      let shares = response.buckets.flatMap(\.outcomes)
      let counts = Dictionary(shares.map { ("\($0.outcome) \($0.cause)", $0.count) }, uniquingKeysWith: +)
      #expect(counts == ["accepted unspecified": 3, "rejected requiredMissing": 1])
      #expect(response.buckets.map(\.leaseP99Us).max() ?? 0 > 0)
      #expect(response.buckets.map(\.processingP50Us).max() ?? 0 > 0)
      let narrowed = try await logs.stats(
        LogStatsRequest(filter: QueryLogsRequest(trigger: "orders/hook", outcomes: [.rejected])))
      #expect(narrowed.buckets.flatMap(\.outcomes).map(\.count).reduce(0, +) == 1)
      #expect(narrowed.buckets.allSatisfy { $0.leaseP99Us == 0 })
    }
  }
}
