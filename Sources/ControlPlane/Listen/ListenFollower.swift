package import Identifiers
package import Logging
package import Store
import Postgres

/// Keeps a replica's listening up to date: which sessions are open, what other replicas recorded, what was missed.
package final class ListenFollower: Sendable {
  private let store: Store
  private let sessions: OpenSessions
  private let exchange: ListenExchange
  private let replica: UniqueID
  private let logger: Logger

  /// - Parameter replica: this one, so that it does not hear itself.
  package init(store: Store, sessions: OpenSessions, exchange: ListenExchange, replica: UniqueID, logger: Logger) {
    self.store = store
    self.sessions = sessions
    self.exchange = exchange
    self.replica = replica
    self.logger = logger
  }

  /// Reads the open sessions; streams whose session is not among them look at it.
  package func reload() async throws(StoreError) {
    let ticket = sessions.ticket()
    let open = try await store.openListenSessions()
    sessions.install(open, ticket, at: .now)
    for listener in exchange.listeners where !sessions.isOpen(listener.session, of: listener.trigger.trigger) {
      listener.sessionMayHaveChanged()
    }
  }

  /// Follows until the task is cancelled.
  package func follow(_ news: AsyncStream<ListenNews>) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { for await item in news { await self.hear(item) } }
      group.addTask { await self.tell() }
      group.addTask { await self.lookRegularly() }
      group.addTask { await self.attendRegularly() }
    }
  }

  // MARK: Other replicas

  private func hear(_ news: ListenNews) async {
    switch news {
    case .sessions: await attempt("listen sessions cannot be read") { try await reload() }
    case .recorded(let ids, let trigger, let from):
      if from != replica { await show(ids, of: trigger, isFound: false) }
    case .manyRecorded(let trigger, let from):
      if from != replica { await look(at: [trigger], ListenTiming.shortLook) }
    case .mayHaveMissed:
      await attempt("listen sessions cannot be read") { try await reload() }
      await look(at: exchange.triggers, ListenTiming.overlap)
    }
  }

  /// Tells the other replicas what was recorded here: at once, and then in batches.
  private func tell() async {
    for await _ in exchange.rings() {
      let outbox = exchange.takeOutbox()
      for (trigger, ids) in outbox.unread { await show(ids, of: trigger, isFound: false) }
      for item in outbox.news(from: replica) {
        await attempt("listeners elsewhere were not told") { try await store.announce(item) }
      }
      try? await Task.sleep(for: ListenTiming.announceInterval, tolerance: .zero)
      if Task.isCancelled { return }
    }
  }

  /// Reads requests that some listener here has not seen, and shows them.
  ///
  /// - Parameter isFound: nobody told of them; they may be from before a session.
  private func show(_ ids: [UniqueID], of trigger: ListenedTrigger, isFound: Bool) async {
    var rest = exchange.unseen(ids, of: trigger, isFound: isFound)[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(ListenTiming.rowsPerRead))
      rest = rest.dropFirst(ListenTiming.rowsPerRead)
      await attempt("requests cannot be read for listeners") {
        for row in try await store.requests(part, in: trigger.workspace) { exchange.offer(row, isFound: isFound) }
      }
    }
  }

  // MARK: What nobody told

  /// A replica may end between its COMMIT and telling of it; what it recorded is found by looking.
  private func lookRegularly() async {
    var round = 0
    while !Task.isCancelled {
      try? await Task.sleep(for: ListenTiming.lookInterval)
      if Task.isCancelled { return }
      round += 1
      await look(
        at: exchange.triggers,
        round.isMultiple(of: ListenTiming.roundsPerLongLook) ? ListenTiming.overlap : ListenTiming.shortLook)
    }
  }

  /// Shows what was recorded in the last time and is not known here.
  private func look(at triggers: [ListenedTrigger], _ time: Duration) async {
    guard !triggers.isEmpty else { return }
    await attempt("requests cannot be read for listeners") {
      let found = try await store.recentRequestIDs(
        of: triggers, since: UnixTime.now() - time, limit: ListenTiming.idsPerLook)
      for trigger in triggers { await show(found[trigger.trigger] ?? [], of: trigger, isFound: true) }
    }
  }

  // MARK: Attendance

  /// Keeps the sessions served here open, and ends those of all replicas that are due.
  private func attendRegularly() async {
    var rounds = 0
    while !Task.isCancelled {
      try? await Task.sleep(for: ListenTiming.attendInterval)
      if Task.isCancelled { return }
      rounds += 1
      await attempt("listen sessions cannot be kept") {
        try await store.attendListenSessions(exchange.listeners.map(\.attendance))
        // After the database was away, those that want to go on with their sessions come first.
        let patience = rounds > ListenTiming.roundsOfGrace ? ListenTiming.resumeWindow : nil
        _ = try await store.endDueListenSessions(unattendedFor: patience)
        // A notification may have come while the database did not answer.
        try await reload()
      } failed: {
        rounds = 0
      }
    }
  }

  private func attempt(
    _ failure: Logger.Message, _ body: () async throws -> Void, failed: () -> Void = {}
  ) async {
    do {
      try await body()
    } catch {
      failed()
      if !Task.isCancelled { logger.debug(failure, metadata: ["cause": "\(error)"]) }
    }
  }
}

/// Times and sizes of listening.
package enum ListenTiming {
  /// How much later than its id's time a request may be recorded: an edge node's patience, or that of the writer with what
  /// was rejected, and the difference of clocks.
  package static let overlap = Duration.seconds(75)
  /// For how long a session stays open without a stream.
  package static let resumeWindow = Duration.seconds(120)
  /// Other replicas are told at most so often.
  static let announceInterval = Duration.milliseconds(5)
  /// Between two looks for what nobody told.
  static let lookInterval = Duration.seconds(2)
  /// How far back most looks go.
  static let shortLook = Duration.seconds(12)
  static let roundsPerLongLook = 10
  static let idsPerLook = 4096
  static let rowsPerRead = 16
  /// Between two notes that sessions are served, and two searches for sessions that are due.
  static let attendInterval = Duration.seconds(5)
  static let roundsOfGrace = 12
}
