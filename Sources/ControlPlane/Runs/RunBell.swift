package import Identifiers
import Synchronization

/// Wakes calls that wait for runs.
///
/// A waiter first takes a ticket, then looks for runs, then waits with the ticket: a ring in between is not missed.
///
/// Waiters that want the same (the same flow, or any) form a line. A ring wakes one of each line that it may concern, not
/// all of it: whoever then gets a run wakes the next of its line (`passOn`). So a run costs about one look, however many
/// workers are idle.
package final class RunBell: Sendable {
  /// A place in time; what rang after it wakes its holder.
  package struct Ticket: Sendable {
    fileprivate let count: UInt64
  }

  /// What a waiter wants.
  private struct Line: Hashable {
    let workspace: UniqueID
    /// `nil`: runs of any flow.
    let flow: UniqueID?
  }

  private typealias Waiter = CheckedContinuation<Void, Never>

  private struct State {
    /// Rings so far, per workspace.
    var rings: [UniqueID: UInt64] = [:]
    /// Rings that were meant for all workspaces.
    var generalRings: UInt64 = 0
    /// No line is empty.
    var lines: [Line: [UInt64: Waiter]] = [:]
    var nextWaiter: UInt64 = 0
    var isClosed = false

    func count(_ workspace: UniqueID) -> UInt64 { rings[workspace, default: 0] &+ generalRings }

    mutating func take(_ number: UInt64?, from line: Line) -> Waiter? {
      guard let number = number ?? lines[line]?.keys.first else { return nil }
      let waiter = lines[line]?.removeValue(forKey: number)
      if lines[line]?.isEmpty == true { lines[line] = nil }
      return waiter
    }

    mutating func takeAll() -> [Waiter] {
      defer { lines = [:] }
      return lines.values.flatMap(\.values)
    }
  }

  private let state = Mutex(State())

  package init() {}

  /// Calls that wait now.
  package var waiting: Int { state.withLock { $0.lines.values.reduce(0) { $0 + $1.count } } }

  package func ticket(_ workspace: UniqueID) -> Ticket {
    state.withLock { Ticket(count: $0.count(workspace)) }
  }

  /// A run of a flow became ready; `flow` is `nil` when it is not known of which.
  package func ring(_ workspace: UniqueID, flow: UniqueID?) {
    let woken = state.withLock { state -> [Waiter] in
      state.rings[workspace, default: 0] &+= 1
      if state.lines.isEmpty { return [] }
      if let flow {
        let lines = [Line(workspace: workspace, flow: flow), Line(workspace: workspace, flow: nil)]
        return lines.compactMap { state.take(nil, from: $0) }
      }
      return Array(state.lines.keys).compactMap { $0.workspace == workspace ? state.take(nil, from: $0) : nil }
    }
    for waiter in woken { waiter.resume() }
  }

  /// Whoever was woken got a run, so there may be more, or goes away without having looked: the next of its line looks.
  package func passOn(_ workspace: UniqueID, flow: UniqueID?) {
    state.withLock { $0.take(nil, from: Line(workspace: workspace, flow: flow)) }?.resume()
  }

  /// Wakes everyone: runs may be ready anywhere, such as after a notification was missed.
  package func ringAll() {
    let woken = state.withLock { state in
      state.generalRings &+= 1
      return state.takeAll()
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
  package func wait(_ workspace: UniqueID, flow: UniqueID?, since ticket: Ticket, atMost limit: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.waitForRing(Line(workspace: workspace, flow: flow), since: ticket) }
      group.addTask { try? await Task.sleep(for: limit, tolerance: .milliseconds(5)) }
      await group.next()
      group.cancelAll()
    }
  }

  private func waitForRing(_ line: Line, since ticket: Ticket) async {
    let number = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDue = state.withLock { state in
          // The cancellation handler may have run before the waiter was there; the task knows.
          if state.isClosed || state.count(line.workspace) != ticket.count || Task.isCancelled { return true }
          state.lines[line, default: [:]][number] = continuation
          return false
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.take(number, from: line) }?.resume()
    }
  }
}
