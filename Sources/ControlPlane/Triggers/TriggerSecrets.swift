package import Cryptography
package import HeadgateProto
package import Identifiers
package import Store
import TokenVault

/// Seals and opens the secrets of triggers. A ciphertext is bound to workspace, trigger, field and its own row.
package struct TriggerSecrets: Sendable {
  private static let field = "secret"

  private let keys: WorkspaceKeys

  package init(keys: WorkspaceKeys) { self.keys = keys }

  /// A row that holds the secret, with an id of its own.
  package func seal(_ secret: SecretBytes, trigger: UniqueID, in workspace: UniqueID) async throws(RPCError) -> SecretRow {
    let vault = try await keys.vault(sealingFor: workspace)
    let id = UniqueID.random()
    do {
      return SecretRow(trigger: trigger, id: id, ciphertext: try vault.seal(secret, context: Self.context(trigger, id)))
    } catch {
      throw Incident.internalError("a secret of trigger \(trigger) cannot be sealed: \(error)")
    }
  }

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
    try vault.open(row.ciphertext, context: context(row.trigger, row.id))
  }

  private static func context(_ trigger: UniqueID, _ record: UniqueID) -> SecretContext {
    SecretContext(trigger: trigger.bytes, field: field, record: record.bytes)
  }
}
