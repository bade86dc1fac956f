package import HeadgateProto
package import Rules
package import Store

/// Saves definitions: finds what differs, keeps triggers and secrets in step, publishes.
package struct FlowApplier: Sendable {
  /// What is to be saved, and how.
  package struct Order: Sendable {
    package var workspace: WorkspaceRow
    /// What was asked for, checked.
    package var parsed: ParsedFlow
    package var publishes: Bool
    /// The revision it was made from; 0: the flow must not exist; `nil`: whatever there is.
    package var revision: Int64?
    package var isDryRun = false
    /// For the audit log.
    package var action: String
    /// For the audit log; empty: the flow's name.
    package var object = ""
    /// The node whose configuration the request has in its field `config`; `nil`: it has a whole definition.
    package var configured: String?
  }

  /// What came of it.
  package struct Applied: Sendable {
    /// As it is now; `nil`: a dry run.
    package var stored: FlowRow?
    /// As it would be, without triggers and versions.
    package var preview: Flow
    package var changes: [Change]
    package var created: Bool
    package var published: Bool
    /// FLOW/NODE of triggers that got a generated secret.
    package var generatedSecrets: [String]
    package var warnings: [String]
  }

  /// How often a change is computed anew because the flow was changed meanwhile.
  private static let attempts = 5

  private let store: Store
  private let secrets: TriggerSecrets
  private let live: LiveLoader

  package init(store: Store, secrets: TriggerSecrets, live: LiveLoader) {
    self.store = store
    self.secrets = secrets
    self.live = live
  }

  /// Saves a definition. Without a revision it is repeated when another change comes in between.
  ///
  /// - Throws: `failedPrecondition` for a stale revision.
  package func apply(_ order: Order, context: CallContext) async throws(RPCError) -> Applied {
    if order.revision != nil { return try await applyOnce(order, context) }
    return try await repeatingWhenStale { () throws(RPCError) in try await applyOnce(order, context) }
  }

  /// Repeats what failed only because somebody else changed the flow between reading and writing.
  package func repeatingWhenStale<Value: Sendable>(
    _ body: () async throws(RPCError) -> Value
  ) async throws(RPCError) -> Value {
    for _ in 1..<Self.attempts {
      do {
        return try await body()
      } catch  where error.code == .failedPrecondition && error.faults.contains(where: { $0.code == "stale" }) {
        continue
      }
    }
    return try await body()
  }

  private func applyOnce(_ order: Order, _ context: CallContext) async throws(RPCError) -> Applied {
    let workspace = order.workspace.id
    let definition = order.parsed.definition
    let current = try await store.answer { store throws(StoreError) in
      try await store.flow(named: definition.name, in: workspace)
    }
    if let expected = order.revision, expected != current?.revision ?? 0 {
      throw RPCError(StoreError.staleRevision(current: current?.revision ?? 0))
    }
    var plan = try await FlowPlan(order.parsed, current: current, publishes: order.publishes, in: workspace, store: store)
    try await plan.addSecrets(secrets, configured: order.configured, isDryRun: order.isDryRun)

    let changes = Self.changes(definition, from: current) + plan.secrets.changes
    var applied = Applied(
      stored: nil, preview: changes.isEmpty ? current.map(Flow.init) ?? plan.preview : plan.preview, changes: changes,
      created: current == nil, published: order.publishes && !(changes.isEmpty && current?.isDraftPublished == true),
      generatedSecrets: plan.secrets.generated, warnings: order.parsed.warnings + plan.secrets.warnings)
    if order.isDryRun { return applied }
    if changes.isEmpty, let current {
      applied.stored = current
      if applied.published {
        applied.stored = try await publish(current, in: order.workspace, expectedRevision: current.revision, context: context)
      }
      return applied
    }
    let audit = context.audit(
      in: workspace, order.action, object: order.object.isEmpty ? definition.name : order.object,
      details: ["changes": "\(changes.count)", "published": "\(applied.published)"])
    let saving = plan.saving(publishedBy: order.publishes ? context.principal.name : nil)
    let stored: FlowRow
    do {
      stored = try await store.apply(saving, audit: [audit])
    } catch .alreadyExists(.flow) {
      // Somebody created it since it was looked for.
      throw RPCError(StoreError.staleRevision(current: 0))
    } catch {
      throw RPCError(error, object: definition.name)
    }
    applied.stored = stored
    await live.reload(stored.id, in: workspace)
    return applied
  }

  /// Publishes the draft of a flow; triggers of nodes that it has no more end with it.
  package func publish(
    _ row: FlowRow, in workspace: WorkspaceRow, expectedRevision: Int64?, context: CallContext
  ) async throws(RPCError) -> FlowRow {
    if let expectedRevision, expectedRevision != row.revision {
      throw RPCError(StoreError.staleRevision(current: row.revision))
    }
    let nodes = StoredDefinition.nodes(row.draft)
    let audit = context.audit(in: workspace.id, "flow.publish", object: row.name, details: ["revision": "\(row.revision)"])
    let published = try await store.answer(about: row.name) { store throws(StoreError) in
      let triggers = try await store.triggers(of: row.id, in: workspace.id)
      return try await store.publishFlow(
        row.id, in: workspace.id, expectedRevision: row.revision,
        deletedTriggers: triggers.filter { !nodes.contains($0.node) }.map(\.id), by: context.principal.name, audit: [audit])
    }
    await live.reload(row.id, in: workspace.id)
    return published
  }

  /// What differs from the draft; a draft that does not pass today's rules differs as a whole.
  private static func changes(_ definition: FlowDefinition, from current: FlowRow?) -> [Change] {
    if let current, current.draft == definition.canonicalJSON { return [] }
    let before = current.flatMap { try? FlowDefinition.parse($0.draft).definition }
    return definition.changes(from: before).map { Change(path: $0.path, before: $0.before, after: $0.after) }
  }
}
