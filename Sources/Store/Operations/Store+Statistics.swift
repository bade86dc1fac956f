package import Identifiers
package import Postgres

extension Store {
  /// Counts and times by bucket of the time received, those without a request included, oldest first.
  ///
  /// - Parameters:
  ///   - filter: `since` and `until` must be given.
  ///   - bucket: whole seconds; the first bucket starts at `since`, rounded down to a multiple of it since 1970.
  package func requestStatistics(
    in workspace: UniqueID, matching filter: RequestFilter, since: UnixTime, until: UnixTime, bucket: Duration
  ) async throws(StoreError) -> [RequestStatistics] {
    let length = bucket.wholeMicroseconds
    let origin = UnixTime(microseconds: since.microseconds / length * length)
    var filter = filter
    filter.since = since
    filter.until = until
    return try await search { [filter] session in
      var buckets = StatisticsBuckets(origin: origin, until: until, length: length)
      let triggers = try session.triggers(of: filter, in: workspace)
      if triggers?.isEmpty == true { return buckets.statistics }
      let query = SearchQuery(workspace, filter, triggers: triggers)
      let parameters = query.parameters(limit: 1) + [.int32(Int32(clamping: length / 1_000_000)), .time(origin)]
      try session.planned(filter.isNarrow ? .terms : .values) { () throws(PostgresError) in
        let requests = try session.query(Statements.requestStatistics, parameters)
        for index in 0..<requests.count {
          var row = requests[index]
          try buckets.addRequests(&row)
        }
      }
      try session.planned { () throws(PostgresError) in
        let leases = try session.query(Statements.leaseStatistics, parameters + [.bool(query.restrictsRequests)])
        for index in 0..<leases.count {
          var row = leases[index]
          try buckets.addLeases(&row)
        }
      }
      return buckets.statistics
    }
  }
}

/// The buckets between two times, as they are filled.
private struct StatisticsBuckets {
  private struct Bucket {
    var counts: [Key: Int64] = [:]
    var bodyBytes: Int64 = 0
    var processing = LatencyClasses()
    var lease = LatencyClasses()
  }

  private struct Key: Hashable {
    var outcome: Int16
    var cause: Int16
  }

  private let origin: UnixTime
  private let length: Int64
  private var buckets: [Bucket]

  init(origin: UnixTime, until: UnixTime, length: Int64) {
    self.origin = origin
    self.length = length
    let span = max(0, until.microseconds - origin.microseconds)
    buckets = Array(repeating: Bucket(), count: Int(span / length + (span % length > 0 ? 1 : 0)))
  }

  private func index(_ row: inout PostgresRow) throws(PostgresError) -> Int? {
    let index = Int((try row.time().microseconds - origin.microseconds) / length)
    return buckets.indices.contains(index) ? index : nil
  }

  mutating func addRequests(_ row: inout PostgresRow) throws(PostgresError) {
    guard let index = try index(&row) else { return }
    let key = Key(outcome: try row.int16(), cause: try row.int16())
    let latencyClass = try row.int32()
    let count = try row.int64()
    buckets[index].counts[key, default: 0] += count
    buckets[index].processing.add(count, of: latencyClass)
    buckets[index].bodyBytes += try row.int64()
  }

  mutating func addLeases(_ row: inout PostgresRow) throws(PostgresError) {
    guard let index = try index(&row) else { return }
    let latencyClass = try row.int32()
    buckets[index].lease.add(try row.int64(), of: latencyClass)
  }

  var statistics: [RequestStatistics] {
    buckets.enumerated().map { index, bucket in
      let shares = bucket.counts.map { RequestStatistics.Share(outcome: $0.key.outcome, cause: $0.key.cause, count: $0.value) }
      return RequestStatistics(
        start: UnixTime(microseconds: origin.microseconds + Int64(index) * length),
        shares: shares.sorted { ($0.outcome, $0.cause) < ($1.outcome, $1.cause) }, bodyBytes: bucket.bodyBytes,
        processingMedian: .microseconds(bucket.processing.quantile(0.5)),
        processing99: .microseconds(bucket.processing.quantile(0.99)),
        leaseMedian: .microseconds(bucket.lease.quantile(0.5)), lease99: .microseconds(bucket.lease.quantile(0.99)))
    }
  }
}
