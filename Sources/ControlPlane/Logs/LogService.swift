package import HeadgateProto
import Identifiers
import Postgres
import Rules
package import Store

/// `LogService`: the log of requests to known triggers.
package struct LogService: LogServiceHandler {
  let store: Store
  let directory: WorkspaceDirectory
  let references: ObjectReferences
  let cursors: CursorSeal
  let bell: CommitBell

  package init(store: Store, directory: WorkspaceDirectory, cursors: CursorSeal, bell: CommitBell) {
    self.store = store
    self.directory = directory
    references = ObjectReferences(store: store)
    self.cursors = cursors
    self.bell = bell
  }

  package func query(_ request: QueryLogsRequest, context: CallContext) async throws -> QueryLogsResponse {
    var checks = RequestChecks()
    checks.optional(request.cursor, "cursor")
    let size = checks.pageSize(request.pageSize, zero: LogLimits.standardPage)
    let unresolved = LogFilter(request, &checks)
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let filter = try await unresolved.resolved(by: references, in: workspace.id)
    let scope = Self.scope("LogService.Query", workspace.id, request)
    let before = try cursors.openID(request.cursor, scope)
    let page = try await store.answer { store throws(StoreError) in
      try await store.searchRequests(
        in: workspace.id, matching: filter, before: before, limit: size, within: LogLimits.queryTime)
    }
    return QueryLogsResponse(
      entries: page.rows.map(LogEntry.init), nextCursor: page.next.map { cursors.seal($0.bytes, scope) } ?? "")
  }

  package func get(_ request: GetLogRequest, context: CallContext) async throws -> LogEntry {
    try LogEntry(try await whole(request.id, workspace: request.workspace, context))
  }

  package func leaves(_ request: LogLeavesRequest, context: CallContext) async throws -> LogLeavesResponse {
    let found = try await whole(request.id, workspace: request.workspace, context)
    if found.row.body == nil, found.row.bodyLength > 0 {
      throw RPCError(.failedPrecondition, "the body of request \(request.id) is not kept any more")
    }
    let trigger = TriggerIdentity(id: found.row.trigger.description, flow: found.flowName, node: found.node)
    let leaves = PayloadLeaves.of(try IncomingRequest(found.row), trigger: trigger)
    return LogLeavesResponse(leaves: leaves.map(Leaf.init))
  }

  private func whole(_ id: String, workspace: String, _ context: CallContext) async throws(RPCError) -> WholeRequest {
    var checks = RequestChecks()
    let parsed = checks.identifier(id, "id")
    try checks.finish()
    let workspace = try await directory.workspace(workspace, for: context.principal)
    let found = try await store.answer { store throws(StoreError) in
      try await store.wholeRequests(parsed.map { [$0] } ?? [], in: workspace.id, runs: LogLimits.runs).first
    }
    guard let found else { throw RPCError(.notFound, "there is no request \(id)") }
    return found
  }

  /// What a cursor of a query belongs to.
  static func scope(_ list: String, _ workspace: UniqueID, _ query: QueryLogsRequest) -> CursorSeal.Scope {
    var query = query
    query.workspace = ""
    query.cursor = ""
    query.pageSize = 0
    // They only narrow, and a time that is told as "an hour ago" is another one with each page.
    query.sinceUs = 0
    query.untilUs = 0
    return CursorSeal.Scope(list: list, workspace: workspace, query: query)
  }
}
