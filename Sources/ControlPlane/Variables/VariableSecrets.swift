package import Cryptography
package import HeadgateProto
package import Identifiers
import Rules
import Store
import TokenVault

/// Seals and opens the secret variables of workspaces. A ciphertext is bound to workspace, field and the variable's name.
package struct VariableSecrets: Sendable {
  private static let field = "variable"

  private let keys: WorkspaceKeys

  package init(keys: WorkspaceKeys) { self.keys = keys }

  /// The value encrypted for the variable of that name.
  package func seal(_ value: SecretBytes, name: String, in workspace: UniqueID) async throws(RPCError) -> [UInt8] {
    let vault = try await keys.vault(sealingFor: workspace)
    do {
      return try vault.seal(value, context: Self.context(name))
    } catch {
      throw Incident.internalError("the variable \(name) of workspace \(workspace) cannot be sealed: \(error)")
    }
  }

  /// The value of a variable, with a vault at hand where it is secret.
  static func open(_ row: VariableRow, _ vault: WorkspaceVault?) throws(VaultError) -> WorkspaceEnvironment.Variable {
    switch row.content {
    case .plain(let text): return WorkspaceEnvironment.Variable(value: Array(text.utf8), isSecret: false)
    case .sealed(let ciphertext):
      guard let vault else { throw .noDataKey }
      let value = try vault.open(ciphertext, context: context(row.name))
      return WorkspaceEnvironment.Variable(value: value.revealed(), isSecret: true)
    }
  }

  /// The name is the row's key within its workspace, so it stands for the row.
  static func context(_ name: String) -> SecretContext {
    SecretContext(trigger: [], field: field, record: Array(name.utf8))
  }
}
