package import Cryptography
package import Identifiers
package import Postgres
package import Rules

/// A trigger as requests meet it: everything that the way of a request needs, opened and compiled.
package final class LiveEntry: Sendable {
  /// A secret that is accepted now, until it ends.
  package struct Secret: Sendable {
    package var value: SecretBytes
    /// `nil`: does not end.
    package var expiresAt: UnixTime?

    package init(value: SecretBytes, expiresAt: UnixTime?) {
      self.value = value
      self.expiresAt = expiresAt
    }
  }

  /// Whether requests can be judged.
  package enum State: Sendable {
    case usable(CompiledTrigger)
    /// Disabled, or its node is not in the published version: answered like an unknown key. With the places that carry a
    /// credential, where they are known.
    case disabled(Redactions?)
    /// The configuration or a secret cannot be read: our fault, not the caller's.
    case unusable
  }

  package let workspace: UniqueID
  package let flow: UniqueID
  package let flowVersion: Int32
  package let trigger: UniqueID
  package let node: String
  package let key: [UInt8]
  package let state: State
  private let secrets: [Secret]
  /// The credentials when none of them ends, so that the common case allocates nothing.
  private let lasting: TriggerCredentials?

  package init(
    workspace: UniqueID, flow: UniqueID, flowVersion: Int32, trigger: UniqueID, node: String, key: [UInt8], state: State,
    secrets: [Secret], isPending: Bool
  ) {
    self.workspace = workspace
    self.flow = flow
    self.flowVersion = flowVersion
    self.trigger = trigger
    self.node = node
    self.key = key
    self.state = state
    self.secrets = secrets
    lasting =
      secrets.contains { $0.expiresAt != nil }
      ? nil : TriggerCredentials(secrets: secrets.map(\.value), isPending: isPending)
  }

  /// The secrets that are accepted at a moment, newest first.
  package func credentials(at now: UnixTime) -> TriggerCredentials {
    if let lasting { return lasting }
    return TriggerCredentials(
      secrets: secrets.compactMap { secret in secret.expiresAt.map { now < $0 } ?? true ? secret.value : nil })
  }
}
