import Postgres

/// Statements of API keys, the audit log and key rotation.
extension Statements {
  static let access: [PostgresStatement] = []
}
