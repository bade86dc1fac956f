import Postgres

/// Statements of listen sessions.
extension Statements {
  static let listen: [PostgresStatement] = []
}
