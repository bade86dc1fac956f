import Cryptography
import Store
import TokenVault

extension SealedRow {
  /// What the ciphertext is bound to; `nil`: of a purpose that this version does not know.
  var context: SecretContext? {
    switch place {
    case .trigger(let trigger, let secret, let purpose):
      StoredSecretPurpose(rawValue: purpose).map { TriggerSecrets.context(trigger, secret, $0) }
    case .variable(let name): VariableSecrets.context(name)
    case .request(let request, let trigger): SealedParts.context(trigger, request)
    }
  }

  /// Seals anew what was opened, as what is stored in such a place is sealed.
  func seal(_ secret: SecretBytes, _ context: SecretContext, _ vault: WorkspaceVault) throws(VaultError) -> [UInt8] {
    switch place {
    case .trigger, .variable: try vault.seal(secret, context: context)
    case .request: try vault.sealMany(secret, context: context)
    }
  }

  /// The place in the pass over its kind.
  var cursor: SealedCursor {
    switch place {
    case .trigger(let trigger, let secret, _): .secrets(afterTrigger: trigger, secret: secret)
    case .variable(let name): .variables(after: name)
    case .request(let request, _): .requests(afterVersion: version, id: request)
    }
  }
}
