import CPostgres

extension PostgresSession {
  /// `copy` by libpq alone, for encrypted connections: a round trip for each statement and one for the commit.
  ///
  /// They go as one string of the simple protocol, which PostgreSQL runs as one transaction and commits before it answers
  /// the last of them (https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT).
  func copyStepwise(
    _ statements: [String], committing: Bool,
    _ send: (Int, (borrowing CopyBuffer) throws(PostgresError) -> Void) throws(PostgresError) -> Void
  ) throws(PostgresError) {
    let deadline = ContinuousClock.now + answerTimeout
    let script = statements.joined(separator: ";") + (committing ? ";COMMIT" : "")
    guard PQsendQuery(connection, script) == 1 else { throw lost() }
    var sent = 0
    do throws(PostgresError) {
      var failure: PostgresError?
      while let result = try nextResult(until: deadline) {
        defer { PQclear(result) }
        if let error = error(of: result) {
          if failure == nil { failure = error }
        } else if PQresultStatus(result) == PGRES_COPY_IN {
          let index = sent
          sent += 1
          try send(index) { (rows) throws(PostgresError) in try put(rows, until: deadline) }
        }
      }
      if let failure { throw failure }
    } catch {
      throw sent == statements.count && (committing || !isInTransaction) ? error.inDoubtIfLost : error
    }
  }

  /// Sends all rows of one COPY and its end.
  private func put(_ rows: borrowing CopyBuffer, until deadline: ContinuousClock.Instant) throws(PostgresError) {
    try rows.withBytes { (bytes) throws(PostgresError) in
      var rest = bytes[...]
      while !rest.isEmpty {
        let chunk = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.chunkBytes))
        try put(chunk, until: deadline)
        rest = rest.dropFirst(chunk.count)
        if !rest.isEmpty { try flush(until: deadline) }
      }
    }
    while true {
      switch PQputCopyEnd(connection, nil) {
      case 1: return
      case 0: try flush(until: deadline)
      default: throw lost()
      }
    }
  }

  private func put(_ bytes: UnsafeRawBufferPointer, until deadline: ContinuousClock.Instant) throws(PostgresError) {
    while true {
      switch PQputCopyData(connection, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), CInt(bytes.count)) {
      case 1: return
      case 0: try flush(until: deadline)
      default: throw lost()
      }
    }
  }

  /// Bytes given to libpq at once: bounds its own copy of them, and lets the server work while more is sent.
  private static let chunkBytes = 256 << 10
}
