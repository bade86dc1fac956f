package import Identifiers
package import Postgres

/// An administrative act, to be recorded in the transaction of the act itself.
package struct AuditEntry: Hashable, Sendable {
  package var workspace: UniqueID
  /// Who did it: the name of the principal.
  package var principal: String
  /// Whence: address of the peer.
  package var peer: String
  /// What was done, such as "trigger.reveal".
  package var action: String
  /// To what, such as "orders/hook" or an id. Never a secret.
  package var object: String
  /// A JSON object (UTF-8) with details; never a secret.
  package var details: [UInt8]

  package init(
    workspace: UniqueID, principal: String, peer: String, action: String, object: String, details: [UInt8] = Array("{}".utf8)
  ) {
    self.workspace = workspace
    self.principal = principal
    self.peer = peer
    self.action = action
    self.object = object
    self.details = details
  }
}

/// A recorded administrative act. The table refuses UPDATE, DELETE and TRUNCATE.
package struct AuditRow: Hashable, Sendable {
  package var id: UniqueID
  package var at: UnixTime
  package var entry: AuditEntry
}
