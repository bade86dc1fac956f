package import HeadgateProto
import Identifiers
import JSON
import Rules
package import Store

/// `TriggerService`: the webhook_trigger nodes of flows. What concerns secrets is in `TriggerService+Secrets`.
package struct TriggerService: TriggerServiceHandler {
  let store: Store
  let directory: WorkspaceDirectory
  let references: ObjectReferences
  let descriptions: TriggerDescriptions
  let applier: FlowApplier
  let secrets: TriggerSecrets
  let live: LiveLoader
  let cursors: CursorSeal

  package init(
    store: Store, directory: WorkspaceDirectory, descriptions: TriggerDescriptions, applier: FlowApplier,
    secrets: TriggerSecrets, live: LiveLoader, cursors: CursorSeal
  ) {
    self.store = store
    self.directory = directory
    references = ObjectReferences(store: store)
    self.descriptions = descriptions
    self.applier = applier
    self.secrets = secrets
    self.live = live
    self.cursors = cursors
  }

  // MARK: Configuration

  package func create(_ request: CreateTriggerRequest, context: CallContext) async throws -> Trigger {
    var checks = RequestChecks()
    checks.required(request.flow, "flow")
    checks.required(request.config, "config", atMost: RequestLimits.definitionBytes)
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let node = try await applier.repeatingWhenStale(request.flow, in: workspace.id) { () throws(RPCError) in
      let row = try await store.answer { store throws(StoreError) in try await store.flow(named: request.flow, in: workspace.id) }
      let (parsed, node) = try Self.adding(request.config, to: row, flow: request.flow)
      _ = try await applier.apply(
        FlowApplier.Order(
          workspace: workspace, parsed: parsed, publishes: request.publish, revision: row?.revision ?? 0,
          action: "trigger.create", object: "\(request.flow)/\(node)", configured: node),
        context: context)
      return node
    }
    return try await describe("\(request.flow)/\(node)", in: workspace.id)
  }

  /// The flow with a trigger added, and the trigger's node.
  private static func adding(_ config: [UInt8], to row: FlowRow?, flow: String) throws(RPCError) -> (ParsedFlow, String) {
    let before: FlowDefinition
    if let row {
      before = try StoredDefinition.draft(row)
    } else {
      do throws(InvalidFlow) { before = try FlowDefinition.empty(name: flow) } catch { throw RPCError(error) }
    }
    if let id = (try? JSONDocument(config))?.root["id"]?.string, before.node(id) != nil {
      throw RPCError(.alreadyExists, "there is a node \(flow)/\(id) already")
    }
    let parsed: ParsedFlow
    do throws(InvalidFlow) {
      parsed = try before.replacing(node: nil, with: config)
    } catch {
      throw RPCError(error, under: "config")
    }
    guard let node = parsed.definition.nodes.last, node.trigger != nil else {
      throw RPCError(
        .invalidArgument, "config is not a trigger",
        faults: [Fault(path: "config.type", code: "invalid_value", message: "config.type must be \(FlowNode.triggerType)")])
    }
    return (parsed, node.id)
  }

  package func get(_ request: GetTriggerRequest, context: CallContext) async throws -> Trigger {
    let (workspace, row) = try await find(request.workspace, request.trigger, context)
    return try await descriptions.describe(row, in: workspace.id)
  }

  package func list(_ request: ListTriggersRequest, context: CallContext) async throws -> ListTriggersResponse {
    var checks = RequestChecks()
    checks.optional(request.flow, "flow")
    checks.optional(request.cursor, "cursor")
    let size = checks.pageSize(request.pageSize, zero: TriggerLimits.standardPage)
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    var query = request
    query.cursor = ""
    query.pageSize = 0
    let scope = CursorSeal.Scope(list: "TriggerService.List", workspace: workspace.id, query: query)
    let position = try Self.position(try cursors.open(request.cursor, scope))
    var rows: [TriggerRow]
    if request.flow.isEmpty {
      rows = try await store.answer { store throws(StoreError) in
        try await store.triggers(in: workspace.id, after: position, limit: size + 1)
      }
    } else {
      // A flow's nodes are few; they are read at once and paged here.
      let flow = try await references.flow(request.flow, in: workspace.id)
      rows = try await store.answer { store throws(StoreError) in try await store.triggers(of: flow.id, in: workspace.id) }
      if let position { rows.removeAll { $0.node <= position.node } }
    }
    let next = cursors.cut(&rows, to: size, scope) { Array("\($0.flowName)/\($0.node)".utf8) }
    return ListTriggersResponse(triggers: try await descriptions.describe(rows, in: workspace.id), nextCursor: next)
  }

  package func update(_ request: UpdateTriggerRequest, context: CallContext) async throws -> Trigger {
    var checks = RequestChecks()
    checks.required(request.config, "config", atMost: RequestLimits.definitionBytes)
    if request.revision == 0 || request.revision > UInt64(Int64.max) {
      checks.fault("revision", "required", "revision must be the one that was read")
    }
    checks.required(request.trigger, "trigger")
    try checks.finish()
    let (workspace, row) = try await find(request.workspace, request.trigger, context)
    let flow = try await references.flow(row.flow.description, in: workspace.id)
    let draft = try StoredDefinition.draft(flow)
    guard draft.node(row.node) != nil else {
      throw RPCError(.failedPrecondition, "the draft of \(row.flowName) has no node \(row.node) any more")
    }
    let parsed: ParsedFlow
    do throws(InvalidFlow) {
      parsed = try draft.replacing(node: row.node, with: request.config)
    } catch {
      throw RPCError(error, under: "config")
    }
    guard parsed.definition.node(row.node)?.trigger != nil else {
      checks.fault("config", "invalid_value", "config must stay the trigger with the id \"\(row.node)\"")
      try checks.finish()
      throw RPCError(.invalidArgument, "config must stay the trigger")
    }
    _ = try await applier.apply(
      FlowApplier.Order(
        workspace: workspace, parsed: parsed, publishes: request.publish, revision: Int64(request.revision),
        action: "trigger.update", object: "\(row.flowName)/\(row.node)", configured: row.node),
      context: context)
    return try await describe(row.id.description, in: workspace.id)
  }

  package func delete(_ request: DeleteTriggerRequest, context: CallContext) async throws -> DeleteTriggerResponse {
    let (workspace, row) = try await find(request.workspace, request.trigger, context)
    try await applier.repeatingWhenStale(row.flowName, in: workspace.id) { () throws(RPCError) in
      let flow = try await references.flow(row.flow.description, in: workspace.id)
      let draft = try StoredDefinition.draft(flow)
      guard draft.node(row.node) != nil else {
        throw RPCError(
          .failedPrecondition, "the draft of \(row.flowName) has no node \(row.node) any more; publishing it ends the trigger")
      }
      let parsed: ParsedFlow
      do throws(InvalidFlow) { parsed = try draft.removing(node: row.node) } catch { throw RPCError(error) }
      _ = try await applier.apply(
        FlowApplier.Order(
          workspace: workspace, parsed: parsed, publishes: request.publish, revision: flow.revision, action: "trigger.delete",
          object: "\(row.flowName)/\(row.node)"),
        context: context)
    }
    return DeleteTriggerResponse()
  }

  // MARK: Effective at once

  package func enable(_ request: EnableTriggerRequest, context: CallContext) async throws -> Trigger {
    try await set(enabled: true, request.workspace, request.trigger, context)
  }

  package func disable(_ request: DisableTriggerRequest, context: CallContext) async throws -> Trigger {
    try await set(enabled: false, request.workspace, request.trigger, context)
  }

  private func set(
    enabled: Bool, _ workspaceName: String, _ reference: String, _ context: CallContext
  ) async throws(RPCError) -> Trigger {
    let (workspace, row) = try await find(workspaceName, reference, context)
    let audit = context.audit(
      in: workspace.id, enabled ? "trigger.enable" : "trigger.disable", object: "\(row.flowName)/\(row.node)")
    let changed = try await store.answer(about: reference) { store throws(StoreError) in
      try await store.setTrigger(row.id, in: workspace.id, enabled: enabled, audit: audit)
    }
    await live.reload(row.flow, in: workspace.id)
    return try await descriptions.describe(changed, in: workspace.id)
  }

  // MARK: Finding

  func find(
    _ workspaceName: String, _ reference: String, _ context: CallContext
  ) async throws(RPCError) -> (WorkspaceRow, TriggerRow) {
    var checks = RequestChecks()
    checks.required(reference, "trigger")
    try checks.finish()
    let workspace = try await directory.workspace(workspaceName, for: context.principal)
    return (workspace, try await references.trigger(reference, in: workspace.id))
  }

  private func describe(_ reference: String, in workspace: UniqueID) async throws(RPCError) -> Trigger {
    try await descriptions.describe(try await references.trigger(reference, in: workspace), in: workspace)
  }

  private static func position(_ bytes: [UInt8]?) throws(RPCError) -> TriggerPosition? {
    guard let bytes else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let slash = text.firstIndex(of: "/") else { throw CursorSeal.invalid }
    return TriggerPosition(flowName: String(text[..<slash]), node: String(text[text.index(after: slash)...]))
  }
}

/// Limits of `TriggerService`'s fields.
enum TriggerLimits {
  static let standardPage: UInt32 = 100
  /// Secrets that a trigger may have at once, those in their overlap included.
  static let secrets = 8
  /// Longest overlap of a rotation, in seconds: a year.
  static let overlapSeconds: UInt64 = 366 * 86_400
  /// Overlap when none is given: a day.
  static let standardOverlapSeconds: UInt64 = 86_400
}
