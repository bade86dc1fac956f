import Postgres

extension PostgresSession {
  /// Has what is done from now on planned as look-ups by keys.
  ///
  /// Plans are made once for a connection, perhaps while the tables are empty, where reading them whole is cheapest; they would
  /// stay so while the tables grow. For connections that only look for a few rows by their keys.
  func planByKeys() throws(PostgresError) {
    try run(script: "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off")
  }
}
