import CoreMetrics
import HeadgateProto
import Logging
import NIOConcurrencyHelpers
import NIOCore

/// What the connections of a server share.
final class ServerCore: Sendable {
  private struct Entry {
    var port: ServerPort
    var principal: Principal
    var certificate: PeerCertificate?
    var agent: String
    var address: String
    var connectedAt: Int64
  }

  private struct State {
    var entries: [UInt64: Entry] = [:]
    var nextID: UInt64 = 0
    /// Also counts connections that have not proved who they are yet.
    var openConnections = 0
    var drainDeadline: NIODeadline?
    var idleWaiters: [CheckedContinuation<Void, Never>] = []
  }

  let configuration: RPCServer.Configuration
  let methods: MethodTable
  let authenticator: RPCAuthenticator
  let logger: Logger
  let metrics = ServerMetrics()
  private let state = NIOLockedValueBox(State())

  init(
    configuration: RPCServer.Configuration, methods: MethodTable, authenticator: RPCAuthenticator, logger: Logger
  ) {
    self.configuration = configuration
    self.methods = methods
    self.authenticator = authenticator
    self.logger = logger
  }

  /// A connection was accepted. Returns false when there are too many or the server is draining: close it.
  func admit() -> Bool {
    let count = state.withLockedValue { state -> Int? in
      guard state.openConnections < configuration.limits.connections, state.drainDeadline == nil else { return nil }
      state.openConnections += 1
      return state.openConnections
    }
    guard let count else {
      metrics.refused.increment()
      return false
    }
    metrics.accepted.increment()
    metrics.connections.record(count)
    return true
  }

  /// An admitted connection is gone.
  func release() {
    let (count, waiters) = state.withLockedValue { state in
      state.openConnections -= 1
      guard state.openConnections == 0 else { return (state.openConnections, [CheckedContinuation<Void, Never>]()) }
      defer { state.idleWaiters = [] }
      return (0, state.idleWaiters)
    }
    metrics.connections.record(count)
    for waiter in waiters { waiter.resume() }
  }

  /// Lists a connection whose peer is known. Returns its number, and the drain's deadline if there is one by now.
  func register(
    _ port: ServerPort, principal: Principal, certificate: PeerCertificate?, address: String
  ) -> (id: UInt64, drainDeadline: NIODeadline?) {
    state.withLockedValue { state in
      state.nextID += 1
      state.entries[state.nextID] = Entry(
        port: port, principal: principal, certificate: certificate, agent: "", address: address,
        connectedAt: WallClock.microseconds())
      return (state.nextID, state.drainDeadline)
    }
  }

  /// The peer has said more of itself.
  func update(_ id: UInt64, principal: Principal, agent: String) {
    state.withLockedValue { state in
      state.entries[id]?.principal = principal
      state.entries[id]?.agent = agent
    }
  }

  func unregister(_ id: UInt64) {
    state.withLockedValue { $0.entries[id] = nil }
  }

  /// The connected peers, oldest first.
  var peers: [ConnectedPeer] {
    let entries = state.withLockedValue { $0.entries }
    return entries.sorted { $0.key < $1.key }.map { _, entry in
      ConnectedPeer(
        principal: entry.principal.name, agent: entry.agent, address: entry.address,
        roles: entry.principal.roles.sorted { $0.rawValue < $1.rawValue }, connectedAtUs: entry.connectedAt)
    }
  }

  /// The certificates of the connections that are open, each once.
  var certificates: Set<PeerCertificate> {
    state.withLockedValue { state in Set(state.entries.values.lazy.compactMap(\.certificate)) }
  }

  /// Sends an event to every connection.
  func post(_ event: ServerEvent) {
    let ports = state.withLockedValue { state in state.entries.values.map(\.port) }
    for port in ports { port.mailbox.post(event) }
  }

  /// Ends what the principals for which `fits` is true are doing here. Every connection looks for itself: it may carry calls
  /// of others than its own principal.
  func disconnect(where fits: @escaping @Sendable (Principal) -> Bool) {
    post(.rightsEnded(fits, RPCError(.unauthenticated, "the right to be here has ended")))
  }

  /// Ends the connections that were opened with the certificates that fit.
  func disconnect(certificates fits: @escaping @Sendable (PeerCertificate) -> Bool) {
    post(.certificatesRevoked(fits))
  }

  /// Asks every connection to finish by the deadline; connections that come later are closed.
  func drain(by deadline: NIODeadline) {
    state.withLockedValue { $0.drainDeadline = deadline }
    post(.drain(deadline, reason: Self.shuttingDown))
  }

  static let shuttingDown = "the server is shutting down"

  /// Asks every connection to make place for a new one, which learns the time: the clock was set.
  func clockWasSet(by microseconds: Int64) {
    logger.warning(
      "the clock was set: connections are made anew", metadata: ["seconds": "\(Double(microseconds) / 1_000_000)"])
    let deadline = NIODeadline.now().saturating(adding: TimeAmount(configuration.timeouts.drain))
    post(.drain(deadline, reason: "the server's clock was set"))
  }

  /// Returns when no connection is left.
  func waitUntilIdle() async {
    await withCheckedContinuation { continuation in
      let isIdle = state.withLockedValue { state in
        if state.openConnections > 0 { state.idleWaiters.append(continuation) }
        return state.openConnections == 0
      }
      if isIdle { continuation.resume() }
    }
  }

  /// Turns what a handler threw into what the caller may see. Anything that is not meant for the caller is logged under an
  /// id, which is all that the caller gets.
  func error(from thrown: any Error, method: String) -> RPCError {
    switch thrown {
    case let error as RPCError: return error
    case let error as ProtoDecodingError: return .undecodable(error)
    case is CancellationError: return RPCError(.cancelled, "the call was cancelled")
    default:
      let logID = LogID.make()
      logger.error(
        "handler failed", metadata: ["method": "\(method)", "log_id": "\(logID)", "error": "\(String(reflecting: thrown))"])
      return RPCError(.internal, "internal error", logID: logID)
    }
  }

  /// Looks up an API key.
  func principal(of key: String, method: String) async -> Result<Principal, RPCError> {
    do {
      guard let principal = try await authenticator.apiKey(key) else {
        return .failure(RPCError(.unauthenticated, "the API key is not valid here"))
      }
      return .success(principal)
    } catch {
      return .failure(self.error(from: error, method: method))
    }
  }
}
