package import Identifiers
package import Store

/// What the way of a request needs of listening.
package struct ListenWatch: Sendable {
  private let sessions: OpenSessions
  private let exchange: ListenExchange

  package init(sessions: OpenSessions, exchange: ListenExchange) {
    self.sessions = sessions
    self.exchange = exchange
  }

  /// A request that listeners are to see once it is committed.
  package struct Shown: Sendable {
    fileprivate let row: RequestRow
    /// The row is recorded as it is here; else what the transaction found is added to it.
    fileprivate let isWhole: Bool

    package init(_ entry: IngestEntry) {
      row = entry.request
      isWhole = entry.settle == nil
    }
  }

  /// What a trigger's requests are to be treated as; `nil`: nobody listens, which costs one atomic read.
  package func mode(of trigger: UniqueID, at now: ContinuousClock.Instant) -> ListenSessionMode? {
    sessions.mode(of: trigger, at: now)
  }

  /// It is committed. From any thread, without waiting.
  package func recorded(_ request: Shown) { exchange.recorded(request.row, isWhole: request.isWhole) }
}
