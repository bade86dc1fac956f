package import Identifiers
package import Rules
import Synchronization

/// The variables of one workspace as requests meet them. Triggers hold on to it, so that a request finds them without a
/// look-up and a change is effective at once.
package final class LiveEnvironment: Sendable {
  private struct State {
    var environment = WorkspaceEnvironment()
    var ticket: UInt64 = 0
  }

  private let state = Mutex(State())

  package init() {}

  /// The variables now.
  package var current: WorkspaceEnvironment { state.withLock { $0.environment } }

  fileprivate func set(_ environment: WorkspaceEnvironment, _ ticket: LiveEnvironments.Ticket) {
    state.withLock { state in
      guard ticket.number > state.ticket else { return }
      state = State(environment: environment, ticket: ticket.number)
    }
  }
}

/// The variables of all workspaces.
///
/// Loads run in parallel and may finish in any order; what counts is the one that began last, as in `LiveTriggers`.
package final class LiveEnvironments: Sendable {
  /// The order in which loads began.
  package struct Ticket: Sendable {
    fileprivate let number: UInt64
  }

  private struct State {
    var environments: [UniqueID: LiveEnvironment] = [:]
    var lastTicket: UInt64 = 0
  }

  private let state = Mutex(State())

  package init() {}

  /// Those of a workspace; the same object for as long as this lives.
  package func environment(of workspace: UniqueID) -> LiveEnvironment {
    state.withLock { state in
      if let known = state.environments[workspace] { return known }
      let new = LiveEnvironment()
      state.environments[workspace] = new
      return new
    }
  }

  /// To be taken before the database is read.
  package func ticket() -> Ticket {
    state.withLock { state in
      state.lastTicket += 1
      return Ticket(number: state.lastTicket)
    }
  }

  /// Shows these variables of a workspace, and no others.
  package func install(_ environment: WorkspaceEnvironment, of workspace: UniqueID, _ ticket: Ticket) {
    self.environment(of: workspace).set(environment, ticket)
  }
}
