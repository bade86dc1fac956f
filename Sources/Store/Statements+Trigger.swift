import Postgres

/// Statements of claims, variables and ordered runs.
extension Statements {
  static let claimDeliveries = statement("claim_deliveries", PackageResources.claim_deliveries_sql)
  static let deleteExpiredClaims = statement("delete_expired_claims", PackageResources.delete_expired_claims_sql)
  static let deliveryHolders = statement("delivery_holders", PackageResources.delivery_holders_sql)

  static let trigger: [PostgresStatement] = [claimDeliveries, deleteExpiredClaims, deliveryHolders]
}
