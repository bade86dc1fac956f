package import Identifiers
import Postgres

extension Store {
  /// Records an administrative act that changes nothing else in the database.
  package func record(_ entry: AuditEntry) async throws(StoreError) {
    try await write { [identifiers] session in try session.record(entry, identifiers) }
  }

  /// A workspace's administrative acts, newest first.
  ///
  /// - Parameter id: only those older than this one; `nil`: from the newest.
  package func auditLog(in workspace: UniqueID, before id: UniqueID? = nil, limit: Int) async throws(StoreError) -> [AuditRow] {
    try await read { session in
      try session.query(Statements.listAudit, [.id(workspace), .id(id ?? .greatest), .int32(Int32(clamping: limit))]).map { row in
        AuditRow(
          id: try row.id(), at: try row.time(),
          entry: AuditEntry(
            workspace: try row.id(), principal: try row.text(), peer: try row.text(), action: try row.text(),
            object: try row.text(), details: try row.json()))
      }
    }
  }
}

extension PostgresSession {
  /// Records an administrative act within the present transaction.
  func record(_ entry: AuditEntry, _ identifiers: RequestIDGenerator) throws(PostgresError) {
    let id = identifiers.next(unixMilliseconds: UnixTime.now().microseconds / 1000)
    try query(
      Statements.insertAudit,
      [
        .id(entry.workspace), .id(id), .lenientText(entry.principal), .lenientText(entry.peer), .lenientText(entry.action),
        .lenientText(entry.object), .json(entry.details),
      ])
  }
}
