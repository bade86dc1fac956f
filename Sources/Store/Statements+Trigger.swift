import Postgres

/// Statements of claims, variables and ordered runs.
extension Statements {
  static let trigger: [PostgresStatement] = []
}
