package import Cryptography
package import HeadgateProto
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

  /// What an entry is made of.
  package struct Content: Sendable {
    package var workspace: UniqueID
    package var flow: UniqueID
    package var flowName: String
    package var flowVersion: Int32
    package var trigger: UniqueID
    package var node: String
    package var key: [UInt8]
    package var state: State
    /// FLOW/NODE whose URL the node subscribes to; `nil`: it has its own.
    package var source: String?
    package var secrets: [Secret] = []
    /// What a handshake's check value may be.
    package var verifyTokens: [Secret] = []
    /// The secret is still to come.
    package var isPending = false
    /// The workspace's variables.
    package var environment = LiveEnvironment()
    /// What edge nodes must know; `nil`: nothing.
    package var policy: TriggerPolicy?

    package init(
      workspace: UniqueID, flow: UniqueID, flowName: String = "", flowVersion: Int32, trigger: UniqueID, node: String,
      key: [UInt8], state: State
    ) {
      self.workspace = workspace
      self.flow = flow
      self.flowName = flowName
      self.flowVersion = flowVersion
      self.trigger = trigger
      self.node = node
      self.key = key
      self.state = state
    }
  }

  private let content: Content
  /// The nodes that subscribe to this one's URL and start runs of their own, by name.
  package let subscribers: [LiveEntry]
  /// The credentials when none of them ends, so that the common case allocates nothing.
  private let lasting: TriggerCredentials?

  package init(_ content: Content, subscribers: [LiveEntry] = []) {
    self.content = content
    self.subscribers = subscribers
    lasting =
      content.secrets.contains { $0.expiresAt != nil }
      ? nil : TriggerCredentials(secrets: content.secrets.map(\.value), isPending: content.isPending)
  }

  package var workspace: UniqueID { content.workspace }
  package var flow: UniqueID { content.flow }
  package var flowVersion: Int32 { content.flowVersion }
  package var trigger: UniqueID { content.trigger }
  package var node: String { content.node }
  package var key: [UInt8] { content.key }
  package var state: State { content.state }
  /// FLOW/NODE.
  package var name: String { "\(content.flowName)/\(content.node)" }
  package var source: String? { content.source }
  package var isPending: Bool { content.isPending }
  package var policy: TriggerPolicy? { content.policy }
  /// The workspace's variables, as they are now.
  package var environment: WorkspaceEnvironment { content.environment.current }

  /// The rules; `nil`: the trigger is not in use.
  package var compiled: CompiledTrigger? {
    if case .usable(let compiled) = state { compiled } else { nil }
  }

  /// The same trigger with these subscribers.
  package func with(subscribers: [LiveEntry]) -> LiveEntry { LiveEntry(content, subscribers: subscribers) }

  /// The secrets that are accepted at a moment, newest first.
  package func credentials(at now: UnixTime) -> TriggerCredentials {
    if let lasting { return lasting }
    return TriggerCredentials(
      secrets: content.secrets.compactMap { secret in secret.expiresAt.map { now < $0 } ?? true ? secret.value : nil })
  }

  /// What a handshake's check value may be at a moment.
  package func verifyTokens(at now: UnixTime) -> [SecretBytes] {
    guard !content.verifyTokens.isEmpty else { return [] }
    return content.verifyTokens.compactMap { token in token.expiresAt.map { now < $0 } ?? true ? token.value : nil }
  }
}
