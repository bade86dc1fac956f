package import Identifiers
import Postgres

/// What names a trigger, FLOW/NODE; also a place in the list of triggers.
package struct TriggerPosition: Hashable, Sendable {
  package var flowName: String
  package var node: String

  /// Makes a position, such as that of the last trigger seen.
  package init(flowName: String, node: String) {
    self.flowName = flowName
    self.node = node
  }
}

extension Store {
  /// A live trigger by id.
  package func trigger(_ id: UniqueID, in workspace: UniqueID) async throws(StoreError) -> TriggerRow? {
    try await read { session in
      try session.query(Statements.triggerById, [.id(workspace), .id(id)]).first { try TriggerRow(&$0) }
    }
  }

  /// A live trigger by key.
  package func trigger(key: String, in workspace: UniqueID) async throws(StoreError) -> TriggerRow? {
    try await read { session in
      try session.query(Statements.triggerByKey, [.id(workspace), .lenientText(key)]).first { try TriggerRow(&$0) }
    }
  }

  /// A live trigger by the name of its flow and its node.
  package func trigger(
    node: String, ofFlowNamed flow: String, in workspace: UniqueID
  ) async throws(StoreError) -> TriggerRow? {
    try await read { session in
      try session.query(Statements.triggerByNode, [.id(workspace), .lenientText(flow), .lenientText(node)])
        .first { try TriggerRow(&$0) }
    }
  }

  /// The flow's name and the node of a trigger, also of one that has been deleted.
  package func position(ofTrigger id: UniqueID, in workspace: UniqueID) async throws(StoreError) -> TriggerPosition? {
    try await read { session in
      try session.query(Statements.triggerPosition, [.id(workspace), .id(id)]).first {
        TriggerPosition(flowName: try $0.text(), node: try $0.text())
      }
    }
  }

  /// The live triggers of one flow, by node.
  package func triggers(of flow: UniqueID, in workspace: UniqueID) async throws(StoreError) -> [TriggerRow] {
    try await read { session in
      try session.query(Statements.listTriggersOfFlow, [.id(workspace), .id(flow)]).map { try TriggerRow(&$0) }
    }
  }

  /// Live triggers by flow name and node.
  ///
  /// - Parameter position: only those after this flow and node; `nil`: from the start.
  package func triggers(
    in workspace: UniqueID, after position: TriggerPosition? = nil, limit: Int
  ) async throws(StoreError) -> [TriggerRow] {
    try await read { session in
      let triggers = try session.query(
        Statements.listTriggers,
        [
          .id(workspace), .lenientText(position?.flowName ?? ""), .lenientText(position?.node ?? ""),
          .int32(Int32(clamping: limit)),
        ])
      return try triggers.map { try TriggerRow(&$0) }
    }
  }

  /// Enables or disables a trigger, effective at once.
  ///
  /// - Throws: `.notFound(.trigger)`.
  package func setTrigger(
    _ id: UniqueID, in workspace: UniqueID, enabled: Bool, audit: AuditEntry? = nil
  ) async throws(StoreError) -> TriggerRow {
    try await change { [identifiers] session in
      try session.query(Statements.setTriggerEnabled, [.id(workspace), .id(id), .bool(enabled)])
      let trigger = try session.query(Statements.triggerById, [.id(workspace), .id(id)]).first { try TriggerRow(&$0) }
      guard let trigger else { throw StoreError.notFound(.trigger) }
      if let audit { try session.record(audit, identifiers) }
      try session.announce(.flow(trigger.flow, workspace: workspace))
      return trigger
    }
  }

  /// The secrets of a trigger that have not ended, newest first.
  ///
  /// - Parameter audit: the record of the reveal; it is committed before anything is returned.
  package func secrets(
    of trigger: UniqueID, in workspace: UniqueID, audit: AuditEntry? = nil
  ) async throws(StoreError) -> [SecretRow] {
    guard let audit else {
      return try await read { session in
        try session.query(Statements.listSecrets, [.id(workspace), .id(trigger)]).map { try SecretRow(&$0) }
      }
    }
    return try await change { [identifiers] session in
      try session.record(audit, identifiers)
      return try session.query(Statements.listSecrets, [.id(workspace), .id(trigger)]).map { try SecretRow(&$0) }
    }
  }

  /// Adds a secret, and lets those that do not end before then end after the overlap. Returns the new one with its time.
  ///
  /// - Throws: `.notFound(.trigger)`, `.staleRevision`.
  package func rotateSecret(_ rotation: SecretRotation, audit: AuditEntry? = nil) async throws(StoreError) -> SecretRow {
    try await change { [identifiers] session in
      let trigger = rotation.added.trigger
      // The flow first, as those who save it do; a trigger never changes its flow.
      let row = try session.query(Statements.triggerById, [.id(rotation.workspace), .id(trigger)]).first { try TriggerRow(&$0) }
      guard let flow = row?.flow else { throw StoreError.notFound(.trigger) }
      let revision = try session.query(Statements.lockFlow, [.id(rotation.workspace), .id(flow)]).first { try $0.int64() }
      guard let revision, try session.query(Statements.lockTrigger, [.id(rotation.workspace), .id(trigger)]).count == 1 else {
        throw StoreError.notFound(.trigger)
      }
      if let expected = rotation.expectedRevision, expected != revision { throw StoreError.staleRevision(current: revision) }
      try session.query(
        Statements.expireSecretsOfTrigger,
        [
          .id(rotation.workspace), .id(trigger), .int64(rotation.overlap.wholeMicroseconds),
          .int16(rotation.added.purpose.rawValue),
        ])
      let added = try session.insert(rotation.added, in: rotation.workspace)
      if let audit { try session.record(audit, identifiers) }
      try session.announce(.flow(flow, workspace: rotation.workspace))
      return added
    }
  }

  /// Deletes the secrets that have ended. Returns how many.
  package func deleteExpiredSecrets() async throws(StoreError) -> Int {
    try await write { session in try session.query(Statements.deleteExpiredSecrets).affectedCount }
  }
}

extension Store {
  /// Deletes claims of deliveries whose windows have long passed. Returns how many.
  ///
  /// - Parameter limit: at most so many, so that a round is short.
  package func deleteExpiredClaims(limit: Int = 50_000) async throws(StoreError) -> Int {
    try await write { session in
      try session.query(Statements.deleteExpiredClaims, [.int32(Int32(clamping: limit))]).affectedCount
    }
  }
}

extension PostgresSession {
  /// Stores a secret and returns it with the database's time.
  func insert(_ secret: SecretRow, in workspace: UniqueID) throws -> SecretRow {
    var secret = secret
    do throws(PostgresError) {
      let result = try query(
        Statements.insertSecret,
        [
          .id(workspace), .id(secret.trigger), .id(secret.id), .bytes(secret.ciphertext),
          .optional(secret.expiresAt) { .time($0) }, .int16(secret.purpose.rawValue),
        ])
      var row = result[0]
      secret.createdAt = try row.time()
    } catch {
      if error.sqlState == foreignKeyViolation { throw StoreError.notFound(.trigger) }
      throw error.isUniqueViolation ? StoreError.alreadyExists(.secret) : error
    }
    return secret
  }
}

/// SQLSTATE of a reference to a row that is not there.
private let foreignKeyViolation = "23503"

extension TriggerRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      workspace: try row.id(), id: try row.id(), flow: try row.id(), flowName: try row.text(), node: try row.text(),
      key: try row.text(), isEnabled: try row.bool(), createdAt: try row.time(), updatedAt: try row.time())
  }
}

extension SecretRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      trigger: try row.id(), id: try row.id(), purpose: try row.secretPurpose(), ciphertext: try row.bytes(),
      createdAt: try row.time(), expiresAt: try row.optionalTime())
  }
}

extension PostgresRow {
  fileprivate mutating func secretPurpose() throws(PostgresError) -> StoredSecretPurpose {
    let number = try int16()
    guard let purpose = StoredSecretPurpose(rawValue: number) else {
      throw PostgresError(.misuse, "a secret has the unknown purpose \(number)")
    }
    return purpose
  }
}
