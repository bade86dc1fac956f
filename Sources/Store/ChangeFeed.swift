package import Identifiers
package import Logging
package import Postgres

/// Something that another replica, or this one, changed.
package enum StoreChange: Hashable, Sendable {
  /// A flow's draft, version, triggers or secrets; or it was deleted. Load it anew.
  case flow(UniqueID, workspace: UniqueID)
  /// A workspace was created or its data keys changed.
  case workspace(UniqueID)
  /// An API key was made or revoked.
  case apiKeys
  /// A certificate was revoked.
  case certificates
  /// The connection was away, or this consumer too slow: load everything anew. Also comes when the feed first connects.
  case mayHaveMissed
}

/// Some runs became ready.
package enum RunsReady: Hashable, Sendable {
  case workspace(UniqueID)
  /// The connection was away, or this consumer too slow: look everywhere.
  case mayHaveMissed
}

/// What happens in the database, as it happens: LISTEN and NOTIFY on one connection of its own.
package final class ChangeFeed: Sendable {
  private struct State {
    var nextConsumer: UInt64 = 0
    var changes: [UInt64: AsyncStream<StoreChange>.Continuation] = [:]
    var readyRuns: [UInt64: AsyncStream<RunsReady>.Continuation] = [:]
    var listenNews: [UInt64: AsyncStream<ListenNews>.Continuation] = [:]
    var isShutDown = false
  }

  /// The consumers, which the listener's thread and the streams' ends share.
  private let state: Monitor<State>
  private let listener: PostgresListener

  /// Makes a feed; `start` connects it.
  package init(_ configuration: PostgresConfiguration, logger: Logger) {
    let state = Monitor(State())
    self.state = state
    listener = PostgresListener(
      configuration, channels: [Channel.configuration, Channel.runs, Channel.listen], logger: logger
    ) { event in
      Self.deliver(event, to: state)
    }
  }

  /// Starts the feed's thread; it connects in the background and again whenever the connection breaks.
  package func start() { listener.start() }

  /// Ends all streams and closes the connection.
  package func shutDown() async {
    await listener.shutDown()
    let (changes, readyRuns, listenNews) = state.withLock { state in
      state.isShutDown = true
      return (Array(state.changes.values), Array(state.readyRuns.values), Array(state.listenNews.values))
    }
    for consumer in changes { consumer.finish() }
    for consumer in readyRuns { consumer.finish() }
    for consumer in listenNews { consumer.finish() }
  }

  /// Changes of the configuration from now on; several consumers may have a stream each.
  package func changes() -> AsyncStream<StoreChange> { stream(\.changes) }

  /// Runs that became ready from now on, in any replica; several consumers may have a stream each.
  package func readyRuns() -> AsyncStream<RunsReady> { stream(\.readyRuns) }

  /// What happens to listen sessions from now on, in any replica; several consumers may have a stream each.
  package func listenNews() -> AsyncStream<ListenNews> { stream(\.listenNews) }

  /// Tells all replicas, this one included, that a workspace has runs to lease. From any thread; never blocks; goes out at
  /// most once per workspace and 50 ms, outside of any transaction of the requests.
  package func runsBecameReady(in workspace: UniqueID) {
    listener.publish(PostgresNotification(channel: Channel.runs, payload: workspace.description))
  }

  /// The connection stands and listens.
  package var isConnected: Bool { listener.isConnected }

  /// Changes that a consumer may be behind; then the oldest go and it hears `.mayHaveMissed`.
  private static let consumerLimit = 256

  private func stream<Element>(
    _ consumers: any WritableKeyPath<State, [UInt64: AsyncStream<Element>.Continuation]> & Sendable
  ) -> AsyncStream<Element> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Element.self, bufferingPolicy: .bufferingNewest(Self.consumerLimit))
    let consumer = state.withLock { state -> UInt64? in
      guard !state.isShutDown else { return nil }
      state.nextConsumer += 1
      state[keyPath: consumers][state.nextConsumer] = continuation
      return state.nextConsumer
    }
    guard let consumer else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [state] _ in
      state.withLock { $0[keyPath: consumers][consumer] = nil }
    }
    return stream
  }

  private static func deliver(_ event: PostgresListenerEvent, to state: Monitor<State>) {
    let (changes, readyRuns, listenNews) = state.withLock {
      (Array($0.changes.values), Array($0.readyRuns.values), Array($0.listenNews.values))
    }
    switch event {
    case .mayHaveMissed:
      for consumer in listenNews { consumer.yield(.mayHaveMissed) }
      for consumer in changes { consumer.yield(.mayHaveMissed) }
      for consumer in readyRuns { consumer.yield(.mayHaveMissed) }
    case .notification(let notification) where notification.channel == Channel.runs:
      guard let workspace = UniqueID(notification.payload) else { return }
      for consumer in readyRuns {
        if case .dropped = consumer.yield(.workspace(workspace)) { consumer.yield(.mayHaveMissed) }
      }
    case .notification(let notification) where notification.channel == Channel.listen:
      let news = ListenNews(payload: notification.payload) ?? .mayHaveMissed
      for consumer in listenNews {
        if case .dropped = consumer.yield(news) { consumer.yield(.mayHaveMissed) }
      }
    case .notification(let notification):
      // What this version does not know may be a newer one's: load everything.
      let change = StoreChange(payload: notification.payload) ?? .mayHaveMissed
      for consumer in changes {
        if case .dropped = consumer.yield(change) { consumer.yield(.mayHaveMissed) }
      }
    }
  }
}

/// The channels of NOTIFY.
enum Channel {
  static let configuration = "headgate_config"
  static let runs = "headgate_runs"
  static let listen = "headgate_listen"
}

extension StoreChange {
  /// As it goes over NOTIFY: "flow WORKSPACE FLOW", "workspace WORKSPACE", "api_keys" or "certificates".
  var payload: String {
    switch self {
    case .flow(let flow, let workspace): "flow \(workspace) \(flow)"
    case .workspace(let workspace): "workspace \(workspace)"
    case .apiKeys: "api_keys"
    case .certificates: "certificates"
    case .mayHaveMissed: "all"
    }
  }

  init?(payload: String) {
    let words = payload.split(separator: " ")
    let ids = words.dropFirst().compactMap { UniqueID($0) }
    switch (words.first, ids.count, words.count) {
    case ("flow", 2, 3): self = .flow(ids[1], workspace: ids[0])
    case ("workspace", 1, 2): self = .workspace(ids[0])
    case ("api_keys", 0, 1): self = .apiKeys
    case ("certificates", 0, 1): self = .certificates
    case ("all", 0, 1): self = .mayHaveMissed
    default: return nil
    }
  }
}

extension PostgresSession {
  /// Tells all replicas of a change when the present transaction is committed.
  func announce(_ change: StoreChange) throws(PostgresError) {
    try query(Statements.notify, [.text(Channel.configuration), .text(change.payload)])
  }
}
