package import Logging

/// A few connections that many tasks share.
///
/// Connections are made in the background and again when they break; callers wait for one, but only so many and so long.
/// A connection is `lent` to one caller at a time.
package final class PostgresPool: Sendable {
  private typealias Ticket = PoolStateMachine.WaiterID
  private typealias LoanContinuation = CheckedContinuation<Int, any Error>
  private typealias StartContinuation = CheckedContinuation<Void, any Error>

  private struct State {
    var machine: PoolStateMachine
    var nextTicket: Ticket = 0
    var waiters: [Ticket: LoanContinuation] = [:]
    /// The answers for those whose continuation is not there yet.
    var early: [Ticket: Result<Int, any Error>] = [:]
    var starters: [Ticket: StartContinuation] = [:]
    var closers: [CheckedContinuation<Void, Never>] = []
    var lastFailure: PostgresError?
    var server: PostgresServerInfo?
  }

  private let connections: [PostgresConnection]
  private let waitTimeout: Duration
  private let state: Monitor<State>

  /// Makes a pool; `start` connects it.
  ///
  /// - Parameters:
  ///   - waiterLimit: how many callers may wait for a connection; more are refused with `.poolExhausted`.
  ///   - waitTimeout: how long a caller waits for a connection before it is refused likewise.
  package init(
    _ configuration: PostgresConfiguration, connections count: Int, waiterLimit: Int = 1024,
    waitTimeout: Duration = .seconds(5), logger: Logger
  ) {
    connections = (0..<count).map { PostgresConnection(configuration, threadName: "postgres-\($0)", logger: logger) }
    self.waitTimeout = waitTimeout
    state = Monitor(State(machine: PoolStateMachine(connections: count, waiterLimit: waiterLimit)))
  }

  /// Begins to connect.
  package func start() {
    for index in connections.indices { connect(index) }
  }

  /// Does work on a connection, on the connection's thread: it may block there.
  ///
  /// - Throws: what `body` throws; `PostgresError` `.poolExhausted`, `.shutDown` or `.connectionFailed`; `CancellationError`
  ///   when the task is cancelled while it waits. Work that has begun is not cancelled.
  package func withSession<Value: Sendable>(_ body: @escaping @Sendable (PostgresSession) throws -> Value) async throws -> Value {
    let index = try await borrow()
    let outcome = await connections[index].perform(body)
    act { state in
      if let server = outcome.server { state.server = server }
      if case .failure(let error as PostgresError) = outcome.result, error.kind == .connectionFailed { state.lastFailure = error }
      return state.machine.returned(index, isUsable: outcome.isUsable)
    }
    return try outcome.result.get()
  }

  /// Waits until a connection stands.
  ///
  /// - Throws: the last failure when the time is over; `.notDurable` as soon as it is known.
  package func waitUntilConnected(for time: Duration) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.firstConnection() }
      group.addTask {
        try await Task.sleep(for: time)
        throw self.state.withLock { $0.lastFailure } ?? PostgresError(.connectionFailed, "no connection in time")
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// Refuses new work, waits for the work under way, closes the connections.
  package func shutDown() async {
    let (waiters, unlent) = state.withLock { state in
      let (waiters, unlent) = state.machine.shutDown()
      for waiter in waiters where state.waiters[waiter] == nil { state.early[waiter] = .failure(Self.shutDownError) }
      return (waiters.compactMap { state.waiters.removeValue(forKey: $0) }, unlent)
    }
    for waiter in waiters { waiter.resume(throwing: Self.shutDownError) }
    for index in unlent { await connections[index].close() }
    await withCheckedContinuation { continuation in
      let isDrained = state.withLock { state in
        if !state.machine.isDrained { state.closers.append(continuation) }
        return state.machine.isDrained
      }
      if isDrained { continuation.resume() }
    }
  }

  /// How the pool is.
  package var status: Status {
    state.withLock {
      Status(
        connected: $0.machine.connectedCount, lent: $0.machine.lentCount, waiting: $0.machine.waiterCount,
        serverVersion: $0.server?.version ?? "",
        isDurable: $0.server?.isDurable ?? false, lastFailure: $0.lastFailure)
    }
  }

  /// How a pool is.
  package struct Status: Sendable {
    /// Connections that stand, as far as is known.
    package var connected: Int
    /// Those of them that someone works with.
    package var lent: Int
    /// Callers that wait for a connection.
    package var waiting: Int
    /// Of the server last connected to; empty: none yet.
    package var serverVersion: String
    /// Of the server last connected to.
    package var isDurable: Bool
    /// Why the last attempt to connect failed; `nil` since one succeeded.
    package var lastFailure: PostgresError?
  }

  private static let shutDownError = PostgresError(.shutDown, "the pool was shut down")

  // MARK: Borrowing

  /// One connection's index, lent to the caller until it is given to `returned`.
  private func borrow() async throws -> Int {
    let (waiter, request) = state.withLock { state in
      state.nextTicket += 1
      return (state.nextTicket, state.machine.requested(by: state.nextTicket))
    }
    switch request {
    case .lend(let index): return index
    case .refuseShutDown: throw Self.shutDownError
    case .refuseFull: throw PostgresError(.poolExhausted, "too many callers wait for a connection")
    case .wait: return try await waitForLoan(waiter)
    }
  }

  /// The child that waits for the loan alone decides, so that no loan is lost; the other one only makes it give up.
  private func waitForLoan(_ waiter: Ticket) async throws -> Int {
    try await withThrowingTaskGroup(of: Int?.self) { group in
      group.addTask { try await self.loan(for: waiter) }
      group.addTask {
        try? await Task.sleep(for: self.waitTimeout)
        self.giveUp(waiter, PostgresError(.poolExhausted, "no connection became free in time"))
        return nil
      }
      defer { group.cancelAll() }
      while let index = try await group.next() {
        if let index { return index }
      }
      throw CancellationError()
    }
  }

  private func loan(for waiter: Ticket) async throws -> Int {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let early = state.withLock { state in
          // What was lent or refused between the request and now lies ready.
          if let early = state.early.removeValue(forKey: waiter) { return early as Result<Int, any Error>? }
          state.waiters[waiter] = continuation
          return nil
        }
        if let early { return continuation.resume(with: early) }
        if Task.isCancelled { giveUp(waiter, CancellationError()) }
      }
    } onCancel: {
      giveUp(waiter, CancellationError())
    }
  }

  private func giveUp(_ waiter: Ticket, _ error: any Error) {
    let continuation = state.withLock { state in
      // Not registered yet, it will look for itself; not waiting any more, it has its loan.
      guard state.waiters[waiter] != nil, state.machine.gaveUp(waiter) else { return nil as LoanContinuation? }
      return state.waiters.removeValue(forKey: waiter)
    }
    continuation?.resume(throwing: error)
  }

  // MARK: Connections

  private func connect(_ index: Int) {
    connections[index].keepTrying { [self] failure in
      if let failure { return failed(failure) }
      act { $0.machine.connected(index) }
    }
  }

  private func failed(_ failure: PostgresError) {
    let starters = state.withLock { state in
      state.lastFailure = failure
      guard failure.kind == .notDurable else { return [StartContinuation]() }
      defer { state.starters = [:] }
      return Array(state.starters.values)
    }
    for starter in starters { starter.resume(throwing: failure) }
  }

  /// Changes the state machine and does what it says.
  private func act(_ event: (inout State) -> PoolStateMachine.Arrival) {
    var resumptions: [() -> Void] = []
    let arrival = state.withLock { state in
      let arrival = event(&state)
      if case .lend(let index, let waiter) = arrival {
        if let continuation = state.waiters.removeValue(forKey: waiter) {
          resumptions.append { continuation.resume(returning: index) }
        } else {
          state.early[waiter] = .success(index)
        }
      }
      if state.machine.connectedCount > 0 {
        state.lastFailure = nil
        for starter in state.starters.values { resumptions.append { starter.resume() } }
        state.starters = [:]
      }
      if state.machine.isDrained {
        for closer in state.closers { resumptions.append { closer.resume() } }
        state.closers = []
      }
      return arrival
    }
    switch arrival {
    case .lend, .idle: break
    case .connect(let index): connect(index)
    case .close(let index): connections[index].closeSoon()
    }
    for resume in resumptions { resume() }
  }

  private func firstConnection() async throws {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: StartContinuation) in
        let isDone = state.withLock { state in
          if state.machine.connectedCount > 0 { return true }
          state.starters[ticket] = continuation
          return false
        }
        if isDone { return continuation.resume() }
        if Task.isCancelled { cancelStart(ticket) }
      }
    } onCancel: {
      cancelStart(ticket)
    }
  }

  private func cancelStart(_ ticket: Ticket) {
    state.withLock { $0.starters.removeValue(forKey: ticket) }?.resume(throwing: CancellationError())
  }
}
