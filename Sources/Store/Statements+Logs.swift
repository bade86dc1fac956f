import Postgres

/// Statements of searching the log and of retention.
extension Statements {
  static let logs: [PostgresStatement] = []
}
