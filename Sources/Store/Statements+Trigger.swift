import Postgres

/// Statements of claims, variables and ordered runs.
extension Statements {
  static let claimDeliveries = statement("claim_deliveries", PackageResources.claim_deliveries_sql)
  static let countPendingRequests = statement("count_pending_requests", PackageResources.count_pending_requests_sql)
  static let deleteExpiredClaims = statement("delete_expired_claims", PackageResources.delete_expired_claims_sql)
  static let deleteVariable = statement("delete_variable", PackageResources.delete_variable_sql)
  static let deliveryHolders = statement("delivery_holders", PackageResources.delivery_holders_sql)
  static let listVariables = statement("list_variables", PackageResources.list_variables_sql)
  static let pendingRequests = statement("pending_requests", PackageResources.pending_requests_sql)
  static let pendingTriggers = statement("pending_triggers", PackageResources.pending_triggers_sql)
  static let setVariable = statement("set_variable", PackageResources.set_variable_sql)
  static let settlePendingRequest = statement("settle_pending_request", PackageResources.settle_pending_request_sql)

  static let trigger: [PostgresStatement] = [
    claimDeliveries, countPendingRequests, deleteExpiredClaims, deleteVariable, deliveryHolders, listVariables,
    pendingRequests, pendingTriggers, setVariable, settlePendingRequest,
  ]
}
