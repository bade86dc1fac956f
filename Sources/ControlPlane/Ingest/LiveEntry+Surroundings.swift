import Cryptography
import Rules

// What a request is judged with besides its trigger. To be filled by the loader of the live configuration.
extension LiveEntry {
  /// The nodes that subscribe to this trigger's URL, in a fixed order; those that cannot be used are not among them.
  var subscribers: [LiveEntry] { [] }

  /// The variables and the region of the workspace.
  var environment: WorkspaceEnvironment { .empty }

  /// What a handshake's check value may be now.
  var verifyTokens: [SecretBytes] { [] }
}
