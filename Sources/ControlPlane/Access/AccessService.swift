package import HeadgateProto
import Identifiers
import Postgres
package import Store

/// `AccessService`: API keys, who the caller is, and the audit log. What concerns certificates is in
/// `AccessService+Certificates`.
package struct AccessService: AccessServiceHandler {
  let store: Store
  let directory: WorkspaceDirectory
  private let keys: APIKeyRing
  let certificates: CertificateRing
  private let cursors: CursorSeal

  package init(
    store: Store, directory: WorkspaceDirectory, keys: APIKeyRing, certificates: CertificateRing, cursors: CursorSeal
  ) {
    self.store = store
    self.directory = directory
    self.keys = keys
    self.certificates = certificates
    self.cursors = cursors
  }

  // MARK: API keys

  package func createKey(_ request: CreateKeyRequest, context: CallContext) async throws -> CreateKeyResponse {
    var checks = RequestChecks()
    if !APIKeyLimits.isWellFormed(name: request.name) {
      checks.fault("name", request.name.isEmpty ? "required" : "invalid_value", "name \(APIKeyLimits.nameRule)")
    }
    if !APIKeyLimits.roles.contains(request.role) {
      checks.fault("role", "invalid_value", "role must be admin, operator, reader or worker")
    }
    if request.expiresInSeconds > APIKeyLimits.lifetimeSeconds {
      checks.fault("expires_in_seconds", "out_of_range", "expires_in_seconds must be at most \(APIKeyLimits.lifetimeSeconds)")
    }
    try checks.finish()
    // Without a name it is the caller's own workspace, or all of them: never more than the caller may see itself.
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let seesAll = request.workspace.isEmpty && context.principal.workspace == nil
    let text = APIKeyText.generate()
    let key = NewAPIKey(
      workspace: workspace.id, seesAllWorkspaces: seesAll, name: request.name, role: Int16(clamping: request.role.rawValue),
      hash: APIKeyText.hash(text), prefix: APIKeyText.shown(text), createdBy: context.principal.name,
      lifetime: request.expiresInSeconds == 0 ? nil : .seconds(Int64(request.expiresInSeconds)))
    let audit = context.audit(
      in: workspace.id, "apikey.create", object: request.name,
      details: [
        "id": key.id.description, "role": request.role.name, "workspace": seesAll ? "" : workspace.name,
        "expires_in_seconds": "\(request.expiresInSeconds)",
      ], concernsAll: seesAll)
    let row = try await store.answer(about: request.name) { store throws(StoreError) in
      try await store.createAPIKey(key, limit: APIKeyLimits.keys, audit: audit)
    }
    await reload()
    return CreateKeyResponse(key: APIKey(row), secret: text)
  }

  package func listKeys(_ request: ListKeysRequest, context: CallContext) async throws -> ListKeysResponse {
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let seesAll = request.workspace.isEmpty && context.principal.workspace == nil
    let rows = try await store.answer { store throws(StoreError) in
      try await store.apiKeys(in: seesAll ? nil : workspace.id, limit: APIKeyLimits.listed)
    }
    return ListKeysResponse(keys: rows.map(APIKey.init))
  }

  package func revokeKey(_ request: RevokeKeyRequest, context: CallContext) async throws -> APIKey {
    var checks = RequestChecks()
    checks.required(request.key, "key")
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let seesAll = context.principal.workspace == nil
    let found = try await store.answer { store throws(StoreError) in
      try await store.apiKeys(named: request.key, in: workspace.id, includesUnconfined: seesAll)
    }
    guard let key = found.first else { throw RPCError(.notFound, "there is no API key \(request.key)") }
    guard found.count == 1 else {
      throw RPCError(.failedPrecondition, "\(found.count) keys are called \(request.key); name the one that is meant by its id")
    }
    let audit = context.audit(
      in: workspace.id, "apikey.revoke", object: key.name, details: ["id": key.id.description, "prefix": key.prefix],
      concernsAll: key.seesAllWorkspaces)
    let row = try await store.answer(about: request.key) { store throws(StoreError) in
      try await store.revokeAPIKey(key.id, in: workspace.id, audit: audit)
    }
    await reload()
    return APIKey(row)
  }

  /// What was changed here holds here at once; should this fail, the announcement or the regular reload makes up for it.
  private func reload() async {
    do { try await keys.reload() } catch {}
  }

  // MARK: The caller

  package func whoAmI(_ request: WhoAmIRequest, context: CallContext) async throws -> WhoAmIResponse {
    let principal = context.principal
    return WhoAmIResponse(
      principal: principal.name, roles: principal.roles.sorted { $0.rawValue < $1.rawValue },
      workspace: principal.workspace ?? "")
  }

  // MARK: The audit log

  package func queryAudit(_ request: QueryAuditRequest, context: CallContext) async throws -> QueryAuditResponse {
    var checks = RequestChecks()
    checks.optional(request.action, "action")
    checks.optional(request.principal, "principal")
    checks.optional(request.object, "object")
    checks.optional(request.cursor, "cursor")
    for (path, time) in [("since_us", request.sinceUs), ("until_us", request.untilUs)]
    where !LogLimits.timeUs.contains(time) {
      checks.fault(path, "out_of_range", "\(path) must be from the years 1970 to 9999")
    }
    if request.sinceUs > 0, request.untilUs > 0, request.sinceUs >= request.untilUs {
      checks.fault("until_us", "conflict", "until_us must be after since_us")
    }
    let size = checks.pageSize(request.pageSize, zero: LogLimits.standardPage)
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    var query = request
    query.cursor = ""
    query.pageSize = 0
    // They only narrow, and a time that is told as "an hour ago" is another one with each page.
    query.sinceUs = 0
    query.untilUs = 0
    let scope = CursorSeal.Scope(list: "AccessService.QueryAudit", workspace: workspace.id, query: query)
    let before = try cursors.openID(request.cursor, scope)
    let filter = AuditFilter(request)
    let seesAll = context.principal.workspace == nil
    var rows = try await store.answer { store throws(StoreError) in
      try await store.auditLog(
        in: workspace.id, matching: filter, before: before, includesAll: seesAll, limit: size + 1)
    }
    let next = cursors.cut(&rows, to: size, scope) { $0.id.bytes }
    return QueryAuditResponse(records: rows.map(AuditRecord.init), nextCursor: next)
  }
}

/// Limits of API keys.
enum APIKeyLimits {
  /// An edge node has a certificate: it is a machine of ours, and its key would be asked for with every request.
  static let roles: Set<Role> = [.admin, .operator, .reader, .worker]
  /// Keys of a workspace that are neither revoked nor have ended.
  static let keys = 1000
  /// Keys that a list shows.
  static let listed = 1000
  /// Ten years.
  static let lifetimeSeconds: UInt64 = 10 * 366 * 86_400
  private static let nameBytes = 1...64

  /// Whether a name can stand in logs and on command lines without quotes.
  static func isWellFormed(name: String) -> Bool {
    nameBytes.contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  static let nameRule = "must be 1 to 64 of a-z, A-Z, 0-9, \".\", \"_\" and \"-\""
}

extension AuditFilter {
  init(_ request: QueryAuditRequest) {
    let isPrefix = request.action.hasSuffix(".")
    self.init(
      action: request.action.isEmpty || isPrefix ? nil : request.action, actionPrefix: isPrefix ? request.action : nil,
      principal: request.principal.isEmpty ? nil : request.principal, object: request.object.isEmpty ? nil : request.object,
      since: request.sinceUs == 0 ? nil : UnixTime(microseconds: request.sinceUs),
      until: request.untilUs == 0 ? nil : UnixTime(microseconds: request.untilUs))
  }
}

extension AuditRecord {
  init(_ row: AuditRow) {
    self.init(
      id: row.id.description, atUs: row.at.microseconds, principal: row.entry.principal, peer: row.entry.peer,
      action: row.entry.action, object: row.entry.object, details: row.entry.details)
  }
}

extension APIKey {
  init(_ row: APIKeyRow) {
    self.init(
      id: row.id.description, name: row.name, role: Role(rawValue: Int32(row.role)) ?? .unspecified,
      workspace: row.seesAllWorkspaces ? "" : row.workspace, createdAtUs: row.createdAt.microseconds, createdBy: row.createdBy,
      expiresAtUs: row.expiresAt?.microseconds ?? 0, revokedAtUs: row.revokedAt?.microseconds ?? 0,
      lastUsedAtUs: row.lastUsedAt?.microseconds ?? 0, prefix: row.prefix)
  }
}

extension Role {
  /// "admin".
  fileprivate var name: String { "\(self)" }
}
