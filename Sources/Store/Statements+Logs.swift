import Postgres

/// Statements of searching the log and of retention.
extension Statements {
  static let estimateRequests = statement("estimate_requests", PackageResources.estimate_requests_sql)
  static let expireBodies = statement("expire_bodies", PackageResources.expire_bodies_sql)
  static let indexBodies = statement("index_bodies", PackageResources.index_bodies_sql)
  static let indexedDays = statement("indexed_days", PackageResources.indexed_days_sql)
  static let leaseStatistics = statement("lease_statistics", PackageResources.lease_statistics_sql)
  static let partitionDays = statement("partition_days", PackageResources.partition_days_sql)
  static let recordRetention = statement("record_retention", PackageResources.record_retention_sql)
  static let releaseRetentionLock = statement("release_retention_lock", PackageResources.release_retention_lock_sql)
  static let requestStatistics = statement("request_statistics", PackageResources.request_statistics_sql)
  static let requestsByIds = statement("requests_by_ids", PackageResources.requests_by_ids_sql)
  static let retentionState = statement("retention_state", PackageResources.retention_state_sql)
  static let runsOfRequests = statement("runs_of_requests", PackageResources.runs_of_requests_sql)
  static let searchAddress = statement("search_address", PackageResources.search_address_sql)
  static let searchAll = statement("search_all", PackageResources.search_all_sql)
  static let searchCauses = statement("search_causes", PackageResources.search_causes_sql)
  static let searchChat = statement("search_chat", PackageResources.search_chat_sql)
  static let searchCustomer = statement("search_customer", PackageResources.search_customer_sql)
  static let searchDay = statement("search_day", PackageResources.search_day_sql)
  static let searchDelivery = statement("search_delivery", PackageResources.search_delivery_sql)
  static let searchEvent = statement("search_event", PackageResources.search_event_sql)
  static let searchOutcomes = statement("search_outcomes", PackageResources.search_outcomes_sql)
  static let searchStatus = statement("search_status", PackageResources.search_status_sql)
  static let searchTriggers = statement("search_triggers", PackageResources.search_triggers_sql)
  static let tailRequests = statement("tail_requests", PackageResources.tail_requests_sql)
  static let triggerIdsOfFlow = statement("trigger_ids_of_flow", PackageResources.trigger_ids_of_flow_sql)
  static let trimRetentionRuns = statement("trim_retention_runs", PackageResources.trim_retention_runs_sql)
  static let tryRetentionLock = statement("try_retention_lock", PackageResources.try_retention_lock_sql)
  static let wholeRequestsByIds = statement("whole_requests_by_ids", PackageResources.whole_requests_by_ids_sql)

  static let logs: [PostgresStatement] = [
    estimateRequests, expireBodies, indexBodies, indexedDays, leaseStatistics, partitionDays, recordRetention,
    releaseRetentionLock, requestStatistics, requestsByIds, retentionState, runsOfRequests, searchAddress, searchAll,
    searchCauses, searchChat, searchCustomer, searchDay, searchDelivery, searchEvent, searchOutcomes, searchStatus,
    searchTriggers, tailRequests, triggerIdsOfFlow, trimRetentionRuns, tryRetentionLock, wholeRequestsByIds,
  ]
}
