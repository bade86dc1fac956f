package import HeadgateProto
package import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL

/// Calls methods of control planes over connections that it makes, watches and makes again.
///
/// - When a connection is lost, its calls in flight fail with `unavailable`, which may be retried.
/// - A server that is shutting down gets no further calls; those in flight finish.
/// - A silent server is found out by pings.
package final class RPCClient: Sendable {
  /// What is told about readiness: true when a first connection is ready, false when the last one is gone.
  package typealias ReadinessObserver = @Sendable (_ isReady: Bool) -> Void

  struct State {
    var slots: ConnectionSlots<ClientPort>
    var nextConnectionID: UInt64 = 0
    var waiting = WaitingCalls()
    /// A server's clock minus ours as it was then.
    var clock: (offset: Duration, measuredAt: ClockReading)?
    var lastLoss: String?
    var lastRefusal: RPCError?
    var readySince: [ConnectionID: NIODeadline] = [:]
    var openConnections = 0
    /// Every connection that was ready and is not gone, also those that take no further calls.
    var ports: [ConnectionID: ClientPort] = [:]
    var stopWaiters: [CheckedContinuation<Void, Never>] = []
    /// Slots of which an attempt to connect has succeeded or failed.
    var tried: Set<Int> = []
    var outcomeWaiters: [CheckedContinuation<Void, Never>] = []
    var wasReady = false
  }

  let configuration: Configuration
  let eventLoops: [any EventLoop]
  let state: NIOLockedValueBox<State>
  private let connector: any Connector
  private let observer: ReadinessObserver
  private let logger: Logger

  /// Does nothing until `start`.
  ///
  /// - Parameter onReadiness: called from an event loop whenever `isReady` changes.
  /// - Throws: `TLSMaterialError` when the TLS library refuses the material.
  package convenience init(
    configuration: Configuration, logger: Logger, onReadiness: @escaping ReadinessObserver = { _ in }
  ) throws(TLSMaterialError) {
    self.init(
      configuration: configuration, connector: try SocketConnector(configuration), logger: logger, onReadiness: onReadiness)
  }

  init(
    configuration: Configuration, connector: any Connector, logger: Logger, onReadiness: @escaping ReadinessObserver = { _ in }
  ) {
    self.configuration = configuration
    self.connector = connector
    self.logger = logger
    observer = onReadiness
    eventLoops = configuration.eventLoops.isEmpty ? [MultiThreadedEventLoopGroup.singleton.next()] : configuration.eventLoops
    let timeouts = configuration.timeouts
    state = NIOLockedValueBox(
      State(
        slots: ConnectionSlots(
          endpointCount: max(1, configuration.endpoints.count), eventLoopCount: eventLoops.count,
          backoff: .init(base: timeouts.backoffBase, limit: timeouts.backoffLimit))))
  }

  // MARK: - Life

  /// Begins to connect. Returns at once.
  package func start() {
    for slot in state.withLockedValue({ $0.slots.start() }) { connect(slot) }
  }

  /// Some connection is ready for calls.
  package var isReady: Bool { state.withLockedValue { $0.slots.isReady } }

  /// A server's clock minus ours, as measured by the last Hello; `nil` before. Stays right when our clock is set.
  package var serverTimeOffset: Duration? {
    state.withLockedValue { state in
      state.clock.map { $0.offset - .microseconds($0.measuredAt.step(until: .now())) }
    }
  }

  /// Why the last connection failed, in words for people; `nil` when none has.
  package var lastFailure: String? { state.withLockedValue { $0.lastLoss } }

  /// Takes no further calls, lets those in flight finish and closes the connections. Returns when that is done.
  ///
  /// - Parameter grace: how long calls in flight may take; streams that go on longer are cut off.
  package func shutdown(grace: Duration = .seconds(5)) async {
    let (ports, waiting) = state.withLockedValue { state in
      state.slots.stop()
      return (state.ports.values, state.waiting.takeAll())
    }
    for call in waiting { call.attempt(nil, Self.stopped) }
    for port in ports {
      port.mailbox.post(.retire)
      port.eventLoop.scheduleTask(in: TimeAmount(grace)) { port.mailbox.post(.close) }
    }
    await withCheckedContinuation { continuation in
      let isDone = state.withLockedValue { state in
        if state.openConnections > 0 { state.stopWaiters.append(continuation) }
        return state.openConnections == 0
      }
      if isDone { continuation.resume() }
    }
  }

  private static var stopped: RPCError { RPCError(.unavailable, "the client was shut down", isRetryable: false) }

  // MARK: - Connections

  private func connect(_ slot: ConnectionSlots<ClientPort>.Slot) {
    let (id, endpoint, loop) = state.withLockedValue { state in
      state.nextConnectionID += 1
      state.openConnections += 1
      return (
        ConnectionID(number: state.nextConnectionID), state.slots.endpoint(of: slot),
        eventLoops[state.slots.eventLoop(of: slot)]
      )
    }
    let name = endpoint < configuration.endpoints.count ? configuration.endpoints[endpoint].description : "in process"
    let observer = ClientConnection.Observer(
      ready: { [weak self] port, greeting in self?.ready(slot, port, greeting) },
      goingAway: { [weak self] port in self?.goingAway(slot, port) },
      closed: { [weak self] port, loss in self?.closed(slot, port, loss, endpoint: name) })
    let connecting = connector.connect(endpoint: endpoint, on: loop) { [configuration, logger] channel in
      let port = ClientPort(id: id, eventLoop: channel.eventLoop)
      return ClientConnection(configuration: configuration, port: port, observer: observer, logger: logger)
    }
    connecting.whenFailure { [self] error in
      attemptFailed(slot, ClientConnection.ConnectionLoss(failure: TransportFailure(error)), endpoint: name)
      connectionGone()
    }
    connecting.whenSuccess { [self] channel in
      channel.closeFuture.whenComplete { [self] _ in connectionGone() }
    }
  }

  private func ready(_ slot: ConnectionSlots<ClientPort>.Slot, _ port: ClientPort, _ greeting: ServerGreeting) {
    let (isWanted, waiting) = state.withLockedValue { state -> (Bool, [WaitingCall]) in
      guard state.slots.connected(slot, port.id, port) else { return (false, []) }
      if let offset = greeting.clockOffset { state.clock = (offset, .now()) }
      state.readySince[port.id] = .now()
      state.ports[port.id] = port
      state.lastRefusal = nil
      return (true, state.waiting.takeAll())
    }
    guard isWanted else {
      port.mailbox.post(.retire)
      return
    }
    logger.debug("connected", metadata: ["server": "\(greeting.agent)", "instance": "\(greeting.instanceID)"])
    readinessMayHaveChanged()
    outcomeKnown(slot)
    for call in waiting { call.attempt(port, nil) }
  }

  /// The connection takes no further calls: another one is made at once, beside those that finish on this one.
  private func goingAway(_ slot: ConnectionSlots<ClientPort>.Slot, _ port: ClientPort) {
    retry(lost(slot, port.id))
    readinessMayHaveChanged()
  }

  private func closed(
    _ slot: ConnectionSlots<ClientPort>.Slot, _ port: ClientPort, _ loss: ClientConnection.ConnectionLoss, endpoint: String
  ) {
    let wasReady = state.withLockedValue { $0.readySince[port.id] != nil }
    guard wasReady else { return attemptFailed(slot, loss, endpoint: endpoint) }
    logger.info("connection lost", metadata: ["endpoint": "\(endpoint)", "reason": "\(loss.failure)"])
    retry(lost(slot, port.id))
    state.withLockedValue { state in
      state.readySince[port.id] = nil
      state.ports[port.id] = nil
      state.lastLoss = "\(endpoint): \(loss.failure)"
    }
    readinessMayHaveChanged()
  }

  private func attemptFailed(
    _ slot: ConnectionSlots<ClientPort>.Slot, _ loss: ClientConnection.ConnectionLoss, endpoint: String
  ) {
    logger.debug("cannot connect", metadata: ["endpoint": "\(endpoint)", "reason": "\(loss.failure)"])
    state.withLockedValue { state in
      state.lastLoss = "\(endpoint): \(loss.failure)"
      state.lastRefusal = loss.rpcError(endpoint: endpoint)
    }
    retry(lost(slot, nil))
    outcomeKnown(slot)
  }

  private func lost(_ slot: ConnectionSlots<ClientPort>.Slot, _ id: ConnectionID?) -> ConnectionSlots<ClientPort>.Retry? {
    state.withLockedValue { state in
      let lived = id.flatMap { state.readySince[$0] }.map { Duration.nanoseconds((NIODeadline.now() - $0).nanoseconds) }
      return state.slots.lost(slot, id, lived: lived ?? .zero, fraction: .random(in: 0...1))
    }
  }

  private func retry(_ retry: ConnectionSlots<ClientPort>.Retry?) {
    guard let retry else { return }
    let loop = eventLoops[state.withLockedValue { $0.slots.eventLoop(of: retry.slot) }]
    loop.scheduleTask(in: TimeAmount(retry.delay)) { [weak self] in
      guard let self, state.withLockedValue({ $0.slots.retry(retry.slot) }) else { return }
      connect(retry.slot)
    }
  }

  private func readinessMayHaveChanged() {
    let change = state.withLockedValue { state -> Bool? in
      let isReady = state.slots.isReady
      guard isReady != state.wasReady else { return nil }
      state.wasReady = isReady
      return isReady
    }
    if let change { observer(change) }
  }

  private func connectionGone() {
    let waiters = state.withLockedValue { state -> [CheckedContinuation<Void, Never>] in
      state.openConnections -= 1
      guard state.openConnections == 0, state.slots.isStopped else { return [] }
      defer { state.stopWaiters = [] }
      return state.stopWaiters
    }
    for waiter in waiters { waiter.resume() }
  }

  // MARK: - First connection

  private func outcomeKnown(_ slot: ConnectionSlots<ClientPort>.Slot) {
    let waiters = state.withLockedValue { state in
      state.tried.insert(slot)
      defer { state.outcomeWaiters = [] }
      return state.outcomeWaiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Makes a client and waits for its first connection, for programs that make a few calls and end.
  ///
  /// - Throws: `unavailable` with the endpoint and the reason when nobody can be reached; `unauthenticated` when our
  ///   certificate or API key, or the server's certificate, was refused.
  package static func connect(_ configuration: Configuration, logger: Logger) async throws(RPCError) -> RPCClient {
    let client: RPCClient
    do {
      client = try RPCClient(configuration: configuration, logger: logger)
    } catch {
      throw RPCError(.invalidArgument, error.description, isRetryable: false)
    }
    guard !configuration.endpoints.isEmpty else { throw RPCError(.invalidArgument, "no endpoint is given", isRetryable: false) }
    client.start()
    await client.waitUntilReadyOrTried()
    guard !client.isReady else { return client }
    let failure = client.state.withLockedValue { $0.lastRefusal }
    await client.shutdown()
    throw failure ?? RPCError(.unavailable, "cannot connect")
  }

  /// Returns when a connection is ready, or when every endpoint was tried once.
  private func waitUntilReadyOrTried() async {
    func isKnown(_ state: inout State) -> Bool { state.slots.isReady || state.tried.count == state.slots.count }
    while !state.withLockedValue({ isKnown(&$0) }) {
      await withCheckedContinuation { continuation in
        let isKnown = state.withLockedValue { state in
          if isKnown(&state) { return true }
          state.outcomeWaiters.append(continuation)
          return false
        }
        if isKnown { continuation.resume() }
      }
    }
  }
}

extension ClientConnection.ConnectionLoss {
  /// The failure as the error of a call that needed the connection.
  fileprivate func rpcError(endpoint: String) -> RPCError {
    if let refusal { return refusal }
    let message = "cannot connect to \(endpoint): \(failure)"
    switch failure.kind {
    case .peerCertificate, .ownCertificate: return RPCError(.unauthenticated, message)
    case .refused, .timedOut, .unknownHost, .notTLS, .brokenProtocol, .closed, .other: return RPCError(.unavailable, message)
    }
  }
}
