import Identifiers
import Postgres

extension Store {
  /// Cleans up as the rules say, on a connection of its own: drops what is too old, takes the bodies from requests, indexes the
  /// addresses and the bodies of closed days. What it did and why it failed is recorded; what failed is tried again in the next
  /// round.
  ///
  /// - Returns: what was done; `nil`: another process was at it.
  package func cleanUp(_ rules: RetentionRules) async throws(StoreError) -> CleanUp? {
    var configuration = configuration
    // Copying or indexing a day may take long.
    configuration.statementTimeout = .zero
    configuration.answerTimeout = Self.cleanUpTimeout
    let connection = PostgresConnection(configuration, threadName: "retention", logger: logger)
    let outcome = await connection.perform { session -> CleanUp? in
      guard try session.query(Statements.tryRetentionLock).first({ try $0.bool() }) == true else { return nil }
      let began = UnixTime.now()
      var done = CleanUp()
      var failure: PostgresError?
      do throws(PostgresError) { try session.cleanUp(rules, &done) } catch { failure = error }
      let isDue = try session.isRetentionDue()
      if !done.isEmpty || failure != nil || isDue {
        try session.query(Statements.recordRetention, [.time(began), .text(done.summary), .text(failure?.description ?? "")])
        try session.query(Statements.trimRetentionRuns)
      }
      try session.query(Statements.releaseRetentionLock)
      if let failure { throw failure }
      return done
    }
    await connection.close()
    do { return try outcome.result.get() } catch { throw StoreError(error) }
  }

  /// How the last clean-up went.
  package func retentionState() async throws(StoreError) -> RetentionState {
    try await read { session in
      var row = try session.query(Statements.retentionState)[0]
      return RetentionState(
        lastRunAt: try row.optionalTime(), result: try row.text(), error: try row.text(),
        oldestRequestDay: try row.optionalID().map { UnixTime(microseconds: $0.unixMilliseconds * 1000) })
    }
  }

  private static let cleanUpTimeout = Duration.seconds(6 * 3600)
}

extension PostgresSession {
  fileprivate func cleanUp(_ rules: RetentionRules, _ done: inout CleanUp) throws(PostgresError) {
    if let days = rules.requestDays {
      done.dropped = try names(Statements.dropPartitions, [.int32(Int32(clamping: days))])
    }
    if let days = rules.bodyDays {
      while let name = try names(
        Statements.expireBodies, [.int32(Int32(clamping: days)), .int32(Int32(clamping: rules.lockAttempts))]
      ).first {
        done.emptied.append(name)
      }
    }
    while let name = try names(Statements.indexAddresses, [.int32(Self.minutesOver)]).first { done.addresses.append(name) }
    if rules.indexesBodies {
      for _ in 0..<rules.indexedDaysAtOnce {
        guard let name = try names(Statements.indexBodies, [.int32(0)]).first else { break }
        done.indexed.append(name)
      }
    }
  }

  /// How long a day is over when its addresses are indexed, which holds up late requests of that day for as long as it takes.
  private static let minutesOver: Int32 = 10

  /// A run that did nothing is recorded once an hour, as a sign of life.
  fileprivate func isRetentionDue() throws(PostgresError) -> Bool {
    let rows = try query(Statements.retentionState)
    guard rows.count > 0 else { return true }
    var row = rows[0]
    guard let last = try row.optionalTime() else { return true }
    return UnixTime.now() - .seconds(3600) > last
  }

  private func names(_ statement: PostgresStatement, _ parameters: [PostgresValue]) throws(PostgresError) -> [String] {
    let rows = try query(statement, parameters)
    var names: [String] = []
    for index in 0..<rows.count {
      var row = rows[index]
      names.append(try row.text())
    }
    return names
  }
}
