import Postgres

/// Statements of customers and chats.
extension Statements {
  static let customers: [PostgresStatement] = []
}
