import HeadgateProto
package import Identifiers
import Synchronization

/// The triggers of all published flows, by key, each with the nodes that subscribe to its URL. Read at every request by one
/// look-up, changed flow by flow.
///
/// A node that subscribes has no URL: its own key is unknown. Who subscribes to what is found by name, so that either flow may
/// come and go: as long as the owner is not there, the subscriber waits.
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

  /// FLOW/NODE in a workspace.
  private struct Name: Hashable {
    var workspace: UniqueID
    var text: String
  }

  private struct State {
    /// By key, with subscribers; only those that have a URL.
    var entries: [[UInt8]: LiveEntry] = [:]
    /// Those that have a URL, by their own name, without subscribers.
    var owners: [Name: LiveEntry] = [:]
    /// By the name that they subscribe to, then by trigger.
    var subscribers: [Name: [UniqueID: LiveEntry]] = [:]
    /// The flows that have triggers.
    var flows: [UniqueID: Flow] = [:]
    /// The load that each flow was last set by, also of flows that are gone.
    var tickets: [UniqueID: Ticket] = [:]
    /// The last load of everything: what is not in `tickets` was set by it.
    var fullTicket = Ticket(number: 0)
    var nextTicket: UInt64 = 1
    var isLoaded = false

    func ticket(of flow: UniqueID) -> Ticket { tickets[flow] ?? fullTicket }

    /// Shows a flow; notes in `policies` what edge nodes have to be told.
    mutating func set(_ shown: Flow, of flow: UniqueID, _ policies: inout [PolicyFeed.Digest: TriggerPolicy?]) {
      var touched: Set<Name> = []
      for entry in flows[flow]?.entries ?? [] {
        if let source = entry.source {
          let name = Name(workspace: entry.workspace, text: source)
          subscribers[name]?[entry.trigger] = nil
          if subscribers[name]?.isEmpty == true { subscribers[name] = nil }
          touched.insert(name)
        } else {
          owners[Name(workspace: entry.workspace, text: entry.name)] = nil
          entries[entry.key] = nil
          if let policy = entry.policy { policies.updateValue(nil, forKey: policy.keyDigest) }
        }
      }
      flows[flow] = shown.entries.isEmpty ? nil : shown
      for entry in shown.entries {
        if let source = entry.source {
          let name = Name(workspace: entry.workspace, text: source)
          subscribers[name, default: [:]][entry.trigger] = entry
          touched.insert(name)
        } else {
          let name = Name(workspace: entry.workspace, text: entry.name)
          owners[name] = entry
          touched.insert(name)
          if let policy = entry.policy { policies[policy.keyDigest] = policy }
        }
      }
      for name in touched { link(name) }
    }

    /// Shows an owner with those that subscribe to it now and are in use.
    private mutating func link(_ name: Name) {
      guard let owner = owners[name] else { return }
      let following = subscribers[name]?.values.filter { $0.compiled != nil } ?? []
      entries[owner.key] = following.isEmpty ? owner : owner.with(subscribers: following.sorted { $0.name < $1.name })
    }
  }

  private let state = Mutex(State())
  private let policies: PolicyFeed

  /// - Parameter policies: is told what edge nodes have to know.
  package init(policies: PolicyFeed = PolicyFeed()) { self.policies = policies }

  /// The trigger whose URL has this key; `nil`: there is none that is published.
  package func entry(_ key: [UInt8]) -> LiveEntry? { state.withLock { $0.entries[key] } }

  /// Whether everything has been loaded once.
  package var isLoaded: Bool { state.withLock { $0.isLoaded } }

  /// Triggers at hand, those that subscribe included.
  package var count: Int { state.withLock { $0.flows.values.reduce(0) { $0 + $1.entries.count } } }

  /// The trigger of that FLOW/NODE, if it has a URL and is published.
  package func owner(named name: String, in workspace: UniqueID) -> LiveEntry? {
    state.withLock { state in state.owners[Name(workspace: workspace, text: name)].flatMap { state.entries[$0.key] } }
  }

  /// The published trigger of that id, if it has a URL. Looks at all of them: not for the way of a request.
  package func owner(_ trigger: UniqueID) -> LiveEntry? {
    state.withLock { state in
      let entry = state.flows.values.lazy.flatMap(\.entries).first { $0.trigger == trigger && $0.source == nil }
      return entry.flatMap { state.entries[$0.key] }
    }
  }

  /// FLOW/NODE of all published nodes that subscribe to a URL, those not in use included, by name.
  package func subscribers(of name: String, in workspace: UniqueID) -> [String] {
    state.withLock { $0.subscribers[Name(workspace: workspace, text: name)]?.values.map(\.name).sorted() ?? [] }
  }

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
      var changed: [PolicyFeed.Digest: TriggerPolicy?] = [:]
      state.set(shown, of: flow, &changed)
      // Under the lock, so that the feed hears of changes in their order.
      policies.apply(changed, isComplete: false)
    }
  }

  /// Shows these flows and no others, except those that a later load has set since.
  package func installAll(_ flows: [UniqueID: Flow], _ ticket: Ticket) {
    state.withLock { state in
      state.isLoaded = true
      guard ticket > state.fullTicket else { return }
      var changed: [PolicyFeed.Digest: TriggerPolicy?] = [:]
      for flow in Array(state.flows.keys) where flows[flow] == nil && state.ticket(of: flow) < ticket {
        state.set(.none, of: flow, &changed)
      }
      for (flow, shown) in flows where state.ticket(of: flow) < ticket { state.set(shown, of: flow, &changed) }
      state.tickets = state.tickets.filter { $0.value > ticket }
      state.fullTicket = ticket
      policies.apply(changed, isComplete: true)
    }
  }
}
