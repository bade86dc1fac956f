import Store
import TokenVault

extension SealedRow {
  /// What the ciphertext is bound to; `nil`: of a purpose that this version does not know.
  var context: SecretContext? {
    switch place {
    case .trigger(let trigger, let secret, let purpose):
      StoredSecretPurpose(rawValue: purpose).map { TriggerSecrets.context(trigger, secret, $0) }
    case .variable(let name): VariableSecrets.context(name)
    }
  }

  /// The place in the pass over its kind.
  var cursor: SealedCursor {
    switch place {
    case .trigger(let trigger, let secret, _): .secrets(afterTrigger: trigger, secret: secret)
    case .variable(let name): .variables(after: name)
    }
  }
}
