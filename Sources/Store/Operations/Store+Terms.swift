import Postgres

extension Store {
  /// Gives the days that lack it their part of the index that searches go by, newest first: after an upgrade those that were over
  /// before it. On a connection of its own.
  ///
  /// - Returns: the partitions' names; empty: none lacked it.
  package func completeTerms() async throws(StoreError) -> [String] {
    var configuration = configuration
    // Reading a day may take long.
    configuration.statementTimeout = .zero
    configuration.answerTimeout = Self.termsTimeout
    let connection = PostgresConnection(configuration, threadName: "terms", logger: logger)
    let outcome = await connection.perform { session in
      var made: [String] = []
      while let name = try session.query(Statements.createTermsIndex).first({ try $0.text() }) { made.append(name) }
      return made
    }
    await connection.close()
    do { return try outcome.result.get() } catch { throw StoreError(error) }
  }

  /// Makes what was recorded since the last time known to the index that searches go by; searches read the rest as a whole. To be
  /// repeated every few seconds, by any number of processes.
  ///
  /// - Returns: ranges of pages.
  @discardableResult
  package func summarizeTerms() async throws(StoreError) -> Int64 {
    try await write { session in try session.query(Statements.summarizeTerms).first { try $0.int64() } ?? 0 }
  }

  private static let termsTimeout = Duration.seconds(3600)
}
