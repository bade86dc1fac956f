import Logging
import Postgres

extension Store {
  /// Applies the migrations that are missing, all in one transaction under an advisory lock, and makes the partitions of
  /// these days.
  ///
  /// - Returns: the versions applied; empty: none was missing.
  /// - Throws: `.migrationChanged`; `.schemaMismatch` when the database is newer than this program.
  package func migrate() async throws(StoreError) -> [Int] {
    var configuration = configuration
    // A migration may take long, and may wait for another process that migrates.
    configuration.statementTimeout = .zero
    configuration.lockTimeout = .zero
    configuration.answerTimeout = Self.migrationTimeout
    configuration.idleInTransactionTimeout = .zero
    let connection = PostgresConnection(configuration, threadName: "migrate", logger: logger)
    let outcome = await connection.perform { session in try Migrations.apply(Migrations.all, to: session) }
    await connection.close()
    do {
      let applied = try outcome.result.get()
      if !applied.isEmpty { logger.info("schema migrated", metadata: ["versions": "\(applied)"]) }
      return applied
    } catch { throw StoreError(error) }
  }

  /// Throws `.schemaMismatch` or `.migrationChanged` unless the database has exactly the migrations of this program.
  package func checkSchema() async throws(StoreError) {
    try await read { session in try Migrations.check(Migrations.all, session) }
  }

  /// The version of the last migration in the database; 0: none.
  package func schemaVersion() async throws(StoreError) -> Int {
    try await read { session in try Migrations.applied(session).last?.version ?? 0 }
  }

  /// Makes the day partitions from yesterday to `days` ahead that do not exist yet. To be repeated at least daily.
  ///
  /// - Returns: how many were made.
  package func createPartitions(daysAhead days: Int = 3) async throws(StoreError) -> Int {
    try await write { session in
      try session.query(Statements.createPartitions, [.int32(1), .int32(Int32(clamping: days))]).first { Int(try $0.int32()) }
        ?? 0
    }
  }

  /// Drops the partitions of days that are more than `days` ago; those of runs only where no run is unfinished.
  ///
  /// - Returns: the names of what was dropped.
  package func dropPartitions(olderThanDays days: Int) async throws(StoreError) -> [String] {
    try await write { session in
      try session.query(Statements.dropPartitions, [.int32(Int32(clamping: days))]).map { try $0.text() }
    }
  }

  private static let migrationTimeout = Duration.seconds(3600)
}
