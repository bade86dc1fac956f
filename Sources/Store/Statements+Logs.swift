import Postgres

/// Statements of searching the log and of retention.
extension Statements {
  static let addressDays = statement("address_days", PackageResources.address_days_sql)
  static let createTermsIndex = statement("create_terms_index", PackageResources.create_terms_index_sql)
  static let estimateRequests = filtered("estimate_requests", PackageResources.estimate_requests_sql)
  static let expireBodies = statement("expire_bodies", PackageResources.expire_bodies_sql)
  static let indexAddresses = statement("index_addresses", PackageResources.index_addresses_sql)
  static let indexBodies = statement("index_bodies", PackageResources.index_bodies_sql)
  static let indexedDays = statement("indexed_days", PackageResources.indexed_days_sql)
  static let leaseStatistics = filtered("lease_statistics", PackageResources.lease_statistics_sql)
  static let oldestPartition = statement("oldest_partition", PackageResources.oldest_partition_sql)
  static let recordRetention = statement("record_retention", PackageResources.record_retention_sql)
  static let releaseRetentionLock = statement("release_retention_lock", PackageResources.release_retention_lock_sql)
  static let requestStatistics = filtered("request_statistics", PackageResources.request_statistics_sql)
  static let requestsByIds = statement("requests_by_ids", PackageResources.requests_by_ids_sql)
  static let retentionState = statement("retention_state", PackageResources.retention_state_sql)
  static let runsOfRequests = statement("runs_of_requests", PackageResources.runs_of_requests_sql)
  static let searchAll = filtered("search_all", PackageResources.search_all_sql)
  static let searchRange = filtered("search_range", PackageResources.search_range_sql)
  static let searchTriggers = filtered("search_triggers", PackageResources.search_triggers_sql)
  static let summarizeTerms = statement("summarize_terms", PackageResources.summarize_terms_sql)
  static let tailRequests = filtered("tail_requests", PackageResources.tail_requests_sql)
  static let triggerIdsOfFlow = statement("trigger_ids_of_flow", PackageResources.trigger_ids_of_flow_sql)
  static let trimRetentionRuns = statement("trim_retention_runs", PackageResources.trim_retention_runs_sql)
  static let tryRetentionLock = statement("try_retention_lock", PackageResources.try_retention_lock_sql)
  static let wholeRequestsByIds = statement("whole_requests_by_ids", PackageResources.whole_requests_by_ids_sql)

  static let logs: [PostgresStatement] = [
    addressDays, createTermsIndex, estimateRequests, expireBodies, indexAddresses, indexBodies, indexedDays, leaseStatistics,
    oldestPartition, recordRetention, releaseRetentionLock, requestStatistics, requestsByIds, retentionState, runsOfRequests,
    searchAll, searchRange, searchTriggers, summarizeTerms, tailRequests, triggerIdsOfFlow, trimRetentionRuns, tryRetentionLock,
    wholeRequestsByIds,
  ]

  /// Texts that several statements share, by the name of their file; each stands for its name between `/*` and `*/`.
  static let fragments = [
    "filter": fragment(PackageResources.filter_sql), "terms": fragment(PackageResources.terms_sql),
  ]

  /// The text without the comment before it.
  private static func fragment(_ text: [UInt8]) -> String {
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    return lines.drop { $0.hasPrefix("--") }.joined(separator: "\n")
  }

  /// A statement with the fragments put in.
  private static func filtered(_ name: String, _ text: [UInt8]) -> PostgresStatement {
    var sql = String(decoding: text, as: UTF8.self)
    for (fragment, text) in fragments { sql = sql.replacing("/*\(fragment)*/", with: text) }
    return PostgresStatement(name, sql)
  }
}
