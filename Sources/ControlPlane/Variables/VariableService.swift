import Cryptography
package import HeadgateProto
import Identifiers
import Postgres
package import Store

/// `VariableService`: what templates of a workspace see as `env.NAME`.
package struct VariableService: VariableServiceHandler {
  private let store: Store
  private let directory: WorkspaceDirectory
  private let secrets: VariableSecrets
  private let live: LiveLoader

  package init(store: Store, directory: WorkspaceDirectory, secrets: VariableSecrets, live: LiveLoader) {
    self.store = store
    self.directory = directory
    self.secrets = secrets
    self.live = live
  }

  package func set(_ request: SetVariableRequest, context: CallContext) async throws -> Variable {
    var checks = RequestChecks()
    checks.variableName(request.name)
    checks.optional(request.value, "value", atMost: VariableLimits.valueBytes)
    if request.secret, request.value.isEmpty { checks.fault("value", "required", "value of a secret variable must be given") }
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let content: VariableRow.Content
    if request.secret {
      let value = SecretBytes(copying: Array(request.value.utf8))
      content = .sealed(try await secrets.seal(value, name: request.name, in: workspace.id))
    } else {
      content = .plain(request.value)
    }
    let audit = context.audit(
      in: workspace.id, "variable.set", object: request.name, details: ["secret": request.secret ? "true" : "false"])
    let row = VariableRow(workspace: workspace.id, name: request.name, content: content)
    let stored = try await store.answer(about: request.name) { store throws(StoreError) in
      try await store.setVariable(row, limit: VariableLimits.perWorkspace, audit: audit)
    }
    await live.reloadEnvironment(of: workspace)
    return Variable(stored)
  }

  package func list(_ request: ListVariablesRequest, context: CallContext) async throws -> ListVariablesResponse {
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let rows = try await store.answer { store throws(StoreError) in try await store.variables(of: workspace.id) }
    return ListVariablesResponse(variables: rows.map(Variable.init))
  }

  package func delete(_ request: DeleteVariableRequest, context: CallContext) async throws -> DeleteVariableResponse {
    var checks = RequestChecks()
    checks.variableName(request.name)
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let audit = context.audit(in: workspace.id, "variable.delete", object: request.name)
    try await store.answer(about: request.name) { store throws(StoreError) in
      try await store.deleteVariable(request.name, in: workspace.id, audit: audit)
    }
    await live.reloadEnvironment(of: workspace)
    return DeleteVariableResponse()
  }
}

extension Variable {
  /// Without the value of a secret one.
  init(_ row: VariableRow) {
    var value = ""
    if case .plain(let text) = row.content { value = text }
    self.init(name: row.name, value: value, secret: row.isSecret, updatedAtUs: row.updatedAt.microseconds)
  }
}

extension RequestChecks {
  /// A variable's name: 1 to 64 of [A-Za-z0-9_], not starting with a digit.
  fileprivate mutating func variableName(_ name: String) {
    guard !name.isEmpty else { return fault("name", "required", "name must be given") }
    let isWellFormed =
      name.utf8.count <= VariableLimits.nameBytes
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "_"):
          true
        default: false
        }
      }
    let startsWithDigit = name.utf8.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
    if !isWellFormed || startsWithDigit {
      let rule = "1 to \(VariableLimits.nameBytes) of A-Z, a-z, 0-9 and _, not starting with a digit"
      fault("name", "invalid_value", "name must be \(rule)")
    }
  }
}

/// Limits of a workspace's variables.
enum VariableLimits {
  static let nameBytes = 64
  static let valueBytes = 4096
  static let perWorkspace = 1000
}
