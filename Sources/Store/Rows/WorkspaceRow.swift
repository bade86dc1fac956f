package import Identifiers
package import Postgres

/// A tenant.
package struct WorkspaceRow: Hashable, Sendable {
  package var id: UniqueID
  package var name: String
  package var createdAt: UnixTime
  /// ISO 3166-1 alpha-2, upper-case: where phone numbers without a country are from; empty: nowhere.
  package var defaultRegion: String

  package init(id: UniqueID, name: String, createdAt: UnixTime, defaultRegion: String = "") {
    self.id = id
    self.name = name
    self.createdAt = createdAt
    self.defaultRegion = defaultRegion
  }
}

/// A workspace's data key, wrapped by a master key.
package struct DataKeyRow: Hashable, Sendable {
  package var workspace: UniqueID
  /// 1, 2, 3 … within the workspace.
  package var version: Int32
  /// The version of the master key that wraps it.
  package var masterKeyVersion: Int32
  /// The data key as the vault sealed it.
  package var wrapped: [UInt8]
  /// Set by the database when it is inserted.
  package var createdAt: UnixTime

  package init(
    workspace: UniqueID, version: Int32, masterKeyVersion: Int32, wrapped: [UInt8],
    createdAt: UnixTime = UnixTime(microseconds: 0)
  ) {
    self.workspace = workspace
    self.version = version
    self.masterKeyVersion = masterKeyVersion
    self.wrapped = wrapped
    self.createdAt = createdAt
  }
}
