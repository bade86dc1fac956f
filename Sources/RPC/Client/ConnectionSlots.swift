import HeadgateProto

/// Which connections a client has and which it should have: one slot for each pair of endpoint and event loop. A value; the
/// owner does what it says. Events for connections that are no longer of interest are dropped: they race with each other.
struct ConnectionSlots<Connection: Sendable>: Sendable {
  /// Names a slot: the event loop's index is `slot / endpoints`.
  typealias Slot = Int

  enum State: Sendable {
    case idle
    case connecting
    case ready(ConnectionID, Connection)
    case waiting
  }

  /// How long to wait before a connection is tried again.
  struct Backoff: Sendable {
    var base: Duration
    var limit: Duration

    /// Full jitter: anything between nothing and the cap, which doubles with each failure in a row
    /// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    ///
    /// - Parameter fraction: random, 0 to 1.
    func delay(failures: Int, fraction: Double) -> Duration {
      min(limit, base * (1 << min(failures, 20))) * fraction
    }
  }

  struct Retry: Equatable {
    var slot: Slot
    var delay: Duration
  }

  private let endpointCount: Int
  private let backoff: Backoff
  private var states: [State]
  private var failures: [Int]
  private var cursor = 0
  private(set) var isStopped = false

  init(endpointCount: Int, eventLoopCount: Int, backoff: Backoff) {
    self.endpointCount = endpointCount
    self.backoff = backoff
    states = Array(repeating: .idle, count: endpointCount * eventLoopCount)
    failures = Array(repeating: 0, count: states.count)
  }

  var count: Int { states.count }
  func endpoint(of slot: Slot) -> Int { slot % endpointCount }
  func eventLoop(of slot: Slot) -> Int { slot / endpointCount }

  /// Some connection is ready.
  var isReady: Bool {
    states.contains { if case .ready = $0 { true } else { false } }
  }

  /// Slots to connect now.
  mutating func start() -> [Slot] {
    guard !isStopped else { return [] }
    let idle = states.indices.filter { if case .idle = states[$0] { true } else { false } }
    for slot in idle { states[slot] = .connecting }
    return idle
  }

  /// A connection is ready for calls. Returns false when it is not wanted any more: close it.
  mutating func connected(_ slot: Slot, _ id: ConnectionID, _ connection: Connection) -> Bool {
    guard !isStopped, case .connecting = states[slot] else { return false }
    states[slot] = .ready(id, connection)
    return true
  }

  /// A connection failed, was lost or takes no further calls. Returns when to make another one in its place.
  ///
  /// - Parameters:
  ///   - id: of the connection, once it was ready; `nil`: the attempt itself failed.
  ///   - lived: how long it was ready. A connection that lasted ends the row of failures, one that broke at once does not.
  ///   - fraction: random, 0 to 1.
  mutating func lost(_ slot: Slot, _ id: ConnectionID?, lived: Duration = .zero, fraction: Double) -> Retry? {
    guard !isStopped else { return nil }
    switch (states[slot], id) {
    case (.connecting, nil): break
    case (.ready(let present, _), .some(let lost)) where present == lost: break
    case (.idle, _), (.waiting, _), (.connecting, _), (.ready, _): return nil
    }
    if lived >= backoff.limit { failures[slot] = 0 }
    let delay = backoff.delay(failures: failures[slot], fraction: fraction)
    failures[slot] += 1
    states[slot] = .waiting
    return Retry(slot: slot, delay: delay)
  }

  /// The wait is over. Returns whether to connect.
  mutating func retry(_ slot: Slot) -> Bool {
    guard !isStopped, case .waiting = states[slot] else { return false }
    states[slot] = .connecting
    return true
  }

  /// A connection for the next call, in turn. One of the preferred event loop goes before others, and any other before the
  /// one to avoid, which is taken only if there is nothing else.
  mutating func pick(eventLoop: Int?, avoiding: ConnectionID?) -> (id: ConnectionID, connection: Connection)? {
    cursor = cursor &+ 1
    var best: (rank: Int, id: ConnectionID, connection: Connection)?
    let start = Int(UInt(bitPattern: cursor) % UInt(max(1, states.count)))
    for offset in states.indices {
      let slot = start + offset < states.count ? start + offset : start + offset - states.count
      guard case .ready(let id, let connection) = states[slot] else { continue }
      let rank = (id == avoiding ? 2 : 0) + (eventLoop == nil || eventLoop == self.eventLoop(of: slot) ? 0 : 1)
      if rank == 0 { return (id, connection) }
      if rank < best?.rank ?? .max { best = (rank, id, connection) }
    }
    return best.map { ($0.id, $0.connection) }
  }

  /// No connection is wanted any more.
  mutating func stop() {
    isStopped = true
    for slot in states.indices { states[slot] = .idle }
  }
}
