/// What went wrong between this process and PostgreSQL.
///
/// Never carries a value of a parameter or a row: the server's DETAIL, HINT and CONTEXT are dropped, and so is the primary
/// message where PostgreSQL puts values into it (class 22).
package struct PostgresError: Error, Hashable, Sendable {
  /// What kind of failure it is.
  package enum Kind: Hashable, Sendable {
    /// No connection could be made.
    case connectionFailed
    /// The connection broke, or was given up because its deadline passed. See `isInDoubt`.
    case connectionLost
    /// The server answered with an error.
    case server
    /// The server's settings do not guarantee that what was committed survives a crash.
    case notDurable
    /// Every connection is busy and the queue for one is full, or the wait for one took too long.
    case poolExhausted
    /// The pool or connection was shut down by this process.
    case shutDown
    /// A value was not of the type asked for, or the calls came in the wrong order: a fault of this program.
    case misuse
  }

  package var kind: Kind
  /// For people. Free of values.
  package var message: String
  /// The five characters of SQLSTATE, with `kind` `.server`; else empty.
  /// Source: https://www.postgresql.org/docs/15/errcodes-appendix.html
  package var sqlState: String
  /// "ERROR", "FATAL", "PANIC", untranslated; else empty.
  package var severity: String
  /// The constraint that was violated, where the server names one.
  package var constraint: String
  /// The table concerned, where the server names one.
  package var table: String
  /// It is not known whether the statement, or the transaction that was being committed, took effect.
  package var isInDoubt: Bool

  /// Makes an error; what is left out is empty.
  package init(
    _ kind: Kind, _ message: String, sqlState: String = "", severity: String = "", constraint: String = "", table: String = "",
    isInDoubt: Bool = false
  ) {
    self.kind = kind
    self.message = message
    self.sqlState = sqlState
    self.severity = severity
    self.constraint = constraint
    self.table = table
    self.isInDoubt = isInDoubt
  }

  /// The same work may succeed when it is tried again, on this or another connection. Says nothing about `isInDoubt`.
  package var isRetryable: Bool {
    switch kind {
    case .connectionFailed, .connectionLost, .poolExhausted: true
    case .notDurable, .shutDown, .misuse: false
    case .server: Self.retryableClasses.contains(String(sqlState.prefix(2))) || Self.retryableStates.contains(sqlState)
    }
  }

  /// The connection cannot be used any more.
  package var isConnectionLost: Bool {
    switch kind {
    case .connectionFailed, .connectionLost: true
    case .server: severity == "FATAL" || severity == "PANIC" || sqlState == Self.readOnlyTransaction
    case .notDurable, .poolExhausted, .shutDown, .misuse: false
    }
  }

  /// A row with this key exists already (23505).
  package var isUniqueViolation: Bool { sqlState == "23505" }

  /// No partition takes the row (23514 without a constraint's name; that with one is a CHECK).
  package var isPartitionMissing: Bool { sqlState == "23514" && constraint.isEmpty }

  /// 40001: the same work is to be tried again.
  package static let serializationFailure = "40001"
  /// The statement took longer than `statementTimeout` (57014).
  package var isStatementTimeout: Bool { sqlState == "57014" }

  /// 25006: this server has become a standby; another one is the primary now.
  static let readOnlyTransaction = "25006"
  /// Connection exceptions, transaction rollback (serialization, deadlock), insufficient resources, operator intervention.
  private static let retryableClasses: Set<String> = ["08", "40", "53", "57"]
  /// Lock not available, read-only transaction.
  private static let retryableStates: Set<String> = ["55P03", readOnlyTransaction]
}

extension PostgresError: CustomStringConvertible {
  package var description: String {
    var text = sqlState.isEmpty ? message : "\(sqlState): \(message)"
    if !constraint.isEmpty { text += " (constraint \(constraint))" }
    if isInDoubt { text += " (it is not known whether it took effect)" }
    return text
  }
}
