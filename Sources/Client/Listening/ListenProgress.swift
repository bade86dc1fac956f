import HeadgateProto
import Identifiers

/// How far a listener has come in its session: what it would say to go on after a cut.
struct ListenProgress: Sendable {
  /// Requests are recorded at most so long after the time in their ids.
  private static let overlapMilliseconds: Int64 = 75_000
  /// Ids that a resuming request may name.
  private static let seenLimit = 8192

  private(set) var session: ListenSession?
  private(set) var received = 0
  private var last: UniqueID?
  private var seen: Set<UniqueID> = []

  /// Whether the session has ended.
  var isOver: Bool {
    switch session?.state {
    case .expired, .cancelled, .completed: true
    case .waiting, .received, .unspecified, nil: false
    }
  }

  mutating func note(_ session: ListenSession) { self.session = session }

  /// Whether a request is new; it is not any more afterwards.
  mutating func note(_ entry: LogEntry) -> Bool {
    guard let id = UniqueID(entry.id) else { return true }
    guard seen.insert(id).inserted else { return false }
    received += 1
    last = max(last ?? id, id)
    if seen.count > Self.seenLimit { forget() }
    return true
  }

  /// The request that goes on with the session; `nil`: it has not begun.
  func resumption(workspace: String) -> ListenRequest? {
    guard let session else { return nil }
    return ListenRequest(
      workspace: workspace, sessionId: session.id, after: last?.description ?? "", seen: seen.map(\.bytes))
  }

  /// Drops what cannot come again, and if that is not enough the older half.
  private mutating func forget() {
    guard let last else { return }
    seen = seen.filter { $0.unixMilliseconds >= last.unixMilliseconds - Self.overlapMilliseconds }
    if seen.count > Self.seenLimit / 2 { seen = Set(seen.sorted().suffix(Self.seenLimit / 2)) }
  }
}
