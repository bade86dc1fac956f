/// How to reach PostgreSQL, and the limits of each connection.
package struct PostgresConfiguration: Sendable {
  /// A libpq connection string, keywords or URI, several hosts allowed
  /// (https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING). May hold a password: never logged.
  package var connectionString: String
  /// What `pg_stat_activity` shows.
  package var applicationName: String
  /// How long one attempt to connect to one host may take: whole seconds, at least 2 (libpq's `connect_timeout`).
  package var connectTimeout: Duration
  /// How long the server works at one statement before it gives up; zero: without end.
  package var statementTimeout: Duration
  /// How long a statement waits for a lock before it gives up; zero: without end.
  package var lockTimeout: Duration
  /// How long this side waits for the answer to one statement before it drops the connection. Longer than
  /// `statementTimeout`: it is for a server that answers nothing at all.
  package var answerTimeout: Duration
  /// How long a transaction may stay open without a statement.
  package var idleInTransactionTimeout: Duration
  /// What happens when the server does not guarantee durability.
  package var durability: Durability
  /// The server refuses what would change anything.
  package var isReadOnly = false
  /// The pauses between attempts to connect.
  package var backoff: Backoff

  /// What happens when the server does not guarantee durability.
  package enum Durability: Sendable {
    /// The connection is refused with `.notDurable`.
    case require
    /// The connection is used all the same; the caller is to say so loudly.
    case ignore
  }

  /// Makes a configuration with the defaults.
  package init(
    connectionString: String, applicationName: String = "headgate", connectTimeout: Duration = .seconds(3),
    statementTimeout: Duration = .seconds(10), lockTimeout: Duration = .seconds(5), answerTimeout: Duration = .seconds(15),
    idleInTransactionTimeout: Duration = .seconds(30), durability: Durability = .require, backoff: Backoff = Backoff()
  ) {
    self.connectionString = connectionString
    self.applicationName = applicationName
    self.connectTimeout = connectTimeout
    self.statementTimeout = statementTimeout
    self.lockTimeout = lockTimeout
    self.answerTimeout = answerTimeout
    self.idleInTransactionTimeout = idleInTransactionTimeout
    self.durability = durability
    self.backoff = backoff
  }
}

extension PostgresConfiguration: CustomStringConvertible {
  /// Without the connection string, which may hold a password.
  package var description: String { "PostgresConfiguration(\(applicationName))" }
}

extension PostgresConfiguration: CustomReflectable {
  /// Without the connection string, which may hold a password.
  package var customMirror: Mirror { Mirror(self, children: ["applicationName": applicationName]) }
}
