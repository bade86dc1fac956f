package import HeadgateProto
import Identifiers
import Postgres
import Rules
package import Store

/// `WorkspaceService`: the tenants.
package struct WorkspaceService: WorkspaceServiceHandler {
  private let store: Store
  private let directory: WorkspaceDirectory
  private let live: LiveLoader

  package init(store: Store, directory: WorkspaceDirectory, live: LiveLoader) {
    self.store = store
    self.directory = directory
    self.live = live
  }

  package func create(_ request: CreateWorkspaceRequest, context: CallContext) async throws -> Workspace {
    var checks = RequestChecks()
    checks.required(request.name, "name")
    if !request.name.isEmpty, !WorkspaceDirectory.isWellFormed(request.name) {
      checks.fault("name", "invalid_value", "name \(WorkspaceDirectory.rule)")
    }
    try checks.finish()
    if context.principal.workspace != nil {
      throw RPCError(.permissionDenied, "a credential of one workspace cannot create another")
    }
    let home = try await directory.workspace(WorkspaceDirectory.standardName, for: context.principal)
    let audit = context.audit(in: home.id, "workspace.create", object: request.name, concernsAll: true)
    let row = try await store.answer(about: request.name) { store throws(StoreError) in
      try await store.createWorkspace(named: request.name, audit: audit)
    }
    directory.remember([row])
    return Workspace(row)
  }

  package func get(_ request: GetWorkspaceRequest, context: CallContext) async throws -> Workspace {
    var checks = RequestChecks()
    checks.required(request.name, "name")
    try checks.finish()
    return Workspace(try await directory.workspace(request.name, for: context.principal))
  }

  package func list(_ request: ListWorkspacesRequest, context: CallContext) async throws -> ListWorkspacesResponse {
    let rows = try await store.answer { store throws(StoreError) in try await store.workspaces() }
    let visible = rows.filter { context.principal.workspace == nil || context.principal.workspace == $0.name }
    return ListWorkspacesResponse(workspaces: visible.map(Workspace.init))
  }

  package func update(_ request: UpdateWorkspaceRequest, context: CallContext) async throws -> Workspace {
    var checks = RequestChecks()
    checks.required(request.name, "name")
    if let region = request.defaultRegion, !region.isEmpty, !PhoneRegion.isKnown(region) {
      checks.fault("default_region", "invalid_value", "default_region: \(PhoneRegion.fault(of: region))")
    }
    try checks.finish()
    let workspace = try await directory.workspace(request.name, for: context.principal)
    guard let region = request.defaultRegion else { return Workspace(workspace) }
    let audit = context.audit(
      in: workspace.id, "workspace.update", object: workspace.name, details: ["default_region": region])
    let row = try await store.answer(about: request.name) { store throws(StoreError) in
      try await store.updateWorkspace(workspace.id, defaultRegion: region, audit: audit)
    }
    directory.remember([row])
    await live.reloadEnvironment(of: row)
    return Workspace(row)
  }
}

extension Workspace {
  init(_ row: WorkspaceRow) {
    self.init(
      id: row.id.description, name: row.name, createdAtUs: row.createdAt.microseconds,
      defaultRegion: row.defaultRegion)
  }
}
