package import Identifiers
package import Store
import Synchronization

/// The open listen sessions of all replicas, as far as this one knows. Asked at every request.
package final class OpenSessions: Sendable {
  /// The order in which reads of the sessions began.
  package struct Ticket: Sendable {
    fileprivate let number: UInt64
  }

  private struct Session {
    var mode: ListenSessionMode
    var end: ContinuousClock.Instant
  }

  private struct State {
    /// By trigger, then by session.
    var sessions: [UniqueID: [UniqueID: Session]] = [:]
    var shown: UInt64 = 0
    var nextTicket: UInt64 = 1
  }

  /// So many triggers are listened to; mostly none, and then nothing more is looked at.
  private let triggerCount = Atomic(0)
  private let state = Mutex(State())

  package init() {}

  /// What the requests of a trigger are to be treated as now; `nil`: nobody listens. Capture if any session captures.
  package func mode(of trigger: UniqueID, at now: ContinuousClock.Instant) -> ListenSessionMode? {
    guard triggerCount.load(ordering: .acquiring) > 0 else { return nil }
    return state.withLock { state in
      guard let sessions = state.sessions[trigger] else { return nil }
      var mode: ListenSessionMode?
      for session in sessions.values where session.end > now {
        if session.mode == .capture { return .capture }
        mode = .tap
      }
      return mode
    }
  }

  /// Whether a session is open, as far as is known.
  package func isOpen(_ session: UniqueID, of trigger: UniqueID) -> Bool {
    state.withLock { $0.sessions[trigger]?[session] != nil }
  }

  /// Sessions at hand.
  package var count: Int { state.withLock { $0.sessions.values.reduce(0) { $0 + $1.count } } }

  /// To be taken before the database is read.
  package func ticket() -> Ticket {
    state.withLock { state in
      defer { state.nextTicket += 1 }
      return Ticket(number: state.nextTicket)
    }
  }

  /// Shows these sessions and no others, unless a later read was shown before.
  ///
  /// - Parameter now: when they were read.
  package func install(_ sessions: [OpenListenSession], _ ticket: Ticket, at now: ContinuousClock.Instant) {
    state.withLock { state in
      guard ticket.number > state.shown else { return }
      state.shown = ticket.number
      state.sessions = [:]
      for session in sessions {
        state.sessions[session.trigger, default: [:]][session.id] = Session(mode: session.mode, end: now + session.remaining)
      }
      triggerCount.store(state.sessions.count, ordering: .releasing)
    }
  }
}
