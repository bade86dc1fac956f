package import HeadgateProto
import Identifiers
import Postgres
import Store
import TokenVault

/// `KeyService`: the data keys of workspaces and the master keys that they are wrapped with.
package struct KeyService: KeyServiceHandler {
  private let store: Store
  private let directory: WorkspaceDirectory
  private let keys: WorkspaceKeys
  private let pace: KeyRotation.Pace

  init(store: Store, directory: WorkspaceDirectory, keys: WorkspaceKeys, pace: KeyRotation.Pace) {
    self.store = store
    self.directory = directory
    self.keys = keys
    self.pace = pace
  }

  package func status(_ request: KeyStatusRequest, context: CallContext) async throws -> KeyStatusResponse {
    // A credential of one workspace is shown that workspace's keys alone.
    let own = context.principal.workspace == nil ? nil : try await directory.workspace("", for: context.principal).id
    let masterKeys = keys.masterKeys
    let workspaces = try await store.answer { store throws(StoreError) in try await store.workspaces() }
    let counts = try await store.answer { store throws(StoreError) in try await store.sealedCounts(in: own) }
    let rows = try await store.answer { store throws(StoreError) -> [DataKeyRow] in
      if let own { return try await store.dataKeys(of: own) }
      return try await store.dataKeys()
    }
    let names = Dictionary(workspaces.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
    let sealed = Dictionary(
      counts.map { (KeyID(workspace: $0.workspace, version: $0.version), $0) }, uniquingKeysWith: { first, _ in first })
    let newest = Dictionary(rows.map { ($0.workspace, $0.version) }, uniquingKeysWith: max)
    let versions = Set(masterKeys.versions).union(rows.map { UInt32(clamping: $0.masterKeyVersion) })
    return KeyStatusResponse(
      masterKeys: versions.sorted().map { version in
        MasterKeyInfo(
          version: version, current: version == masterKeys.currentVersion, available: masterKeys.versions.contains(version),
          dataKeys: UInt64(rows.count { UInt32(clamping: $0.masterKeyVersion) == version }))
      },
      dataKeys: rows.map { row in
        let sealed = sealed[KeyID(workspace: row.workspace, version: Int64(row.version))]
        return DataKeyInfo(
          workspace: names[row.workspace] ?? row.workspace.description, version: UInt32(clamping: row.version),
          masterKeyVersion: UInt32(clamping: row.masterKeyVersion), current: newest[row.workspace] == row.version,
          secrets: UInt64(clamping: sealed?.secrets ?? 0), createdAtUs: row.createdAt.microseconds,
          requests: UInt64(clamping: sealed?.requests ?? 0))
      })
  }

  package func rotate(
    _ request: RotateKeyRequest, context: CallContext, writer: MessageWriter<KeyProgress>
  ) async throws {
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let audit = context.audit(in: workspace.id, "key.rotate", object: workspace.name)
    let vault = try await keys.addKey(to: workspace.id, audit: audit)
    let version = vault.current?.version ?? 0
    let counts = try await store.answer { store throws(StoreError) in try await store.sealedCounts(in: workspace.id) }
    let total = counts.reduce(0) { $0 + ($1.version == Int64(version) ? 0 : UInt64(clamping: $1.secrets + $1.requests)) }
    try await writer.write(KeyProgress(done: 0, total: total))
    let outcome = try await KeyRotation(store: store, pace: pace).run(in: workspace.id, vault, keys) { done in
      // Secrets may have been added since they were counted.
      try await writer.write(KeyProgress(done: UInt64(done), total: max(total, UInt64(done))))
    }
    var summary =
      "data key \(version) of \(workspace.name) is current; \(outcome.resealed) secrets and requests encrypted with it"
    if outcome.unreadable > 0 { summary += "; \(outcome.unreadable) do not open and stay as they are" }
    let done = UInt64(outcome.resealed)
    try await writer.write(KeyProgress(done: done, total: max(total, done), summary: summary))
  }

  package func rewrap(
    _ request: RewrapKeysRequest, context: CallContext, writer: MessageWriter<KeyProgress>
  ) async throws {
    if context.principal.workspace != nil {
      throw RPCError(.permissionDenied, "a credential of one workspace cannot rewrap the data keys of all")
    }
    let home = try await directory.workspace(WorkspaceDirectory.standardName, for: context.principal)
    let masterKeys = keys.masterKeys
    let current = Int32(clamping: masterKeys.currentVersion)
    let audit = context.audit(in: home.id, "key.rewrap", object: "master key \(current)", concernsAll: true)
    let rows = try await store.answer { store throws(StoreError) in
      try await store.record(audit)
      return try await store.dataKeys().filter { $0.masterKeyVersion != current }
    }
    let total = UInt64(rows.count)
    var done: UInt64 = 0
    var unreadable = 0
    try await writer.write(KeyProgress(done: 0, total: total))
    for start in stride(from: 0, to: rows.count, by: pace.batch) {
      try Task.checkCancellation()
      var batch: [(key: DataKeyRow, previous: Int32)] = []
      for row in rows[start..<min(start + pace.batch, rows.count)] {
        let wrapped = WrappedDataKey(workspace: row.workspace.bytes, version: UInt32(clamping: row.version), bytes: row.wrapped)
        guard let rewrapped = try? wrapped.rewrapped(by: masterKeys) else {
          unreadable += 1
          continue
        }
        var changed = row
        changed.masterKeyVersion = current
        changed.wrapped = rewrapped.bytes
        batch.append((changed, row.masterKeyVersion))
      }
      let replacements = batch
      done += UInt64(try await store.answer { store throws(StoreError) in try await store.rewrap(replacements) })
      try await writer.write(KeyProgress(done: done, total: total))
    }
    var summary = "\(done) data keys wrapped with master key \(current)"
    if unreadable > 0 { summary += "; \(unreadable) cannot be unwrapped and stay as they are" }
    try await writer.write(KeyProgress(done: done, total: total, summary: summary))
  }

  private struct KeyID: Hashable {
    var workspace: UniqueID
    var version: Int64
  }
}
