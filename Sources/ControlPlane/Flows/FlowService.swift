package import HeadgateProto
import Identifiers
import Postgres
import Rules
package import Store

/// `FlowService`: flows with a draft and published versions.
package struct FlowService: FlowServiceHandler {
  private let store: Store
  private let directory: WorkspaceDirectory
  private let references: ObjectReferences
  private let applier: FlowApplier
  private let live: LiveLoader
  private let cursors: CursorSeal

  package init(
    store: Store, directory: WorkspaceDirectory, applier: FlowApplier, live: LiveLoader, cursors: CursorSeal
  ) {
    self.store = store
    self.directory = directory
    references = ObjectReferences(store: store)
    self.applier = applier
    self.live = live
    self.cursors = cursors
  }

  package func apply(_ request: ApplyFlowRequest, context: CallContext) async throws -> ApplyFlowResponse {
    var checks = RequestChecks()
    checks.required(request.definition, "definition", atMost: RequestLimits.definitionBytes)
    if request.expectedRevision > UInt64(Int64.max) {
      checks.fault("expected_revision", "out_of_range", "expected_revision is not a revision")
    }
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let parsed: ParsedFlow
    do {
      parsed = try FlowDefinition.parse(request.definition)
    } catch {
      throw RPCError(error)
    }
    let order = FlowApplier.Order(
      workspace: workspace, parsed: parsed, publishes: request.publish,
      revision: request.expectedRevision == 0 ? nil : Int64(request.expectedRevision), isDryRun: request.dryRun,
      action: "flow.apply")
    let applied = try await applier.apply(order, context: context)
    var flow = applied.preview
    if let stored = applied.stored { flow = try await message(stored, in: workspace.id) }
    return ApplyFlowResponse(
      flow: flow, changes: applied.changes,
      created: applied.created, published: applied.published, generatedSecrets: applied.generatedSecrets,
      warnings: applied.warnings)
  }

  package func get(_ request: GetFlowRequest, context: CallContext) async throws -> Flow {
    let (workspace, row) = try await find(request.workspace, request.flow, context)
    var flow = try await message(row, in: workspace.id)
    if let version = Int32(exactly: request.version), version > 0 {
      let definition = try await store.answer { store throws(StoreError) in
        try await store.version(version, of: row.id, in: workspace.id)?.definition
      }
      flow.versionDefinition = definition ?? []
    }
    if request.version > 0, flow.versionDefinition.isEmpty {
      throw RPCError(.notFound, "the flow \(row.name) has no version \(request.version)")
    }
    return flow
  }

  package func list(_ request: ListFlowsRequest, context: CallContext) async throws -> ListFlowsResponse {
    var checks = RequestChecks()
    checks.optional(request.cursor, "cursor")
    let size = checks.pageSize(request.pageSize, zero: FlowListLimits.standardPage)
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    var query = request
    query.cursor = ""
    query.pageSize = 0
    let scope = CursorSeal.Scope(list: "FlowService.List", workspace: workspace.id, query: query)
    let after = try cursors.open(request.cursor, scope).map { String(decoding: $0, as: UTF8.self) }
    var rows = try await store.answer { store throws(StoreError) in
      try await store.flows(in: workspace.id, after: after, limit: size + 1)
    }
    let next = cursors.cut(&rows, to: size, scope) { Array($0.name.utf8) }
    var flows: [Flow] = []
    for row in rows {
      let triggers = try await store.answer { store throws(StoreError) in try await store.triggers(of: row.id, in: workspace.id) }
      var flow = Flow(row)
      flow.triggers = triggers.map(FlowTrigger.init)
      flows.append(flow)
    }
    return ListFlowsResponse(flows: flows, nextCursor: next)
  }

  package func publish(_ request: PublishFlowRequest, context: CallContext) async throws -> Flow {
    if request.expectedRevision > UInt64(Int64.max) {
      var checks = RequestChecks()
      checks.fault("expected_revision", "out_of_range", "expected_revision is not a revision")
      try checks.finish()
    }
    let (workspace, row) = try await find(request.workspace, request.flow, context)
    let expected = request.expectedRevision == 0 ? nil : Int64(request.expectedRevision)
    let published = try await applier.publish(row, in: workspace, expectedRevision: expected, context: context)
    return try await message(published, in: workspace.id)
  }

  package func delete(_ request: DeleteFlowRequest, context: CallContext) async throws -> DeleteFlowResponse {
    let (workspace, row) = try await find(request.workspace, request.flow, context)
    let audit = context.audit(in: workspace.id, "flow.delete", object: row.name)
    try await store.answer(about: request.flow) { store throws(StoreError) in
      try await store.deleteFlow(row.id, in: workspace.id, audit: [audit])
    }
    await live.reload(row.id, in: workspace.id)
    return DeleteFlowResponse()
  }

  private func find(
    _ workspaceName: String, _ reference: String, _ context: CallContext
  ) async throws(RPCError) -> (WorkspaceRow, FlowRow) {
    var checks = RequestChecks()
    checks.required(reference, "flow")
    try checks.finish()
    let workspace = try await directory.workspace(workspaceName, for: context.principal)
    return (workspace, try await references.flow(reference, in: workspace.id))
  }

  /// A flow with everything.
  private func message(_ row: FlowRow, in workspace: UniqueID) async throws(RPCError) -> Flow {
    var flow = Flow(row)
    let read = try await store.answer { store throws(StoreError) in
      let versions = try await store.versions(of: row.id, in: workspace)
      let triggers = try await store.triggers(of: row.id, in: workspace)
      var published: [UInt8]?
      if row.isDraftPublished {
        published = row.draft
      } else if let version = row.publishedVersion {
        published = try await store.version(version, of: row.id, in: workspace)?.definition
      }
      return (versions: versions, triggers: triggers, published: published)
    }
    flow.published = read.published ?? []
    flow.versions = read.versions.map { version in
      FlowVersion(
        version: UInt32(clamping: version.version), publishedAtUs: version.publishedAt.microseconds,
        publishedBy: version.publishedBy)
    }
    flow.triggers = read.triggers.map(FlowTrigger.init)
    return flow
  }
}

extension Flow {
  /// Without versions, triggers and the published definition.
  init(_ row: FlowRow) {
    self.init(
      id: row.id.description, name: row.name, revision: UInt64(clamping: row.revision),
      publishedVersion: UInt32(clamping: row.publishedVersion ?? 0), draftPublished: row.isDraftPublished, draft: row.draft,
      createdAtUs: row.createdAt.microseconds, updatedAtUs: row.updatedAt.microseconds)
  }
}

extension FlowTrigger {
  init(_ row: TriggerRow) {
    self.init(id: row.id.description, node: row.node, key: row.key, enabled: row.isEnabled)
  }
}

/// Limits of `FlowService`'s fields.
enum FlowListLimits {
  static let standardPage: UInt32 = 100
}
