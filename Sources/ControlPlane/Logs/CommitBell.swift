import Synchronization

/// Wakes those who wait for requests to be recorded, by this process or, as far as they start runs, by any.
///
/// A waiter first takes a ticket, then looks, then waits with the ticket: a ring in between is not missed.
package final class CommitBell: Sendable {
  /// A place in time; what rang after it wakes its holder.
  package struct Ticket: Sendable {
    fileprivate let count: UInt64
  }

  private typealias Waiter = CheckedContinuation<Void, Never>

  private struct State {
    var rings: UInt64 = 0
    var waiters: [UInt64: Waiter] = [:]
    var nextWaiter: UInt64 = 0
    var isClosed = false

    mutating func takeAll() -> [Waiter] {
      defer { waiters = [:] }
      return Array(waiters.values)
    }
  }

  private let state = Mutex(State())

  package init() {}

  package var ticket: Ticket { state.withLock { Ticket(count: $0.rings) } }

  /// Something was recorded. From any thread; never blocks.
  package func ring() {
    let woken = state.withLock { state in
      state.rings &+= 1
      return state.waiters.isEmpty ? [] : state.takeAll()
    }
    for waiter in woken { waiter.resume() }
  }

  /// Ends all waiting, now and later.
  package func close() {
    let woken = state.withLock { state in
      state.isClosed = true
      return state.takeAll()
    }
    for waiter in woken { waiter.resume() }
  }

  package var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Returns after a ring since `ticket`, after `limit`, when the task is cancelled, or when the bell is closed.
  package func wait(since ticket: Ticket, atMost limit: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.waitForRing(since: ticket) }
      group.addTask { try? await Task.sleep(for: limit, tolerance: .milliseconds(5)) }
      await group.next()
      group.cancelAll()
    }
  }

  private func waitForRing(since ticket: Ticket) async {
    let number = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDue = state.withLock { state in
          // The cancellation handler may have run before the waiter was there; the task knows.
          if state.isClosed || state.rings != ticket.count || Task.isCancelled { return true }
          state.waiters[number] = continuation
          return false
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
    }
  }
}
