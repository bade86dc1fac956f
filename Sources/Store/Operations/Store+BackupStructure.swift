import Postgres

/// What the check of a backup asks beside counts.
extension Store {
  /// What the role that this store connects as lacks of what serving takes: a right, and the table or function.
  package func missingRights() async throws(StoreError) -> [(right: String, name: String)] {
    try await read { session in
      try session.query(Statements.backupRights).map { (right: try $0.text(), name: try $0.text()) }
    }
  }

  /// Indexes, constraints, functions and triggers of the schema that a restore has left out: a kind and a name.
  package func structuralDefects() async throws(StoreError) -> [(kind: String, name: String)] {
    try await read { session in
      try session.query(Statements.backupDefects).map { (kind: try $0.text(), name: try $0.text()) }
    }
  }

  /// Statements of this program that the database does not understand, because a table, column or function is missing: each with
  /// the database's words, which name it.
  package func unusableStatements() async throws(StoreError) -> [String] {
    try await read { session in
      var unusable: [String] = []
      // COPY is not prepared; what it writes to is in the others.
      for statement in Statements.all where !statement.sql.contains("COPY") {
        do throws(PostgresError) {
          try session.prepare(statement)
        } catch {
          // This session has used it before.
          if error.sqlState == Self.duplicatePreparedStatement { continue }
          guard error.kind == .server, !error.isConnectionLost else { throw error }
          if !unusable.contains(error.message) { unusable.append(error.message) }
        }
      }
      return unusable
    }
  }

  private static let duplicatePreparedStatement = "42P05"

  /// Counts what says who may call.
  package func accessContents() async throws(StoreError) -> AccessContents {
    try await read { session in
      try session.query(Statements.backupAccess).first { row in
        AccessContents(
          apiKeys: try row.int64(), unusableAPIKeys: try row.int64(), certificates: try row.int64(),
          revokedCertificates: try row.int64(), auditRows: try row.int64())
      } ?? AccessContents()
    }
  }
}

/// What a database holds of who may call, and of what was done.
package struct AccessContents: Hashable, Sendable {
  package var apiKeys: Int64 = 0
  /// Those that nobody can be recognised by: without a whole hash, or of a role that there is not.
  package var unusableAPIKeys: Int64 = 0
  package var certificates: Int64 = 0
  package var revokedCertificates: Int64 = 0
  package var auditRows: Int64 = 0
}
