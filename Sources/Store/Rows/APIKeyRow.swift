package import Identifiers
package import Postgres

/// An API key as it is shown: without its hash.
package struct APIKeyRow: Hashable, Sendable {
  package var id: UniqueID
  /// The workspace that it belongs to, by name.
  package var workspace: String
  /// It is not confined to that workspace.
  package var seesAllWorkspaces: Bool
  package var name: String
  /// Number of the role in the proto files.
  package var role: Int16
  /// The first characters of its text.
  package var prefix: String
  package var createdAt: UnixTime
  package var createdBy: String
  /// `nil`: does not end.
  package var expiresAt: UnixTime?
  /// `nil`: is not revoked.
  package var revokedAt: UnixTime?
  /// To the minute; `nil`: never.
  package var lastUsedAt: UnixTime?
}

/// An API key to be stored.
package struct NewAPIKey: Sendable {
  package var workspace: UniqueID
  package var id: UniqueID
  package var seesAllWorkspaces: Bool
  package var name: String
  package var role: Int16
  /// SHA-256 of its text.
  package var hash: [UInt8]
  package var prefix: String
  package var createdBy: String
  /// From now on by PostgreSQL's clock; `nil`: does not end.
  package var lifetime: Duration?

  package init(
    workspace: UniqueID, id: UniqueID = .random(), seesAllWorkspaces: Bool, name: String, role: Int16, hash: [UInt8],
    prefix: String, createdBy: String, lifetime: Duration?
  ) {
    self.workspace = workspace
    self.id = id
    self.seesAllWorkspaces = seesAllWorkspaces
    self.name = name
    self.role = role
    self.hash = hash
    self.prefix = prefix
    self.createdBy = createdBy
    self.lifetime = lifetime
  }
}

/// An API key that is valid now, as callers are recognised by it.
package struct LiveAPIKeyRow: Hashable, Sendable {
  package var id: UniqueID
  /// By name.
  package var workspace: String
  package var seesAllWorkspaces: Bool
  package var name: String
  package var role: Int16
  /// SHA-256 of its text.
  package var hash: [UInt8]
  package var expiresAt: UnixTime?

  package init(
    id: UniqueID, workspace: String, seesAllWorkspaces: Bool, name: String, role: Int16, hash: [UInt8], expiresAt: UnixTime?
  ) {
    self.id = id
    self.workspace = workspace
    self.seesAllWorkspaces = seesAllWorkspaces
    self.name = name
    self.role = role
    self.hash = hash
    self.expiresAt = expiresAt
  }
}

extension APIKeyRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      id: try row.id(), workspace: try row.text(), seesAllWorkspaces: try row.bool(), name: try row.text(),
      role: try row.int16(), prefix: try row.text(), createdAt: try row.time(), createdBy: try row.text(),
      expiresAt: try row.optionalTime(), revokedAt: try row.optionalTime(), lastUsedAt: try row.optionalTime())
  }
}

extension LiveAPIKeyRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      id: try row.id(), workspace: try row.text(), seesAllWorkspaces: try row.bool(), name: try row.text(),
      role: try row.int16(), hash: try row.bytes(), expiresAt: try row.optionalTime())
  }
}
