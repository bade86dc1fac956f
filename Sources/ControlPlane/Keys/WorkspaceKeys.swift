package import HeadgateProto
package import Identifiers
package import Store
import Synchronization
package import TokenVault

/// The data keys of all workspaces, unwrapped. A workspace gets its first one when its first secret is sealed.
package final class WorkspaceKeys: Sendable {
  private let masterKeys: MasterKeys
  private let store: Store
  private let vaults = Mutex<[UniqueID: Kept]>([:])

  private struct Kept {
    let vault: WorkspaceVault
    /// Of its data keys.
    let versions: Set<UInt32>
  }

  package init(masterKeys: MasterKeys, store: Store) {
    self.masterKeys = masterKeys
    self.store = store
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
    let versions = Set(rows.compactMap { UInt32(exactly: $0.version) })
    if let kept = vaults.withLock({ $0[workspace] }), kept.versions == versions { return kept.vault }
    let wrapped = rows.map {
      WrappedDataKey(workspace: workspace.bytes, version: UInt32(clamping: $0.version), bytes: $0.wrapped)
    }
    let vault = try WorkspaceVault(workspace: workspace.bytes, keys: wrapped, masterKeys: masterKeys)
    vaults.withLock { $0[workspace] = Kept(vault: vault, versions: versions) }
    return vault
  }

  /// The vault of a workspace as far as it is known here; `nil`: not loaded or without a data key.
  package func known(_ workspace: UniqueID) -> WorkspaceVault? { vaults.withLock { $0[workspace]?.vault } }

  /// The vault that secrets are opened with, read from the database when a key is not known here.
  package func vault(opening ciphertexts: [[UInt8]], of workspace: UniqueID) async throws(RPCError) -> WorkspaceVault {
    if let kept = vaults.withLock({ $0[workspace] }),
      ciphertexts.allSatisfy({ WorkspaceVault.dataKeyVersion(of: $0).map(kept.versions.contains) ?? true })
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
    let wrapped: WrappedDataKey
    do {
      wrapped = try DataKey.random(workspace: workspace.bytes, version: 1).wrapped(by: masterKeys)
    } catch {
      throw Incident.internalError("no data key could be made: \(error)")
    }
    do {
      try await store.insertDataKey(
        DataKeyRow(
          workspace: workspace, version: 1, masterKeyVersion: Int32(clamping: masterKeys.currentVersion), wrapped: wrapped.bytes))
    } catch .alreadyExists {
      // Another replica was faster; its key is the workspace's.
    } catch {
      throw RPCError(error)
    }
    return try await load(workspace)
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
