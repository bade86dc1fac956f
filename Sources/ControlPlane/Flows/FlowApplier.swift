package import HeadgateProto
package import Identifiers
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

  /// How often a change is computed anew because another replica changed the flow meanwhile.
  private static let attempts = 20
  /// The longest pause before it is; the first ones are shorter.
  private static let longestPause = Duration.milliseconds(200)

  private let store: Store
  private let secrets: TriggerSecrets
  private let live: LiveLoader
  private let triggers: LiveTriggers
  private let pending: PendingRequests
  private let turns = Turns()

  package init(
    store: Store, secrets: TriggerSecrets, live: LiveLoader, triggers: LiveTriggers, pending: PendingRequests
  ) {
    self.store = store
    self.secrets = secrets
    self.live = live
    self.triggers = triggers
    self.pending = pending
  }

  /// Saves a definition. Without a revision it is repeated when another change comes in between.
  ///
  /// - Throws: `failedPrecondition` for a stale revision.
  package func apply(_ order: Order, context: CallContext) async throws(RPCError) -> Applied {
    let change = FlowName(workspace: order.workspace.id, flow: order.parsed.definition.name)
    // With a revision only a secret that came in between is made up for.
    return try await repeating(change, when: order.revision == nil ? "" : Self.secretsField) { () throws(RPCError) in
      try await applyOnce(order, context)
    }
  }

  /// Repeats what failed only because somebody else changed the flow between reading and writing. Those of this process change
  /// a flow one after the other.
  package func repeatingWhenStale<Value: Sendable>(
    _ flow: String, in workspace: UniqueID, _ body: () async throws(RPCError) -> Value
  ) async throws(RPCError) -> Value {
    try await turns.take(FlowName(workspace: workspace, flow: flow)) { () throws(RPCError) in
      try await repeating(FlowName(workspace: workspace, flow: flow), when: "", body)
    }
  }

  /// - Parameter field: only when this field is stale; empty: any.
  private func repeating<Value: Sendable>(
    _ flow: FlowName, when field: String, _ body: () async throws(RPCError) -> Value
  ) async throws(RPCError) -> Value {
    for attempt in 1..<Self.attempts {
      do {
        return try await body()
      } catch  where error.isStale(field) {
        let pause = min(Self.longestPause, .milliseconds(2) * (1 << min(attempt, 10)))
        try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
        if Task.isCancelled { throw error }
      }
    }
    return try await body()
  }

  /// The field of the fault that says that a secret has been changed.
  private static let secretsField = "secrets"

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
    let sourceWarnings = try await missingSources(definition, in: workspace)

    let changes = Self.changes(definition, from: current) + plan.secrets.changes
    var applied = Applied(
      stored: nil, preview: changes.isEmpty ? current.map(Flow.init) ?? plan.preview : plan.preview, changes: changes,
      created: current == nil, published: order.publishes && !(changes.isEmpty && current?.isDraftPublished == true),
      generatedSecrets: plan.secrets.generated, warnings: order.parsed.warnings + sourceWarnings + plan.secrets.warnings)
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
    // What comes with the requests that are recorded until then is kept encrypted.
    if plan.secrets.hasPending { try await secrets.prepare(workspace) }
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
    if !saving.addedSecrets.isEmpty { pending.secretWasSet() }
    return applied
  }

  /// A trigger has got a secret: what was recorded without one is verified.
  package func secretWasSet() { pending.secretWasSet() }

  /// What nodes subscribe to that is not there (yet): they wait for it.
  private func missingSources(_ definition: FlowDefinition, in workspace: UniqueID) async throws(RPCError) -> [String] {
    var warnings: [String] = []
    for (index, node) in definition.nodes.enumerated() {
      // What is in this flow has been checked.
      guard let source = node.trigger?.source, source.flow != definition.name else { continue }
      let owner = try await store.answer { store throws(StoreError) in
        try await store.trigger(node: source.node, ofFlowNamed: source.flow, in: workspace)
      }
      if owner == nil {
        warnings.append("nodes[\(index)].source: there is no trigger \(source) yet; the node waits for it.")
      } else if triggers.owner(named: source.description, in: workspace) == nil {
        warnings.append(
          "nodes[\(index)].source: \(source) is not published, or has no URL of its own; the node waits for it.")
      }
    }
    return warnings
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

extension RPCError {
  /// Whether it failed only because something was changed meanwhile.
  ///
  /// - Parameter field: what; empty: anything.
  fileprivate func isStale(_ field: String) -> Bool {
    code == .failedPrecondition && faults.contains { $0.code == "stale" && (field.isEmpty || $0.path == field) }
  }
}
