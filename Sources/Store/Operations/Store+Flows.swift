package import Identifiers
import Postgres

extension Store {
  /// Saves a draft with its triggers and secrets, and publishes it if asked, in one transaction.
  ///
  /// - Throws: `.staleRevision` (with `current` 0 when the flow does not exist), `.staleSecrets` when a trigger has got another
  ///   secret than those that are known, `.alreadyExists(.flow)` when the name is
  ///   taken, `.alreadyExists(.trigger)` when a key or node is taken, `.notFound(.trigger)`, `.notFound(.secret)`.
  package func apply(_ change: FlowChange, audit: [AuditEntry] = []) async throws(StoreError) -> FlowRow {
    try await self.change { [identifiers] session in
      try session.saveDraft(change)
      try session.checkSecrets(change)
      try session.changeTriggers(change)
      if let principal = change.publishedBy { try session.publish(change.flow, in: change.workspace, by: principal) }
      for entry in audit { try session.record(entry, identifiers) }
      try session.announce(.flow(change.flow, workspace: change.workspace))
      return try session.flow(change.flow, in: change.workspace)
    }
  }

  /// Makes the draft the published version. Adds no version if it is published already.
  ///
  /// - Parameters:
  ///   - revision: refuse with `.staleRevision` unless the draft has this revision; `nil`: publish whatever it is.
  ///   - deletedTriggers: of nodes that only the version published before has.
  /// - Throws: `.notFound(.flow)`, `.notFound(.trigger)`.
  package func publishFlow(
    _ flow: UniqueID, in workspace: UniqueID, expectedRevision revision: Int64?, deletedTriggers: [UniqueID] = [],
    by principal: String, audit: [AuditEntry] = []
  ) async throws(StoreError) -> FlowRow {
    try await change { [identifiers] session in
      let current = try session.query(Statements.lockFlow, [.id(workspace), .id(flow)]).first { try $0.int64() }
      guard let current else { throw StoreError.notFound(.flow) }
      guard revision == nil || revision == current else { throw StoreError.staleRevision(current: current) }
      try session.deleteTriggers(deletedTriggers, of: flow, in: workspace)
      try session.publish(flow, in: workspace, by: principal)
      for entry in audit { try session.record(entry, identifiers) }
      try session.announce(.flow(flow, workspace: workspace))
      return try session.flow(flow, in: workspace)
    }
  }

  /// Deletes a flow; its triggers become tombstones, their secrets are deleted. Requests and runs stay.
  ///
  /// - Throws: `.notFound(.flow)`.
  package func deleteFlow(_ flow: UniqueID, in workspace: UniqueID, audit: [AuditEntry] = []) async throws(StoreError) {
    try await change { [identifiers] session in
      guard try session.query(Statements.deleteFlow, [.id(workspace), .id(flow)]).affectedCount == 1 else {
        throw StoreError.notFound(.flow)
      }
      try session.query(Statements.deleteTriggers, [.id(workspace), .id(flow), .null])
      try session.query(Statements.deleteSecretsOfTombstones, [.id(workspace), .id(flow)])
      for entry in audit { try session.record(entry, identifiers) }
      try session.announce(.flow(flow, workspace: workspace))
    }
  }

  /// A live flow by name.
  package func flow(named name: String, in workspace: UniqueID) async throws(StoreError) -> FlowRow? {
    try await read { session in
      try session.query(Statements.flowByName, [.id(workspace), .text(name)]).first { try FlowRow(&$0) }
    }
  }

  /// A live flow by id.
  package func flow(_ id: UniqueID, in workspace: UniqueID) async throws(StoreError) -> FlowRow? {
    try await read { session in try session.query(Statements.flowById, [.id(workspace), .id(id)]).first { try FlowRow(&$0) } }
  }

  /// Live flows by name, without drafts.
  ///
  /// - Parameter name: only those after this name; `nil`: from the start.
  package func flows(in workspace: UniqueID, after name: String? = nil, limit: Int) async throws(StoreError) -> [FlowRow] {
    try await read { session in
      let flows = try session.query(
        Statements.listFlows, [.id(workspace), .text(name ?? ""), .int32(Int32(clamping: limit))])
      return try flows.map { row in
        var flow = try FlowRow(&row)
        flow.draft = []
        return flow
      }
    }
  }

  /// A flow's published versions, newest first, without definitions.
  package func versions(
    of flow: UniqueID, in workspace: UniqueID, limit: Int = 100
  ) async throws(StoreError) -> [FlowVersionRow] {
    try await read { session in
      let versions = try session.query(
        Statements.listFlowVersions, [.id(workspace), .id(flow), .int32(Int32(clamping: limit))])
      return try versions.map { row in
        var version = try FlowVersionRow(&row)
        version.definition = []
        return version
      }
    }
  }

  /// One published version with its definition.
  package func version(
    _ version: Int32, of flow: UniqueID, in workspace: UniqueID
  ) async throws(StoreError) -> FlowVersionRow? {
    try await read { session in
      try session.query(Statements.flowVersion, [.id(workspace), .id(flow), .int32(version)]).first { try FlowVersionRow(&$0) }
    }
  }
}

/// Steps of the transactions above.
extension PostgresSession {
  fileprivate func saveDraft(_ change: FlowChange) throws {
    let key: [PostgresValue] = [.id(change.workspace), .id(change.flow)]
    if change.expectedRevision == 0 {
      do throws(PostgresError) {
        try query(Statements.createFlow, key + [.text(change.name), .json(change.draft)])
      } catch { throw error.isUniqueViolation ? StoreError.alreadyExists(.flow) : error }
      return
    }
    let updated: PostgresResult
    do throws(PostgresError) {
      updated = try query(
        Statements.updateFlowDraft, key + [.text(change.name), .json(change.draft), .int64(change.expectedRevision)])
    } catch { throw error.isUniqueViolation ? StoreError.alreadyExists(.flow) : error }
    guard updated.affectedCount == 0 else { return }
    throw StoreError.staleRevision(current: try query(Statements.lockFlow, key).first { try $0.int64() } ?? 0)
  }

  /// The flow's row is locked by now, as it is by those who rotate, so that no secret comes in between.
  fileprivate func checkSecrets(_ change: FlowChange) throws {
    guard let known = change.knownSecrets else { return }
    let stored = try query(Statements.liveSecrets, [.id(change.workspace), .id(change.flow)]).map { try SecretRow(&$0).id }
    guard stored.allSatisfy(known.contains) else { throw StoreError.staleSecrets }
  }

  fileprivate func changeTriggers(_ change: FlowChange) throws {
    try deleteTriggers(change.deletedTriggers, of: change.flow, in: change.workspace)
    for trigger in change.createdTriggers {
      do throws(PostgresError) {
        try query(
          Statements.createTrigger,
          [.id(change.workspace), .id(trigger.id), .id(change.flow), .text(trigger.node), .text(trigger.key)])
      } catch { throw error.isUniqueViolation ? StoreError.alreadyExists(.trigger) : error }
    }
    for secret in change.expiredSecrets {
      let expired = try query(
        Statements.expireSecret,
        [.id(change.workspace), .id(secret.trigger), .id(secret.id), .int64(secret.overlap.wholeMicroseconds)])
      guard expired.affectedCount == 1 else { throw StoreError.notFound(.secret) }
    }
    for secret in change.addedSecrets { _ = try insert(secret, in: change.workspace) }
  }

  fileprivate func deleteTriggers(_ triggers: [UniqueID], of flow: UniqueID, in workspace: UniqueID) throws {
    guard !triggers.isEmpty else { return }
    let deleted = try query(Statements.deleteTriggers, [.id(workspace), .id(flow), .ids(triggers)])
    guard deleted.affectedCount == triggers.count else { throw StoreError.notFound(.trigger) }
    try query(Statements.deleteSecretsOfTombstones, [.id(workspace), .id(flow)])
  }

  fileprivate func publish(_ flow: UniqueID, in workspace: UniqueID, by principal: String) throws(PostgresError) {
    try query(Statements.publishFlow, [.id(workspace), .id(flow), .lenientText(principal)])
  }

  fileprivate func flow(_ flow: UniqueID, in workspace: UniqueID) throws -> FlowRow {
    guard let row = try query(Statements.flowById, [.id(workspace), .id(flow)]).first({ try FlowRow(&$0) }) else {
      throw StoreError.notFound(.flow)
    }
    return row
  }
}

extension FlowRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      workspace: try row.id(), id: try row.id(), name: try row.text(), revision: try row.int64(), draft: try row.json(),
      publishedVersion: try row.optionalInt32(), publishedRevision: try row.optionalInt64(), createdAt: try row.time(),
      updatedAt: try row.time())
  }
}

extension FlowVersionRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      flow: try row.id(), version: try row.int32(), definition: try row.json(), publishedAt: try row.time(),
      publishedBy: try row.text())
  }
}
