package import HeadgateProto
package import Identifiers
import JSON
import Postgres
import Rules
package import Store
import TokenVault

/// Makes the messages that describe triggers.
package struct TriggerDescriptions: Sendable {
  private let store: Store
  private let triggers: LiveTriggers
  /// Of the edge nodes, without a slash at its end; empty: not known.
  private let publicBaseURL: String

  package init(store: Store, triggers: LiveTriggers, publicBaseURL: String) {
    self.store = store
    self.triggers = triggers
    self.publicBaseURL = publicBaseURL
  }

  /// The trigger's URL, or its path when the edge nodes' base is not known.
  package func url(_ key: String) -> String { "\(publicBaseURL)/w/\(key)" }

  /// One trigger with everything.
  package func describe(_ row: TriggerRow, in workspace: UniqueID) async throws(RPCError) -> Trigger {
    let id = row.id
    let secrets = try await store.answer { store throws(StoreError) in try await store.secrets(of: id, in: workspace) }
    let keys =
      secrets.isEmpty ? [] : try await store.answer { store throws(StoreError) in try await store.dataKeys(of: workspace) }
    let masterVersions = Dictionary(keys.map { ($0.version, $0.masterKeyVersion) }, uniquingKeysWith: { first, _ in first })
    guard var trigger = try await describe([row], in: workspace).first else {
      throw RPCError(.notFound, "there is no trigger \(row.flowName)/\(row.node)")
    }
    trigger.secrets = secrets.map { secret in
      let version = WorkspaceVault.dataKeyVersion(of: secret.ciphertext).flatMap { masterVersions[Int32(clamping: $0)] }
      return SecretInfo(
        id: secret.id.description, createdAtUs: secret.createdAt.microseconds,
        expiresAtUs: secret.expiresAt?.microseconds ?? 0, masterKeyVersion: UInt32(clamping: version ?? 0),
        purpose: SecretPurpose(secret.purpose))
    }
    let needsSecret = AuthenticationMode(rawValue: trigger.authMode)?.needsSecret == true
    trigger.secretPending = needsSecret && !secrets.contains { $0.purpose == .credential }
    return trigger
  }

  /// Triggers of a list, without their secrets' times.
  package func describe(_ rows: [TriggerRow], in workspace: UniqueID) async throws(RPCError) -> [Trigger] {
    var flows: [UniqueID: FlowDefinitions] = [:]
    var triggers: [Trigger] = []
    for row in rows {
      let flow: FlowDefinitions?
      if let known = flows[row.flow] { flow = known } else { flow = try await definitions(of: row.flow, in: workspace) }
      // Deleted between the two reads.
      guard let flow else { continue }
      flows[row.flow] = flow
      triggers.append(describe(row, flow))
    }
    return triggers
  }

  private func describe(_ row: TriggerRow, _ flow: FlowDefinitions) -> Trigger {
    let draft = flow.draft.flatMap { StoredDefinition.node(row.node, in: $0) }
    let published = flow.published.flatMap { StoredDefinition.node(row.node, in: $0) }
    let auth = (draft ?? published)?["auth"]
    let source = (draft ?? published)?["source"]?.string ?? ""
    let name = "\(row.flowName)/\(row.node)"
    return Trigger(
      id: row.id.description, flow: row.flowName, node: row.node, key: row.key, url: source.isEmpty ? url(row.key) : "",
      enabled: row.isEnabled,
      revision: UInt64(clamping: flow.row.revision), config: draft.map { Array($0.raw) } ?? [],
      publishedConfig: published.map { Array($0.raw) } ?? [], authMode: auth?["mode"]?.string ?? "",
      preset: auth?["preset"]?.string ?? "", createdAtUs: row.createdAt.microseconds,
      // The configuration is the draft's, so it is as new as that.
      updatedAtUs: max(row.updatedAt, flow.row.updatedAt).microseconds, source: source,
      subscribers: source.isEmpty ? triggers.subscribers(of: name, in: row.workspace) : [],
      secretPending: triggers.owner(named: name, in: row.workspace)?.isPending == true)
  }

  private struct FlowDefinitions {
    let row: FlowRow
    let draft: JSONDocument?
    let published: JSONDocument?
  }

  private func definitions(of flow: UniqueID, in workspace: UniqueID) async throws(RPCError) -> FlowDefinitions? {
    try await store.answer { store throws(StoreError) -> FlowDefinitions? in
      guard let row = try await store.flow(flow, in: workspace) else { return nil }
      var published: [UInt8]?
      if row.isDraftPublished {
        published = row.draft
      } else if let version = row.publishedVersion {
        published = try await store.version(version, of: flow, in: workspace)?.definition
      }
      return FlowDefinitions(
        row: row, draft: try? JSONDocument(row.draft), published: published.flatMap { try? JSONDocument($0) })
    }
  }
}
