/// One SQL statement under a name; prepared once per connection.
package struct PostgresStatement: Hashable, Sendable {
  /// Unique within the program; also the label of metrics and logs.
  package let name: String
  package let sql: String

  /// Makes a statement.
  package init(_ name: String, _ sql: String) {
    self.name = name
    self.sql = sql
  }
}
