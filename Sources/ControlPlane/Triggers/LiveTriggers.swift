package import Identifiers
import Synchronization

/// The triggers of all published flows, by key. Read at every request, changed flow by flow.
///
/// Loads run in parallel and may finish in any order. Each takes a ticket before it reads the database; what a flow shows
/// is the load with the highest ticket. As every change is followed by a load that began after it, the newest state wins.
package final class LiveTriggers: Sendable {
  /// The order in which loads began.
  package struct Ticket: Comparable, Sendable {
    fileprivate let number: UInt64

    package static func < (left: Ticket, right: Ticket) -> Bool { left.number < right.number }
  }

  /// What a flow shows.
  package struct Flow: Sendable {
    /// Its triggers; none: it is gone.
    package var entries: [LiveEntry]
    /// Of what it was made from; `nil`: to be made anew even from the same, because something of it failed.
    package var fingerprint: Int?

    package init(entries: [LiveEntry], fingerprint: Int?) {
      self.entries = entries
      self.fingerprint = fingerprint
    }

    /// A flow that is gone.
    package static let none = Flow(entries: [], fingerprint: nil)
  }

  private struct State {
    var entries: [[UInt8]: LiveEntry] = [:]
    /// The flows that have triggers.
    var flows: [UniqueID: Flow] = [:]
    /// The load that each flow was last set by, also of flows that are gone.
    var tickets: [UniqueID: Ticket] = [:]
    /// The last load of everything: what is not in `tickets` was set by it.
    var fullTicket = Ticket(number: 0)
    var nextTicket: UInt64 = 1
    var isLoaded = false

    func ticket(of flow: UniqueID) -> Ticket { tickets[flow] ?? fullTicket }

    mutating func set(_ shown: Flow, of flow: UniqueID) {
      for entry in flows[flow]?.entries ?? [] { entries[entry.key] = nil }
      flows[flow] = shown.entries.isEmpty ? nil : shown
      for entry in shown.entries { entries[entry.key] = entry }
    }
  }

  private let state = Mutex(State())

  package init() {}

  /// The trigger of a key; `nil`: there is none that is published.
  package func entry(_ key: [UInt8]) -> LiveEntry? { state.withLock { $0.entries[key] } }

  /// Whether everything has been loaded once.
  package var isLoaded: Bool { state.withLock { $0.isLoaded } }

  /// Triggers at hand.
  package var count: Int { state.withLock { $0.entries.count } }

  /// To be taken before the database is read.
  package func ticket() -> Ticket {
    state.withLock { state in
      defer { state.nextTicket += 1 }
      return Ticket(number: state.nextTicket)
    }
  }

  /// What a flow shows, if it was made from the same.
  package func flow(_ flow: UniqueID, madeFrom fingerprint: Int) -> Flow? {
    state.withLock { state in state.flows[flow].flatMap { $0.fingerprint == fingerprint ? $0 : nil } }
  }

  /// Shows these triggers of a flow, and no others.
  package func install(_ shown: Flow, of flow: UniqueID, _ ticket: Ticket) {
    state.withLock { state in
      guard ticket > state.ticket(of: flow) else { return }
      state.tickets[flow] = ticket
      state.set(shown, of: flow)
    }
  }

  /// Shows these flows and no others, except those that a later load has set since.
  package func installAll(_ flows: [UniqueID: Flow], _ ticket: Ticket) {
    state.withLock { state in
      state.isLoaded = true
      guard ticket > state.fullTicket else { return }
      for flow in Array(state.flows.keys) where flows[flow] == nil && state.ticket(of: flow) < ticket {
        state.set(.none, of: flow)
      }
      for (flow, shown) in flows where state.ticket(of: flow) < ticket { state.set(shown, of: flow) }
      state.tickets = state.tickets.filter { $0.value > ticket }
      state.fullTicket = ticket
    }
  }
}
