import HeadgateProto
import Identifiers
import Postgres
import Store

/// One stream of a listen session, from its first message to its end.
///
/// First comes what the database has, then what is left for the listener while it is live; each request once.
struct ListenStream: Sendable {
  let store: Store
  let exchange: ListenExchange
  let descriptions: TriggerDescriptions
  let queueLimits: ListenQueue.Limits
  let writer: MessageWriter<ListenEvent>
  /// As it was when the stream began.
  let session: ListenSessionRow
  /// The greatest request that the listener has seen; `nil`: a new session, or from its beginning.
  let after: UniqueID?

  private var trigger: ListenedTrigger { ListenedTrigger(workspace: session.workspace, trigger: session.trigger) }
  private var position: TriggerPosition { TriggerPosition(flowName: session.flowName, node: session.node) }

  /// Where the stream stands.
  private struct Progress {
    var state: ListenSessionState
    /// The session has ended, and the listener was told.
    var isOver = false
  }

  /// Serves the stream until the session ends or the stream is gone.
  ///
  /// - Parameter seen: requests that the listener has, besides those before the overlap.
  func run(seen: Set<UniqueID>) async throws {
    try await tell(session)
    guard session.state.isOpen else { return }
    let seen = after.map { seen.union([$0]) } ?? seen
    let listener = Listener(
      session: session.id, trigger: trigger, begin: session.createdAt, queue: ListenQueue(queueLimits, seen: seen),
      received: try await shownBefore())
    let number = exchange.add(listener)
    defer { exchange.remove(number, of: trigger) }
    try await store.answer { store throws(StoreError) in try await store.attendListenSessions([listener.attendance]) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await Self.watchClock(session.remaining, listener) }
      try await serve(listener)
      group.cancelAll()
    }
  }

  /// Wakes the listener when the session's time is over.
  private static func watchClock(_ remaining: Duration, _ listener: Listener) async {
    try? await Task.sleep(for: max(remaining, .zero))
    while !Task.isCancelled {
      listener.sessionMayHaveChanged()
      // PostgreSQL's clock decides, and may be a little behind.
      try? await Task.sleep(for: ListenLimits.clockInterval)
    }
  }

  private func serve(_ listener: Listener) async throws {
    var progress = Progress(state: session.state)
    try await showRecorded(listener, &progress)
    // What is committed from now on is left for the listener; what was committed meanwhile is read.
    listener.goLive()
    try await showRecorded(listener, &progress)
    while !progress.isOver {
      switch await listener.next() {
      case .item(.request(let row)): try await show(row, listener, &progress)
      case .item(.lagged(let count)):
        _ = listener.countReceived(Int64(clamping: count))
        try await writer.write(ListenEvent(lagged: count))
      case .sessionChanged: try await look(&progress)
      case .closed:
        throw RPCError(.unavailable, "this control plane is shutting down; go on with the session through another")
      case .cancelled: throw CancellationError()
      }
    }
  }

  // MARK: Requests

  /// How many requests the session has shown before this stream.
  private func shownBefore() async throws(RPCError) -> Int64 {
    guard let after else { return 0 }
    let counted = try await store.answer { store throws(StoreError) in
      try await store.requestCount(of: trigger, since: session.createdAt, to: after, limit: ListenLimits.counted)
    }
    return counted < ListenLimits.counted ? Int64(counted) : max(session.received, Int64(counted))
  }

  /// Shows what the database has and the listener has not.
  private func showRecorded(_ listener: Listener, _ progress: inout Progress) async throws {
    var begin = session.createdAt
    if let after { begin = max(begin, UnixTime(microseconds: after.unixMilliseconds * 1000) - ListenTiming.overlap) }
    var position: UniqueID?
    while !progress.isOver {
      let (begin, last) = (begin, position)
      let ids = try await store.answer { store throws(StoreError) in
        try await store.requestIDs(of: trigger, since: begin, after: last, limit: ListenLimits.idsPerRead)
      }
      var rest = ids.filter { listener.claim($0) }[...]
      while !rest.isEmpty {
        let part = Array(rest.prefix(ListenTiming.rowsPerRead))
        rest = rest.dropFirst(ListenTiming.rowsPerRead)
        let rows = try await store.answer { store throws(StoreError) in try await store.requests(part, in: session.workspace) }
        for row in rows where !progress.isOver { try await show(row, listener, &progress) }
      }
      position = ids.last
      if ids.count < ListenLimits.idsPerRead { return }
    }
  }

  private func show(_ row: RequestRow, _ listener: Listener, _ progress: inout Progress) async throws {
    let event: ListenEvent
    do { event = try ListenEvent(row, of: position) } catch { event = ListenEvent(lagged: 1) }
    try await writer.write(event)
    // Those before `after` have been counted.
    let received = listener.countReceived(after.map { row.id > $0 } ?? true ? 1 : 0)
    let isFull = session.maximumRequests > 0 && received >= Int64(session.maximumRequests)
    guard progress.state == .waiting || isFull else { return }
    // Without the database the next round of attendance makes up for it.
    try? await store.attendListenSessions([listener.attendance])
    if isFull {
      _ = try await store.answer { store throws(StoreError) in
        try await store.endListenSession(session.id, in: session.workspace, as: .completed)
      }
    }
    try await look(&progress)
  }

  // MARK: The session

  /// Tells the listener how the session is, if that has changed; ends it when its time is over.
  private func look(_ progress: inout Progress) async throws {
    guard var row = try? await store.listenSession(session.id, in: session.workspace) else { return }
    if row.state == .expired {
      _ = try? await store.endListenSession(row.id, in: row.workspace, as: .expired)
      row = (try? await store.listenSession(row.id, in: row.workspace)) ?? row
    }
    guard row.state != progress.state else { return }
    progress.state = row.state
    progress.isOver = !row.state.isOpen
    try await tell(row)
  }

  private func tell(_ row: ListenSessionRow) async throws(RPCError) {
    try await writer.write(ListenEvent(session: ListenSession(row, url: descriptions.url(row.key))))
  }
}
