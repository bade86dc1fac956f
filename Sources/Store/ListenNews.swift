package import Identifiers

/// What replicas tell each other about listen sessions.
package enum ListenNews: Hashable, Sendable {
  /// A session was opened or has ended: read the open ones anew.
  case sessions
  /// Requests of a trigger that is listened to were recorded; their rows are in the database.
  case recorded([UniqueID], of: ListenedTrigger, by: UniqueID)
  /// More requests than can be named were recorded: look for them.
  case manyRecorded(of: ListenedTrigger, by: UniqueID)
  /// The connection was away, or this consumer too slow: look for everything.
  case mayHaveMissed

  /// Ids in one message: a notification has at most 7999 bytes (PostgreSQL, NOTIFY).
  package static let idLimit = 200
}

extension ListenNews {
  /// As it goes over NOTIFY: "sessions", "recorded REPLICA WORKSPACE TRIGGER ID…", "many REPLICA WORKSPACE TRIGGER".
  var payload: String {
    switch self {
    case .sessions: "sessions"
    case .recorded(let ids, let trigger, let replica):
      "recorded \(replica) \(trigger.workspace) \(trigger.trigger) " + ids.map(\.description).joined(separator: " ")
    case .manyRecorded(let trigger, let replica): "many \(replica) \(trigger.workspace) \(trigger.trigger)"
    case .mayHaveMissed: "all"
    }
  }

  init?(payload: String) {
    let words = payload.split(separator: " ")
    let ids = words.dropFirst().compactMap { UniqueID($0) }
    guard ids.count == words.count - 1 else { return nil }
    switch (words.first, ids.count) {
    case ("sessions", 0): self = .sessions
    case ("recorded", 4...):
      self = .recorded(Array(ids[3...]), of: ListenedTrigger(workspace: ids[1], trigger: ids[2]), by: ids[0])
    case ("many", 3): self = .manyRecorded(of: ListenedTrigger(workspace: ids[1], trigger: ids[2]), by: ids[0])
    case ("all", 0): self = .mayHaveMissed
    default: return nil
    }
  }
}
