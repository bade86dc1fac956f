package import Identifiers
import Postgres

extension Store {
  /// Creates a workspace; the caller has checked the name's form.
  ///
  /// - Throws: `.alreadyExists(.workspace)`.
  package func createWorkspace(
    named name: String, id: UniqueID = .random(), audit: AuditEntry? = nil
  ) async throws(StoreError) -> WorkspaceRow {
    try await change { [identifiers] session in
      let created = try session.query(Statements.createWorkspace, [.id(id), .text(name)]).first { try WorkspaceRow(&$0) }
      guard let created else { throw StoreError.alreadyExists(.workspace) }
      if let audit { try session.record(audit, identifiers) }
      try session.announce(.workspace(id))
      return created
    }
  }

  /// Changes a workspace.
  ///
  /// - Throws: `.notFound(.workspace)`.
  package func updateWorkspace(
    _ id: UniqueID, defaultRegion: String, audit: AuditEntry? = nil
  ) async throws(StoreError) -> WorkspaceRow {
    try await change { [identifiers] session in
      let updated = try session.query(Statements.updateWorkspace, [.id(id), .text(defaultRegion)]).first { try WorkspaceRow(&$0) }
      guard let updated else { throw StoreError.notFound(.workspace) }
      if let audit { try session.record(audit, identifiers) }
      try session.announce(.workspace(id))
      return updated
    }
  }

  /// The workspace of this name, created if there is none.
  package func ensureWorkspace(named name: String) async throws(StoreError) -> WorkspaceRow {
    if let workspace = try await workspace(named: name) { return workspace }
    do { return try await createWorkspace(named: name) } catch .alreadyExists {
      guard let workspace = try await workspace(named: name) else { throw .notFound(.workspace) }
      return workspace
    }
  }

  /// A workspace by name.
  package func workspace(named name: String) async throws(StoreError) -> WorkspaceRow? {
    try await read { session in try session.query(Statements.workspaceByName, [.text(name)]).first { try WorkspaceRow(&$0) } }
  }

  /// All workspaces, by name.
  package func workspaces() async throws(StoreError) -> [WorkspaceRow] {
    try await read { session in try session.query(Statements.listWorkspaces).map { try WorkspaceRow(&$0) } }
  }

  /// A workspace's data keys, oldest version first.
  package func dataKeys(of workspace: UniqueID) async throws(StoreError) -> [DataKeyRow] {
    try await read { session in try session.query(Statements.listDataKeys, [.id(workspace)]).map { try DataKeyRow(&$0) } }
  }

  /// The data keys of all workspaces, oldest version first within each.
  package func dataKeys() async throws(StoreError) -> [DataKeyRow] {
    try await read { session in try session.query(Statements.listDataKeys, [.null]).map { try DataKeyRow(&$0) } }
  }

  /// Stores a data key.
  ///
  /// - Throws: `.alreadyExists(.dataKey)` when the workspace has this version: another process was faster, its key is to be
  ///   read and used.
  package func insertDataKey(_ key: DataKeyRow, audit: AuditEntry? = nil) async throws(StoreError) {
    try await change { [identifiers] session in
      let inserted = try session.query(
        Statements.insertDataKey,
        [.id(key.workspace), .int32(key.version), .int32(key.masterKeyVersion), .bytes(key.wrapped)])
      guard inserted.affectedCount == 1 else { throw StoreError.alreadyExists(.dataKey) }
      if let audit { try session.record(audit, identifiers) }
      try session.announce(.workspace(key.workspace))
    }
  }
}

extension WorkspaceRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(id: try row.id(), name: try row.text(), createdAt: try row.time(), defaultRegion: try row.text())
  }
}

extension DataKeyRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      workspace: try row.id(), version: try row.int32(), masterKeyVersion: try row.int32(), wrapped: try row.bytes(),
      createdAt: try row.time())
  }
}
