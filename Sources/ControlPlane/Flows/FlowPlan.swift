import Cryptography
import HeadgateProto
import Identifiers
import Postgres
import Rules
import Store

/// What saving a definition would change in the database.
struct FlowPlan: Sendable {
  private let workspace: UniqueID
  private let parsed: ParsedFlow
  private let current: FlowRow?
  private let flowID: UniqueID
  /// Triggers by node, those to be created included.
  private var triggers: [String: UniqueID] = [:]
  /// Secrets of the triggers that exist, by trigger, newest first.
  private var stored: [UniqueID: [SecretRow]] = [:]
  private var created: [NewTrigger] = []
  private var deleted: [UniqueID] = []
  private var added: [SecretRow] = []
  private var expired: [SecretExpiry] = []

  /// What the caller is told of secrets that change; never their values.
  private(set) var secretChanges: [Change] = []
  /// FLOW/NODE.
  private(set) var generatedSecrets: [String] = []

  /// Looks at what there is.
  init(
    _ parsed: ParsedFlow, current: FlowRow?, publishes: Bool, in workspace: UniqueID, store: Store
  ) async throws(RPCError) {
    self.workspace = workspace
    self.current = current
    self.parsed = parsed
    flowID = current?.id ?? .random()
    var published: Set<String> = []
    if let current {
      let rows = try await store.answer { store throws(StoreError) in try await store.triggers(of: current.id, in: workspace) }
      // A node that the published version still has keeps its URL until the next publication.
      if !publishes, let version = current.publishedVersion, !current.isDraftPublished {
        let row = try await store.answer { store throws(StoreError) in
          try await store.version(version, of: current.id, in: workspace)
        }
        published = StoredDefinition.nodes(row?.definition ?? [])
      } else if !publishes, current.publishedVersion != nil {
        published = StoredDefinition.nodes(current.draft)
      }
      for row in rows {
        triggers[row.node] = row.id
        let secrets = try await store.answer { store throws(StoreError) in try await store.secrets(of: row.id, in: workspace) }
        stored[row.id] = secrets
      }
    }
    let nodes = parsed.definition.triggers.map(\.id)
    let wanted = Set(nodes)
    for (node, id) in triggers where !wanted.contains(node) && !published.contains(node) { deleted.append(id) }
    for node in nodes where triggers[node] == nil {
      let new = NewTrigger(id: .random(), node: node, key: TriggerKey.generate())
      triggers[node] = new.id
      created.append(new)
    }
  }

  /// Seals the secrets that are given or needed. A secret that is stored already is not stored again.
  ///
  /// - Parameter isDryRun: seal nothing, only note what would change.
  mutating func addSecrets(_ secrets: TriggerSecrets, isDryRun: Bool) async throws(RPCError) {
    for node in parsed.definition.triggers {
      guard let id = triggers[node.id], let rule = node.trigger?.authentication else { continue }
      let rows = stored[id] ?? []
      switch parsed.secrets[node.id] ?? .none {
      case .pending: continue
      case .given(let value):
        let secret = SecretBytes(copying: value)
        // The newest of those that do not end is the trigger's secret; the others are in their overlap.
        var isStored = false
        if let newest = rows.first(where: { $0.expiresAt == nil }) {
          isStored = constantTimeEqual(try await secrets.open(newest, in: workspace), secret)
        }
        if isStored { continue }
        if !isDryRun { added.append(try await secrets.seal(secret, trigger: id, in: workspace)) }
        // What the file says holds from now on; a rotation is the way to keep the old one for a while.
        expired += rows.filter { $0.expiresAt == nil }.map { SecretExpiry(trigger: id, id: $0.id) }
        secretChanges.append(Self.change(node.id, before: rows.isEmpty ? "" : "\"<set>\"", after: "\"<given>\""))
      case .none, .generated:
        guard rows.allSatisfy({ $0.expiresAt != nil }), let secret = rule.generateSecret() else { continue }
        if !isDryRun { added.append(try await secrets.seal(secret, trigger: id, in: workspace)) }
        generatedSecrets.append("\(parsed.definition.name)/\(node.id)")
        secretChanges.append(Self.change(node.id, before: "", after: "\"<generated>\""))
      }
    }
  }

  /// The change for the store.
  func saving(publishedBy principal: String?) -> FlowSaving {
    FlowSaving(
      workspace: workspace, flow: flowID, name: parsed.definition.name, draft: parsed.definition.canonicalJSON, expectedRevision: current?.revision ?? 0,
      createdTriggers: created, deletedTriggers: deleted, addedSecrets: added, expiredSecrets: expired, publishedBy: principal)
  }

  /// The flow as it would be.
  var preview: Flow {
    Flow(
      id: current?.id.description ?? "", name: parsed.definition.name, revision: UInt64(clamping: (current?.revision ?? 0) + 1),
      publishedVersion: UInt32(clamping: current?.publishedVersion ?? 0), draft: parsed.definition.canonicalJSON,
      createdAtUs: current?.createdAt.microseconds ?? 0, updatedAtUs: current?.updatedAt.microseconds ?? 0)
  }

  private static func change(_ node: String, before: String, after: String) -> Change {
    Change(path: "nodes[\(node)].auth.secret", before: Array(before.utf8), after: Array(after.utf8))
  }
}
