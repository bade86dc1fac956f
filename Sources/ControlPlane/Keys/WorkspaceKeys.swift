package import HeadgateProto
package import Identifiers
package import Store
import Synchronization
package import TokenVault

/// The data keys of all workspaces, unwrapped. A workspace gets its first one when its first secret is sealed.
///
/// Data keys are only ever added, so that what is read late or in another order never takes one away.
package final class WorkspaceKeys: Sendable {
  private let held: Mutex<MasterKeys>
  private let store: Store
  private let vaults = Mutex<[UniqueID: Kept]>([:])

  private struct Kept {
    let vault: WorkspaceVault
    let keys: [UInt32: DataKey]
  }

  package init(masterKeys: MasterKeys, store: Store) {
    held = Mutex(masterKeys)
    self.store = store
  }

  /// The master keys at hand.
  package var masterKeys: MasterKeys { held.withLock { $0 } }

  /// Takes other master keys, such as after one was added to the file.
  ///
  /// - Throws: `LiveLoader.MissingMasterKeys` when a data key in the database needs one that is not among them, and the
  ///   errors of reading the database; the present ones stay then.
  package func replace(masterKeys: MasterKeys) async throws {
    let versions = Set(masterKeys.versions)
    let missing = Set(try await store.dataKeys().map(\.masterKeyVersion)).filter { version in
      UInt32(exactly: version).map { !versions.contains($0) } ?? true
    }
    guard missing.isEmpty else { throw LiveLoader.MissingMasterKeys(versions: missing.sorted()) }
    held.withLock { $0 = masterKeys }
  }

  /// Master key versions that data keys are wrapped with and that are not at hand.
  package func missingMasterKeys(of rows: [DataKeyRow]) -> [Int32] {
    let versions = Set(masterKeys.versions)
    return Set(rows.map(\.masterKeyVersion)).filter { UInt32(exactly: $0).map { !versions.contains($0) } ?? true }.sorted()
  }

  /// Unwraps a workspace's data keys and keeps them. A key that is kept already stays, with its count of uses.
  ///
  /// - Throws: `VaultError`; what was kept stays then.
  @discardableResult
  package func install(_ rows: [DataKeyRow], of workspace: UniqueID) throws(VaultError) -> WorkspaceVault {
    let kept = vaults.withLock { $0[workspace] }
    var added: [DataKey] = []
    for row in rows {
      let version = UInt32(clamping: row.version)
      if kept?.keys[version] != nil { continue }
      let wrapped = WrappedDataKey(workspace: workspace.bytes, version: version, bytes: row.wrapped)
      added.append(try wrapped.unwrapped(by: masterKeys))
    }
    if added.isEmpty, let kept { return kept.vault }
    return try add(added, to: workspace)
  }

  private func add(_ added: [DataKey], to workspace: UniqueID) throws(VaultError) -> WorkspaceVault {
    try vaults.withLock { vaults throws(VaultError) -> WorkspaceVault in
      // Another load may have added some meanwhile: those stay.
      var keys = vaults[workspace]?.keys ?? [:]
      for key in added where keys[key.version] == nil { keys[key.version] = key }
      let vault = try WorkspaceVault(workspace: workspace.bytes, keys: Array(keys.values))
      vaults[workspace] = Kept(vault: vault, keys: keys)
      return vault
    }
  }

  /// The vault of a workspace as far as it is known here; `nil`: not loaded or without a data key.
  package func known(_ workspace: UniqueID) -> WorkspaceVault? { vaults.withLock { $0[workspace]?.vault } }

  /// The vault that secrets are opened with, read from the database when a key is not known here.
  package func vault(opening ciphertexts: [[UInt8]], of workspace: UniqueID) async throws(RPCError) -> WorkspaceVault {
    if let kept = vaults.withLock({ $0[workspace] }),
      ciphertexts.allSatisfy({ WorkspaceVault.dataKeyVersion(of: $0).map { kept.keys[$0] != nil } ?? true })
    {
      return kept.vault
    }
    return try await load(workspace)
  }

  /// The vault that new secrets are sealed with; makes the workspace's first data key when it has none.
  package func vault(sealingFor workspace: UniqueID) async throws(RPCError) -> WorkspaceVault {
    if let vault = known(workspace), vault.current != nil { return vault }
    let loaded = try await load(workspace)
    if loaded.current != nil { return loaded }
    let first = try makeKey(1, of: workspace)
    do {
      try await store.insertDataKey(first)
    } catch .alreadyExists {
      // Another replica was faster; its key is the workspace's.
    } catch {
      throw RPCError(error)
    }
    return try await load(workspace)
  }

  /// Gives a workspace a new data key, which seals from now on; the others stay, to open what they have sealed.
  ///
  /// - Returns: the vault with it.
  /// - Throws: `aborted` when another one was given at the same moment.
  package func addKey(to workspace: UniqueID, audit: AuditEntry) async throws(RPCError) -> WorkspaceVault {
    let rows = try await store.answer { store throws(StoreError) in try await store.dataKeys(of: workspace) }
    let version = UInt32(clamping: rows.last?.version ?? 0) + 1
    let added = try makeKey(version, of: workspace)
    do {
      try await store.insertDataKey(added, audit: audit)
    } catch .alreadyExists {
      throw RPCError(.aborted, "the workspace is being given a new data key already")
    } catch {
      throw RPCError(error)
    }
    return try await load(workspace)
  }

  private func makeKey(_ version: UInt32, of workspace: UniqueID) throws(RPCError) -> DataKeyRow {
    let masterKeys = masterKeys
    do {
      let wrapped = try DataKey.random(workspace: workspace.bytes, version: version).wrapped(by: masterKeys)
      return DataKeyRow(
        workspace: workspace, version: Int32(clamping: version), masterKeyVersion: Int32(clamping: masterKeys.currentVersion),
        wrapped: wrapped.bytes)
    } catch {
      throw Incident.internalError("no data key could be made: \(error)")
    }
  }

  private func load(_ workspace: UniqueID) async throws(RPCError) -> WorkspaceVault {
    let rows = try await store.answer { store throws(StoreError) in try await store.dataKeys(of: workspace) }
    do {
      return try install(rows, of: workspace)
    } catch {
      throw Incident.internalError("the data keys of workspace \(workspace) cannot be unwrapped: \(error)")
    }
  }
}
