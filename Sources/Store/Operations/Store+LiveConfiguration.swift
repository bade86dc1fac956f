package import Identifiers
import Postgres

extension Store {
  /// Everything that the way of a request needs, of all workspaces, in one snapshot.
  package func loadLiveConfiguration() async throws(StoreError) -> LiveConfiguration {
    try await read { session in
      try session.transaction(snapshot) {
        LiveConfiguration(
          workspaces: try session.query(Statements.listWorkspaces).map { try WorkspaceRow(&$0) },
          dataKeys: try session.query(Statements.listDataKeys, [.null]).map { try DataKeyRow(&$0) },
          flows: try session.liveFlows(workspace: .null, flow: .null),
          variables: try session.query(Statements.listVariables, [.null]).map { try VariableRow(&$0) })
      }
    }
  }

  /// One published flow; `nil`: it is deleted or was never published.
  package func loadLiveFlow(_ flow: UniqueID, in workspace: UniqueID) async throws(StoreError) -> LiveFlow? {
    try await read { session in
      try session.transaction(snapshot) { try session.liveFlows(workspace: .id(workspace), flow: .id(flow)).first }
    }
  }
}

/// What the statements of one transaction see is the same state.
private let snapshot = "ISOLATION LEVEL REPEATABLE READ READ ONLY"

extension PostgresSession {
  fileprivate func liveFlows(workspace: PostgresValue, flow: PostgresValue) throws -> [LiveFlow] {
    var secrets: [UniqueID: [SecretRow]] = [:]
    for secret in try query(Statements.liveSecrets, [workspace, flow]).map({ try SecretRow(&$0) }) {
      secrets[secret.trigger, default: []].append(secret)
    }
    var triggers: [UniqueID: [LiveTrigger]] = [:]
    try query(Statements.liveTriggers, [workspace, flow]).forEach { row in
      // The workspace comes first for the order of the rows only: a flow's id is unique among all.
      _ = try row.id()
      let flow = try row.id()
      let id = try row.id()
      triggers[flow, default: []].append(
        LiveTrigger(
          id: id, node: try row.text(), key: try row.text(), isEnabled: try row.bool(), secrets: secrets[id] ?? []))
    }
    return try query(Statements.liveFlows, [workspace, flow]).map { row in
      var live = LiveFlow(
        workspace: try row.id(), flow: try row.id(), name: try row.text(), version: try row.int32(),
        definition: try row.json(), triggers: [])
      live.triggers = triggers[live.flow] ?? []
      return live
    }
  }
}
