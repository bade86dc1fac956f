package import HeadgateProto
import Postgres
import Store

extension LogService {
  package func stats(_ request: LogStatsRequest, context: CallContext) async throws -> LogStatsResponse {
    let query = request.filter ?? QueryLogsRequest()
    var checks = RequestChecks()
    if query.pageSize != 0 { checks.fault("filter.page_size", "conflict", "filter.page_size has no meaning here") }
    if !query.cursor.isEmpty { checks.fault("filter.cursor", "conflict", "filter.cursor has no meaning here") }
    let unresolved = LogFilter(query, prefix: "filter.", &checks)
    let given = checks.number(request.bucketSeconds, "bucket_seconds", LogLimits.bucketSeconds, zero: 0)
    let until = query.untilUs == 0 ? UnixTime.now() : UnixTime(microseconds: query.untilUs)
    let since = query.sinceUs == 0 ? until - LogLimits.statisticsTime : UnixTime(microseconds: query.sinceUs)
    if since >= until, checks.faults.isEmpty { checks.fault("filter.since_us", "conflict", "filter.since_us must be before now") }
    let bucket = given == 0 ? BucketLength.standard(for: since, until) : Int64(given)
    if (until.microseconds - since.microseconds) / 1_000_000 / bucket > LogLimits.buckets {
      checks.fault(
        "bucket_seconds", "out_of_range", "bucket_seconds must be greater: there would be more than \(LogLimits.buckets) buckets")
    }
    try checks.finish()
    let workspace = try await directory.workspace(query.workspace, for: context.principal)
    let filter = try await unresolved.resolved(by: references, in: workspace.id)
    let buckets = try await store.answer { store throws(StoreError) in
      try await store.requestStatistics(
        in: workspace.id, matching: filter, since: since, until: until, bucket: .seconds(bucket))
    }
    return LogStatsResponse(buckets: buckets.map(LogStatsBucket.init), bucketSeconds: UInt32(clamping: bucket))
  }
}

/// How long buckets are when nobody says.
enum BucketLength {
  /// Seconds that people reckon with.
  private static let usual: [Int64] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600,
    2_678_400,
  ]

  /// The shortest usual length that makes no more than the standard number of buckets.
  static func standard(for since: UnixTime, _ until: UnixTime) -> Int64 {
    let seconds = (until.microseconds - since.microseconds) / 1_000_000
    return usual.first { seconds / $0 <= LogLimits.standardBuckets } ?? Int64(LogLimits.bucketSeconds.upperBound)
  }
}

extension LogStatsBucket {
  init(_ bucket: RequestStatistics) {
    self.init(
      startUs: bucket.start.microseconds,
      outcomes: bucket.shares.map {
        OutcomeShare(
          outcome: Outcome(number: Int32($0.outcome)), cause: Cause(number: Int32($0.cause)), count: UInt64(clamping: $0.count))
      },
      processingP50Us: UInt32(clamping: bucket.processingMedian.wholeMicroseconds),
      processingP99Us: UInt32(clamping: bucket.processing99.wholeMicroseconds), bodyBytes: UInt64(clamping: bucket.bodyBytes),
      leaseP50Us: UInt64(clamping: bucket.leaseMedian.wholeMicroseconds),
      leaseP99Us: UInt64(clamping: bucket.lease99.wholeMicroseconds))
  }
}
