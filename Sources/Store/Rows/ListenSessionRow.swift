package import Identifiers
package import Postgres

/// What a listen session does with the requests. The numbers are those of `headgate.v1.ListenMode`.
package enum ListenSessionMode: Int16, Sendable, CaseIterable {
  /// They are shown, and flows run as usual.
  case tap = 1
  /// They are shown and start no run.
  case capture = 2
}

/// How far a listen session is. The numbers are those of `headgate.v1.ListenState`.
package enum ListenSessionState: Int16, Sendable, CaseIterable {
  case waiting = 1
  case received = 2
  case expired = 3
  case cancelled = 4
  case completed = 5

  /// Whether requests are still shown.
  package var isOpen: Bool { self == .waiting || self == .received }
}

/// A listen session.
package struct ListenSessionRow: Hashable, Sendable {
  package var workspace: UniqueID
  package var id: UniqueID
  package var trigger: UniqueID
  package var flowName: String
  package var node: String
  /// Of the trigger.
  package var key: String
  package var mode: ListenSessionMode
  package var state: ListenSessionState
  /// The session ends with so many requests; 0: no such limit.
  package var maximumRequests: Int
  package var received: Int64
  package var principal: String
  package var createdAt: UnixTime
  package var expiresAt: UnixTime
  /// Until `expiresAt` when it was read, by PostgreSQL's clock; negative: over.
  package var remaining: Duration
}

/// A listen session to be opened.
package struct NewListenSession: Hashable, Sendable {
  package var workspace: UniqueID
  package var id: UniqueID
  package var trigger: UniqueID
  package var mode: ListenSessionMode
  package var timeLimit: Duration
  /// 0: any number.
  package var maximumRequests: Int
  package var principal: String

  /// Makes a session.
  package init(
    workspace: UniqueID, id: UniqueID, trigger: UniqueID, mode: ListenSessionMode, timeLimit: Duration, maximumRequests: Int = 0,
    principal: String
  ) {
    self.workspace = workspace
    self.id = id
    self.trigger = trigger
    self.mode = mode
    self.timeLimit = timeLimit
    self.maximumRequests = maximumRequests
    self.principal = principal
  }
}

/// What every replica knows of an open session.
package struct OpenListenSession: Hashable, Sendable {
  package var workspace: UniqueID
  package var id: UniqueID
  package var trigger: UniqueID
  package var mode: ListenSessionMode
  /// Until its end, when it was read.
  package var remaining: Duration

  /// Makes one, as it is read.
  package init(workspace: UniqueID, id: UniqueID, trigger: UniqueID, mode: ListenSessionMode, remaining: Duration) {
    self.workspace = workspace
    self.id = id
    self.trigger = trigger
    self.mode = mode
    self.remaining = remaining
  }
}

/// A session that a replica serves, and how many requests it has shown.
package struct AttendedListenSession: Hashable, Sendable {
  package var workspace: UniqueID
  package var id: UniqueID
  package var received: Int64

  /// Makes one.
  package init(workspace: UniqueID, id: UniqueID, received: Int64) {
    self.workspace = workspace
    self.id = id
    self.received = received
  }
}

/// A trigger that is listened to, by its whole key.
package struct ListenedTrigger: Hashable, Sendable {
  package var workspace: UniqueID
  package var trigger: UniqueID

  /// Makes one.
  package init(workspace: UniqueID, trigger: UniqueID) {
    self.workspace = workspace
    self.trigger = trigger
  }
}
