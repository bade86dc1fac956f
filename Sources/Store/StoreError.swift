package import Postgres

/// Why an operation of the store failed. Free of values of rows.
package enum StoreError: Error, Hashable, Sendable {
  /// There is no such object (in this workspace).
  case notFound(StoredObject)
  /// An object with this name or key exists already.
  case alreadyExists(StoredObject)
  /// There are as many of them as there may be.
  case tooMany(StoredObject)
  /// The flow was changed since the caller read it; `current` is its revision now.
  case staleRevision(current: Int64)
  /// A trigger of the flow has got another secret since the caller read them.
  case staleSecrets
  /// The lease belongs to another worker by now, or the run is finished: the epoch named is not the run's.
  case staleLease
  /// PostgreSQL cannot be reached or does not answer in time; nothing was changed. May be tried again.
  case unavailable(PostgresError)
  /// The connection broke while the change was being committed: it may have taken effect. May be tried again where the
  /// operation is idempotent.
  case inDoubt(PostgresError)
  /// The schema of the database is older or newer than this program needs.
  case schemaMismatch(found: Int, needed: Int)
  /// A migration that was applied differs from the one in this program.
  case migrationChanged(version: Int)
  /// PostgreSQL does not guarantee durability; see `PostgresConfiguration.Durability`.
  case notDurable(PostgresError)
  /// The caller's task was cancelled while it waited for a connection.
  case cancelled
  /// A search took longer than it may: it is to be narrowed.
  case searchTooLong
  /// PostgreSQL does not take the JSON that a search names, such as one with a NUL character in a text.
  case searchNotUnderstood
  /// The database refused the statement or answered something unexpected: a fault of this program or of the schema.
  case database(PostgresError)

  /// The same call may succeed when it is repeated.
  package var isRetryable: Bool {
    switch self {
    case .unavailable, .inDoubt: true
    case .notFound, .alreadyExists, .tooMany, .staleRevision, .staleSecrets, .staleLease, .schemaMismatch, .migrationChanged,
      .notDurable, .cancelled, .database, .searchTooLong, .searchNotUnderstood:
      false
    }
  }
}

/// What an error is about.
package enum StoredObject: String, Hashable, Sendable {
  case workspace
  case dataKey
  case flow
  case flowVersion
  case trigger
  case secret
  case request
  case run
  case apiKey
  case certificate
  case variable
}

extension StoreError {
  /// The store's name for whatever a connection or the pool threw.
  init(_ error: any Error) {
    switch error {
    case let error as StoreError: self = error
    case is CancellationError: self = .cancelled
    case let error as PostgresError:
      if error.isInDoubt {
        self = .inDoubt(error)
      } else if error.kind == .notDurable {
        self = .notDurable(error)
      } else if error.isRetryable || error.kind == .shutDown {
        self = .unavailable(error)
      } else {
        self = .database(error)
      }
    default: self = .database(PostgresError(.misuse, "unexpected error of type \(type(of: error))"))
    }
  }
}
