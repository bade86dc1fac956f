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
  /// Their verify tokens, by trigger, newest first.
  private var storedTokens: [UniqueID: [SecretRow]] = [:]
  private var created: [NewTrigger] = []
  private var deleted: [UniqueID] = []
  /// The `auth` objects of the draft that there is, and of the version that stays published; by node.
  private var draftRules: [String: StoredDefinition.Rule] = [:]
  private var publishedRules: [String: StoredDefinition.Rule] = [:]
  private let publishes: Bool

  /// What becomes of the secrets.
  private(set) var secrets = SecretPlan()

  /// Looks at what there is.
  init(
    _ parsed: ParsedFlow, current: FlowRow?, publishes: Bool, in workspace: UniqueID, store: Store
  ) async throws(RPCError) {
    self.workspace = workspace
    self.current = current
    self.parsed = parsed
    self.publishes = publishes
    flowID = current?.id ?? .random()
    var published: Set<String> = []
    if let current {
      let rows = try await store.answer { store throws(StoreError) in try await store.triggers(of: current.id, in: workspace) }
      var definition: [UInt8] = []
      if current.isDraftPublished {
        definition = current.draft
      } else if let version = current.publishedVersion {
        let row = try await store.answer { store throws(StoreError) in
          try await store.version(version, of: current.id, in: workspace)
        }
        definition = row?.definition ?? []
      }
      draftRules = StoredDefinition.rules(current.draft)
      publishedRules = StoredDefinition.rules(definition)
      // A node that the published version still has keeps its URL until the next publication.
      if !publishes { published = StoredDefinition.nodes(definition) }
      for row in rows {
        triggers[row.node] = row.id
        let secrets = try await store.answer { store throws(StoreError) in try await store.secrets(of: row.id, in: workspace) }
        stored[row.id] = secrets.filter { $0.purpose == .credential }
        storedTokens[row.id] = secrets.filter { $0.purpose == .verifyToken }
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

  /// Seals the secrets that are given or needed, and ends those that they replace.
  ///
  /// - Parameters:
  ///   - configured: the node whose configuration the request has in its field `config`; `nil`: it has a whole definition.
  ///   - isDryRun: seal nothing, only note what would change.
  /// - Throws: `invalidArgument` when a secret is needed that nobody here can make.
  mutating func addSecrets(_ vault: TriggerSecrets, configured: String?, isDryRun: Bool) async throws(RPCError) {
    for (index, node) in parsed.definition.nodes.enumerated() {
      // A node that subscribes to another's URL verifies nobody.
      guard let id = triggers[node.id], let rule = node.trigger?.authentication, node.trigger?.source == nil else {
        if let id = triggers[node.id], publishes { secrets.end((stored[id] ?? []) + (storedTokens[id] ?? [])) }
        continue
      }
      let draft = draftRules[node.id]
      let live = publishedRules[node.id]?.mode?.secretKind
      let subject = SecretPlan.Subject(
        name: "\(parsed.definition.name)/\(node.id)", node: node.id,
        path: node.id == configured ? "config.auth" : "nodes[\(index)].auth", trigger: id, rule: rule,
        input: parsed.secrets[node.id] ?? .none, stored: stored[id] ?? [], storedKind: live ?? draft?.mode?.secretKind,
        liveKind: publishes ? nil : live, isRuleKnown: draft?.canonicalJSON == rule.canonicalJSON)
      try await secrets.add(subject, in: workspace, vault, isDryRun: isDryRun)
      try await secrets.addVerifyToken(
        subject, input: parsed.verifyTokens[node.id] ?? .none, stored: storedTokens[id] ?? [], publishes: publishes,
        in: workspace, vault, isDryRun: isDryRun)
    }
    if !secrets.faults.isEmpty { throw RPCError(secrets.faults) }
  }

  /// The change for the store.
  func saving(publishedBy principal: String?) -> FlowSaving {
    FlowSaving(
      workspace: workspace, flow: flowID, name: parsed.definition.name, draft: parsed.definition.canonicalJSON,
      expectedRevision: current?.revision ?? 0, createdTriggers: created, deletedTriggers: deleted,
      addedSecrets: secrets.added, expiredSecrets: secrets.expired,
      knownSecrets: Set((Array(stored.values) + Array(storedTokens.values)).joined().map(\.id)), publishedBy: principal)
  }

  /// The flow as it would be.
  var preview: Flow {
    Flow(
      id: current?.id.description ?? "", name: parsed.definition.name, revision: UInt64(clamping: (current?.revision ?? 0) + 1),
      publishedVersion: UInt32(clamping: current?.publishedVersion ?? 0), draft: parsed.definition.canonicalJSON,
      createdAtUs: current?.createdAt.microseconds ?? 0, updatedAtUs: current?.updatedAt.microseconds ?? 0)
  }
}
