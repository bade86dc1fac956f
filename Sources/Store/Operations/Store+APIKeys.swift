package import Identifiers
import Postgres

extension Store {
  /// Stores an API key.
  ///
  /// - Parameter limit: keys that the workspace may have which are neither revoked nor have ended.
  /// - Throws: `.alreadyExists(.apiKey)` when a key of the workspace that is not revoked has the name;
  ///   `.tooMany(.apiKey)`.
  package func createAPIKey(_ key: NewAPIKey, limit: Int, audit: AuditEntry) async throws(StoreError) -> APIKeyRow {
    try await change { [identifiers] session in
      let count = try session.query(Statements.countAPIKeys, [.id(key.workspace)]).first { try $0.int64() } ?? 0
      guard count < limit else { throw StoreError.tooMany(.apiKey) }
      let inserted = try session.query(
        Statements.insertAPIKey,
        [
          .id(key.workspace), .id(key.id), .bool(key.seesAllWorkspaces), .text(key.name), .int16(key.role), .bytes(key.hash),
          .text(key.prefix), .lenientText(key.createdBy), .optional(key.lifetime) { .int64($0.wholeMicroseconds) },
        ])
      guard inserted.affectedCount == 1 else { throw StoreError.alreadyExists(.apiKey) }
      try session.record(audit, identifiers)
      try session.announce(.apiKeys)
      return try session.apiKey(key.id)
    }
  }

  /// API keys, newest first, revoked and ended ones included.
  ///
  /// - Parameter workspace: only those confined to it; `nil`: all there are.
  package func apiKeys(in workspace: UniqueID?, limit: Int) async throws(StoreError) -> [APIKeyRow] {
    try await read { session in
      try session.query(
        Statements.listAPIKeys, [.optional(workspace, PostgresValue.id), .null, .int32(Int32(clamping: limit))]
      ).map { try APIKeyRow(&$0) }
    }
  }

  /// The keys that an id or a name may mean; of those with the name, only ones that are not revoked.
  ///
  /// - Parameter includesUnconfined: also keys for all workspaces.
  package func apiKeys(
    named reference: String, in workspace: UniqueID, includesUnconfined: Bool
  ) async throws(StoreError) -> [APIKeyRow] {
    try await read { session in
      try session.query(
        Statements.findAPIKeys,
        [.id(workspace), .bool(includesUnconfined), .optional(UniqueID(reference), PostgresValue.id), .lenientText(reference)]
      ).map { try APIKeyRow(&$0) }
    }
  }

  /// Ends a key at once. One that is revoked already stays as it is, without an audit row.
  ///
  /// - Throws: `.notFound(.apiKey)`.
  package func revokeAPIKey(_ id: UniqueID, in workspace: UniqueID, audit: AuditEntry) async throws(StoreError) -> APIKeyRow {
    try await change { [identifiers] session in
      let revoked = try session.query(Statements.revokeAPIKey, [.id(workspace), .id(id)])
      if revoked.affectedCount == 1 {
        try session.record(audit, identifiers)
        try session.announce(.apiKeys)
      }
      return try session.apiKey(id)
    }
  }

  /// Every key that is valid now.
  package func liveAPIKeys() async throws(StoreError) -> [LiveAPIKeyRow] {
    try await read { session in try session.query(Statements.liveAPIKeys).map { try LiveAPIKeyRow(&$0) } }
  }

  /// Notes that keys were used in the present minute.
  package func noteAPIKeyUse(_ ids: [UniqueID]) async throws(StoreError) {
    try await write { session in _ = try session.query(Statements.noteAPIKeyUse, [.ids(ids)]) }
  }
}

extension PostgresSession {
  fileprivate func apiKey(_ id: UniqueID) throws -> APIKeyRow {
    guard let row = try query(Statements.listAPIKeys, [.null, .id(id), .int32(1)]).first({ try APIKeyRow(&$0) }) else {
      throw StoreError.notFound(.apiKey)
    }
    return row
  }
}
