package import Identifiers
package import Postgres
package import Store
import Synchronization

/// One open stream of a listen session: where requests are left for it, and where its task waits.
package final class Listener: Sendable {
  /// What the stream's task is woken for.
  package enum Signal: Sendable {
    case item(ListenQueue.Item)
    /// The session may have ended.
    case sessionChanged
    /// This process ends its streams.
    case closed
    /// The stream is gone.
    case cancelled
  }

  private struct State {
    var queue: ListenQueue
    var isChanged = false
    var isClosed = false
    var received: Int64 = 0
    var waiter: CheckedContinuation<Void, Never>?

    var isDue: Bool { !queue.isEmpty || isChanged || isClosed }
  }

  package let session: UniqueID
  package let trigger: ListenedTrigger
  /// What the database has from before this was not for the session.
  private let begin: UniqueID
  private let state: Mutex<State>

  /// Makes a listener that takes nothing in yet.
  ///
  /// - Parameters:
  ///   - begin: when the session began.
  ///   - received: requests that the session has shown before.
  package init(session: UniqueID, trigger: ListenedTrigger, begin: UnixTime, queue: ListenQueue, received: Int64) {
    self.session = session
    self.trigger = trigger
    self.begin = UniqueID(high: UInt64(clamping: begin.microseconds / 1000) << 16, low: 0)
    state = Mutex(State(queue: queue, received: received))
  }

  // MARK: From any thread

  /// Leaves a request, without waiting.
  ///
  /// - Parameter isFound: nobody told of it, so that it may be from before the session.
  package func offer(_ row: RequestRow, isFound: Bool = false) {
    guard !isFound || row.id >= begin else { return }
    change { $0.queue.offer(row) }
  }

  /// Whether the listener has not seen a request that is for it.
  package func lacks(_ id: UniqueID, isFound: Bool) -> Bool {
    if isFound, id < begin { return false }
    return state.withLock { $0.queue.isLive && $0.queue.lacks(id) }
  }

  /// The session is to be looked at.
  package func sessionMayHaveChanged() {
    change { state in
      state.isChanged = true
      return true
    }
  }

  /// The stream is to end, and to be gone on with at another control plane.
  package func close() {
    change { state in
      state.isClosed = true
      return true
    }
  }

  /// What is to be noted of the session while it is served.
  package var attendance: AttendedListenSession {
    AttendedListenSession(workspace: trigger.workspace, id: session, received: state.withLock(\.received))
  }

  private func change(_ body: (inout State) -> Bool) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard body(&state) else { return nil }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Whether requests are taken in as they are recorded.
  package var isLive: Bool { state.withLock { $0.queue.isLive } }

  // MARK: For the stream's task

  /// Whether a request that was read from the database is still to be shown.
  package func claim(_ id: UniqueID) -> Bool { state.withLock { $0.queue.claim(id) } }

  /// Requests are taken in from now on.
  package func goLive() { state.withLock { $0.queue.goLive() } }

  /// Counts one that was shown; gives how many there have been.
  package func countReceived(_ count: Int64 = 1) -> Int64 {
    state.withLock { state in
      state.received += count
      return state.received
    }
  }

  /// Waits for what is next. One task at a time.
  package func next() async -> Signal {
    while true {
      if Task.isCancelled { return .cancelled }
      let signal = state.withLock { state -> Signal? in
        if state.isClosed { return .closed }
        if let item = state.queue.take() { return .item(item) }
        guard state.isChanged else { return nil }
        state.isChanged = false
        return .sessionChanged
      }
      if let signal { return signal }
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let isDue = state.withLock { state in
            if state.isDue || Task.isCancelled { return true }
            state.waiter = continuation
            return false
          }
          if isDue { continuation.resume() }
        }
      } onCancel: {
        let waiter = state.withLock { state in
          defer { state.waiter = nil }
          return state.waiter
        }
        waiter?.resume()
      }
    }
  }
}
