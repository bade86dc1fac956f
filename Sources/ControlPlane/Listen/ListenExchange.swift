package import Identifiers
package import Store
import Synchronization

/// Brings recorded requests to the listeners of this replica, and gathers what the other replicas are to be told.
package final class ListenExchange: Sendable {
  /// What is to be told to the other replicas.
  package struct Outbox: Sendable {
    /// Ids by trigger.
    fileprivate(set) var recorded: [ListenedTrigger: [UniqueID]] = [:]
    /// Triggers of which there were too many to name.
    fileprivate(set) var overflowing: Set<ListenedTrigger> = []
    /// Recorded here, to be read from the database for the listeners here.
    fileprivate(set) var unread: [ListenedTrigger: [UniqueID]] = [:]

    /// Whether there is nothing to tell.
    package var isEmpty: Bool { recorded.isEmpty && overflowing.isEmpty && unread.isEmpty }
  }

  private struct State {
    var listeners: [ListenedTrigger: [UInt64: Listener]] = [:]
    var nextListener: UInt64 = 0
    var outbox = Outbox()
    var isClosed = false
    var bell: AsyncStream<Void>.Continuation?
  }

  /// Ids of one trigger that wait to be told; with more, only that there were some is told.
  private static let idLimit = 5 * ListenNews.idLimit

  private let state = Mutex(State())

  package init() {}

  // MARK: Listeners

  /// Lets a listener hear of its trigger's requests until `remove`. After `close` it is closed at once.
  package func add(_ listener: Listener) -> UInt64 {
    let (number, isClosed) = state.withLock { state in
      state.nextListener += 1
      state.listeners[listener.trigger, default: [:]][state.nextListener] = listener
      return (state.nextListener, state.isClosed)
    }
    if isClosed { listener.close() }
    return number
  }

  package func remove(_ number: UInt64, of trigger: ListenedTrigger) {
    state.withLock { state in
      state.listeners[trigger]?[number] = nil
      if state.listeners[trigger]?.isEmpty == true { state.listeners[trigger] = nil }
    }
  }

  /// The streams that are open here.
  package var listeners: [Listener] { state.withLock { $0.listeners.values.flatMap(\.values) } }

  /// The triggers with streams that are open here.
  package var triggers: [ListenedTrigger] { state.withLock { Array($0.listeners.keys) } }

  /// Ends all streams, now and later.
  package func close() {
    let listeners = state.withLock { state in
      state.isClosed = true
      state.bell?.finish()
      return state.listeners.values.flatMap(\.values)
    }
    for listener in listeners { listener.close() }
  }

  // MARK: Requests

  /// A request to a trigger that is listened to was committed here. From any thread, without waiting.
  ///
  /// - Parameter isWhole: the row is as it was recorded; else it is read from the database.
  package func recorded(_ row: RequestRow, isWhole: Bool) {
    let trigger = ListenedTrigger(workspace: row.workspace, trigger: row.trigger)
    let listeners = state.withLock { state -> [Listener] in
      if !state.outbox.overflowing.contains(trigger) {
        state.outbox.recorded[trigger, default: []].append(row.id)
        if state.outbox.recorded[trigger, default: []].count > Self.idLimit {
          state.outbox.recorded[trigger] = nil
          state.outbox.overflowing.insert(trigger)
        }
      }
      let listeners = state.listeners[trigger].map { Array($0.values) } ?? []
      if !isWhole, !listeners.isEmpty { state.outbox.unread[trigger, default: []].append(row.id) }
      state.bell?.yield()
      return isWhole ? listeners : []
    }
    for listener in listeners { listener.offer(row) }
  }

  /// The ids that some listener of a trigger has not seen.
  ///
  /// - Parameter isFound: nobody told of them; they may be from before a session.
  package func unseen(_ ids: [UniqueID], of trigger: ListenedTrigger, isFound: Bool) -> [UniqueID] {
    let listeners = state.withLock { $0.listeners[trigger].map { Array($0.values) } ?? [] }
    return ids.filter { id in listeners.contains { $0.lacks(id, isFound: isFound) } }
  }

  /// Leaves a request that was read from the database for the listeners of its trigger.
  package func offer(_ row: RequestRow, isFound: Bool) {
    let trigger = ListenedTrigger(workspace: row.workspace, trigger: row.trigger)
    let listeners = state.withLock { $0.listeners[trigger].map { Array($0.values) } ?? [] }
    for listener in listeners { listener.offer(row, isFound: isFound) }
  }

  // MARK: Telling

  /// Rings when there is something to be told; of several rings one is kept. For one consumer.
  package func rings() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let isClosed = state.withLock { state in
      state.bell = continuation
      return state.isClosed
    }
    if isClosed { continuation.finish() }
    return stream
  }

  /// Takes out what is to be told.
  package func takeOutbox() -> Outbox {
    state.withLock { state in
      defer { state.outbox = Outbox() }
      return state.outbox
    }
  }
}

extension ListenExchange.Outbox {
  /// The messages for the other replicas.
  package func news(from replica: UniqueID) -> [ListenNews] {
    var news: [ListenNews] = overflowing.map { .manyRecorded(of: $0, by: replica) }
    for (trigger, ids) in recorded {
      var rest = ids[...]
      while !rest.isEmpty {
        news.append(.recorded(Array(rest.prefix(ListenNews.idLimit)), of: trigger, by: replica))
        rest = rest.dropFirst(ListenNews.idLimit)
      }
    }
    return news
  }
}
