package import Cryptography

/// The secrets that a trigger accepts now.
package struct TriggerCredentials: Sendable {
  /// Newest first. Several while a rotation overlaps; none for public triggers.
  package var secrets: [SecretBytes]
  /// The secret is still to come: requests are recorded and start nothing.
  package var isPending: Bool

  /// The request's credential was found right when it came, as that of one that is replayed: it is not looked at again.
  package var isVerified = false

  /// Makes credentials.
  package init(secrets: [SecretBytes] = [], isPending: Bool = false) {
    self.secrets = secrets
    self.isPending = isPending
  }

  /// No secret.
  package static let none = TriggerCredentials()
}
