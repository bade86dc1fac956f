import CPostgres

/// A statement with its parameters, to be run together with others.
package struct PostgresCall: Sendable {
  package var statement: PostgresStatement
  package var parameters: [PostgresValue]

  /// Makes a call.
  package init(_ statement: PostgresStatement, _ parameters: [PostgresValue] = []) {
    self.statement = statement
    self.parameters = parameters
  }
}

extension PostgresSession {
  /// Runs statements one after the other in one round trip (https://www.postgresql.org/docs/15/libpq-pipeline-mode.html). Each
  /// sees what those before it did; after one that fails the server skips the rest.
  ///
  /// Outside of a transaction they are one of their own, unless `beginning`.
  ///
  /// - Parameter beginning: a transaction begins with them and goes on, also after an error: `rollBack` ends it, or `copy` that
  ///   commits.
  /// - Returns: the results in the order of the statements.
  /// - Throws: the first error; `.connectionLost` with `isInDoubt` when the connection broke, unless a transaction goes on.
  package func query(_ calls: [PostgresCall], beginning: Bool = false) throws(PostgresError) -> [PostgresResult] {
    guard !(beginning && isInTransaction) else { throw PostgresError(.misuse, "a transaction within a transaction") }
    guard beginning || !calls.isEmpty else { return [] }
    let deadline = ContinuousClock.now + answerTimeout
    let calls = beginning ? [PostgresCall(Self.begin)] + calls : calls
    try prepare(calls, until: deadline)
    guard PQenterPipelineMode(connection) == 1 else { throw lost() }
    if beginning { isInTransaction = true }
    do throws(PostgresError) {
      for call in calls { try send(call.statement, call.parameters) }
      guard PQpipelineSync(connection) == 1 else { throw lost() }
      let results = try pipelined(calls.count, until: deadline)
      return beginning ? Array(results.dropFirst()) : results
    } catch { throw isInTransaction ? error : error.inDoubtIfLost }
  }

  /// Reads the results of so many statements and leaves the pipeline mode.
  private func pipelined(_ count: Int, until deadline: ContinuousClock.Instant) throws(PostgresError) -> [PostgresResult] {
    var results: [PostgresResult] = []
    results.reserveCapacity(count)
    var failure: PostgresError?
    for _ in 0..<count {
      while let result = try nextResult(until: deadline) {
        if failure == nil { failure = error(of: result) }
        if failure == nil { results.append(PostgresResult(result)) } else { PQclear(result) }
      }
    }
    guard let end = try nextResult(until: deadline) else { throw lost("the pipeline has no end") }
    let isEnd = PQresultStatus(end) == PGRES_PIPELINE_SYNC
    PQclear(end)
    guard isEnd, PQexitPipelineMode(connection) == 1 else { throw lost("the pipeline has no end") }
    if let failure { throw failure }
    guard results.count == count else { throw lost("a statement has no result") }
    return results
  }

  private static let begin = PostgresStatement("begin", "BEGIN")
}
