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
  /// It concerns no workspace alone: who is confined to `workspace` is not shown it.
  package var concernsAll: Bool

  package init(
    workspace: UniqueID, principal: String, peer: String, action: String, object: String,
    details: [UInt8] = Array("{}".utf8), concernsAll: Bool = false
  ) {
    self.workspace = workspace
    self.principal = principal
    self.peer = peer
    self.action = action
    self.object = object
    self.details = details
    self.concernsAll = concernsAll
  }
}

/// Which administrative acts are wanted; `nil` does not restrict.
package struct AuditFilter: Hashable, Sendable {
  package var action: String?
  /// What the action begins with, such as "trigger.".
  package var actionPrefix: String?
  package var principal: String?
  package var object: String?
  package var since: UnixTime?
  package var until: UnixTime?

  package init(
    action: String? = nil, actionPrefix: String? = nil, principal: String? = nil, object: String? = nil,
    since: UnixTime? = nil, until: UnixTime? = nil
  ) {
    self.action = action
    self.actionPrefix = actionPrefix
    self.principal = principal
    self.object = object
    self.since = since
    self.until = until
  }
}

/// A recorded administrative act. The table refuses UPDATE, DELETE and TRUNCATE.
package struct AuditRow: Hashable, Sendable {
  package var id: UniqueID
  package var at: UnixTime
  package var entry: AuditEntry
}
