package import Identifiers
import Postgres

extension Store {
  /// Records an administrative act that changes nothing else in the database.
  package func record(_ entry: AuditEntry) async throws(StoreError) {
    try await write { [identifiers] session in try session.record(entry, identifiers) }
  }

  /// A workspace's administrative acts, newest first.
  ///
  /// - Parameters:
  ///   - id: only those older than this one; `nil`: from the newest.
  ///   - includesAll: also those that concern no workspace alone.
  package func auditLog(
    in workspace: UniqueID, matching filter: AuditFilter = AuditFilter(), before id: UniqueID? = nil,
    includesAll: Bool = true, limit: Int
  ) async throws(StoreError) -> [AuditRow] {
    let parameters: [PostgresValue] = [
      .id(workspace), .id(id ?? .greatest), .int32(Int32(clamping: limit)),
      .optional(filter.action, PostgresValue.lenientText), .optional(filter.actionPrefix, PostgresValue.lenientText),
      .optional(filter.principal, PostgresValue.lenientText), .optional(filter.object, PostgresValue.lenientText),
      .optional(filter.since, PostgresValue.time), .optional(filter.until, PostgresValue.time),
      .bool(includesAll),
    ]
    return try await read { session in
      try session.query(Statements.listAudit, parameters).map { row in
        AuditRow(
          id: try row.id(), at: try row.time(),
          entry: AuditEntry(
            workspace: try row.id(), principal: try row.text(), peer: try row.text(), action: try row.text(),
            object: try row.text(), details: try row.json()))
      }
    }
  }
}

extension Store {
  /// Whether the role that this store connects as could change the audit log, or take away what keeps it from that.
  package func couldChangeAuditLog() async throws(StoreError) -> Bool {
    try await read { session in try session.query(Statements.auditIsChangeable).first { try $0.bool() } ?? true }
  }

  /// Gives a role of the database what serving takes and no more; for the owner of the schema.
  package func grantServing(to role: String) async throws(StoreError) {
    try await change { session in _ = try session.query(Statements.grantServing, [.text(role)]) }
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
        .lenientText(entry.object), .json(entry.details), .bool(entry.concernsAll),
      ])
  }
}
