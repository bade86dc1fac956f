package import Identifiers
import Postgres

extension Store {
  /// Creates or replaces a variable; all replicas load the workspace's variables anew. Returns it with its time.
  ///
  /// - Parameter limit: variables that a workspace may have.
  /// - Throws: `.tooMany(.variable)`, `.notFound(.workspace)`.
  package func setVariable(
    _ variable: VariableRow, limit: Int, audit: AuditEntry? = nil
  ) async throws(StoreError) -> VariableRow {
    try await change { [identifiers] session in
      var value = PostgresValue.null
      var ciphertext = PostgresValue.null
      switch variable.content {
      case .plain(let text): value = .text(text)
      case .sealed(let bytes): ciphertext = .bytes(bytes)
      }
      let stored: VariableRow?
      do throws(PostgresError) {
        let result = try session.query(
          Statements.setVariable,
          [.id(variable.workspace), .text(variable.name), value, ciphertext, .int32(Int32(clamping: limit))])
        if result.count > 0 {
          var row = result[0]
          stored = try VariableRow(&row)
        } else {
          stored = nil
        }
      } catch {
        throw error.sqlState == foreignKeyViolation ? StoreError.notFound(.workspace) : error
      }
      guard let stored else { throw StoreError.tooMany(.variable) }
      if let audit { try session.record(audit, identifiers) }
      try session.announce(.workspace(variable.workspace))
      return stored
    }
  }

  /// Deletes a variable; all replicas load the workspace's variables anew.
  ///
  /// - Throws: `.notFound(.variable)`.
  package func deleteVariable(_ name: String, in workspace: UniqueID, audit: AuditEntry? = nil) async throws(StoreError) {
    try await change { [identifiers] session in
      let deleted = try session.query(Statements.deleteVariable, [.id(workspace), .lenientText(name)])
      guard deleted.affectedCount == 1 else { throw StoreError.notFound(.variable) }
      if let audit { try session.record(audit, identifiers) }
      try session.announce(.workspace(workspace))
    }
  }

  /// A workspace's variables, by name.
  package func variables(of workspace: UniqueID) async throws(StoreError) -> [VariableRow] {
    try await read { session in
      try session.query(Statements.listVariables, [.id(workspace)]).map { try VariableRow(&$0) }
    }
  }
}

/// SQLSTATE of a reference to a row that is not there.
private let foreignKeyViolation = "23503"

extension VariableRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    let workspace = try row.id()
    let name = try row.text()
    let value = try row.optionalText()
    let ciphertext = try row.optionalBytes()
    self.init(
      workspace: workspace, name: name, content: value.map(Content.plain) ?? .sealed(ciphertext ?? []),
      updatedAt: try row.time())
  }
}
