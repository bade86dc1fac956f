package import Cryptography
package import HeadgateProto
package import Identifiers
package import Store
import TokenVault

/// Seals and opens the secrets of triggers. A ciphertext is bound to workspace, trigger, field and its own row.
package struct TriggerSecrets: Sendable {
  private let keys: WorkspaceKeys

  package init(keys: WorkspaceKeys) { self.keys = keys }

  /// A row that holds the secret, with an id of its own.
  package func seal(
    _ secret: SecretBytes, purpose: StoredSecretPurpose = .credential, trigger: UniqueID, in workspace: UniqueID
  ) async throws(RPCError) -> SecretRow {
    let vault = try await keys.vault(sealingFor: workspace)
    let id = UniqueID.random()
    do {
      let ciphertext = try vault.seal(secret, context: Self.context(trigger, id, purpose))
      return SecretRow(trigger: trigger, id: id, purpose: purpose, ciphertext: ciphertext)
    } catch {
      throw Incident.internalError("a secret of trigger \(trigger) cannot be sealed: \(error)")
    }
  }

  /// Makes sure that something can be encrypted for the workspace, without waiting for the database.
  package func prepare(_ workspace: UniqueID) async throws(RPCError) { _ = try await keys.vault(sealingFor: workspace) }

  /// The secret of a row.
  ///
  /// - Throws: `internal` when it does not open, such as after it was moved from another row.
  package func open(_ row: SecretRow, in workspace: UniqueID) async throws(RPCError) -> SecretBytes {
    let vault = try await keys.vault(opening: [row.ciphertext], of: workspace)
    do {
      return try Self.open(row, vault)
    } catch {
      throw Incident.internalError("secret \(row.id) of trigger \(row.trigger) does not open: \(error)")
    }
  }

  /// The secret of a row with a vault at hand.
  static func open(_ row: SecretRow, _ vault: WorkspaceVault) throws(VaultError) -> SecretBytes {
    try vault.open(row.ciphertext, context: context(row.trigger, row.id, row.purpose))
  }

  /// What the ciphertext of a row is bound to.
  static func context(
    _ trigger: UniqueID, _ record: UniqueID, _ purpose: StoredSecretPurpose
  ) -> SecretContext {
    SecretContext(trigger: trigger.bytes, field: purpose.field, record: record.bytes)
  }
}

extension StoredSecretPurpose {
  /// What the ciphertext is bound to, so that a token cannot be put in a credential's place.
  fileprivate var field: String {
    switch self {
    case .credential: "secret"
    case .verifyToken: "verify_token"
    }
  }
}

extension SecretPurpose {
  init(_ purpose: StoredSecretPurpose) {
    switch purpose {
    case .credential: self = .credential
    case .verifyToken: self = .verifyToken
    }
  }
}
