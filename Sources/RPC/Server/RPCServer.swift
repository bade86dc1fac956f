package import HeadgateProto
import NIOConcurrencyHelpers
package import Logging
package import NIOCore
import NIOPosix
import NIOSSL

/// Serves methods over ttrpc with Headgate's extensions (proto/PROTOCOL.md).
///
/// SessionService is answered by the server itself. Every other method is called only for principals that have one of its
/// roles; without a handler for it, a method does not exist.
package final class RPCServer: Sendable {
  private enum State {
    case made
    case listening(any Channel)
    case stopped
  }

  private let core: ServerCore
  private let eventLoops: any EventLoopGroup
  private let state = NIOLockedValueBox(State.made)

  /// - Parameters:
  ///   - handlers: the generated `methods` of the services' handlers.
  ///   - eventLoops: where connections live.
  /// - Throws: `RPCServerError.duplicateMethod`.
  package init(
    configuration: Configuration, handlers: [MethodHandler], authenticator: RPCAuthenticator = .certificatesOnly,
    logger: Logger, eventLoops: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
  ) throws(RPCServerError) {
    core = ServerCore(
      configuration: configuration, methods: try MethodTable(handlers), authenticator: authenticator, logger: logger)
    self.eventLoops = eventLoops
  }

  /// Listens. Returns the address, with the port that the system chose if none was given.
  ///
  /// - Throws: `RPCServerError`.
  @discardableResult
  package func start() async throws(RPCServerError) -> SocketAddress {
    guard state.withLockedValue({ if case .made = $0 { true } else { false } }) else { throw .alreadyStarted }
    let configuration = core.configuration
    let name = "\(configuration.host):\(configuration.port)"
    let address: SocketAddress
    do {
      address = try SocketAddress.makeAddressResolvingHost(configuration.host, port: configuration.port)
    } catch {
      throw .cannotListen(address: name, reason: TransportFailure(error).reason)
    }
    let secure = try security(for: address)
    let channel: any Channel
    do {
      channel = try await ServerBootstrap(group: eventLoops)
        .serverChannelOption(.backlog, value: 1024)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.socketOption(.so_keepalive), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelOption(.writeBufferWaterMark, value: ServerCore.writeBufferWaterMark)
        .childChannelInitializer { [core] channel in
          channel.eventLoop.makeCompletedFuture { try core.adopt(channel, secure) }
        }
        .bind(to: address).get()
    } catch {
      throw .cannotListen(address: name, reason: TransportFailure(error).reason)
    }
    watchClock(while: channel)
    state.withLockedValue { $0 = .listening(channel) }
    return channel.localAddress ?? address
  }

  private func watchClock(while listener: any Channel) {
    let watch = NIOLockedValueBox(ClockWatch(.now()))
    let task = listener.eventLoop.scheduleRepeatedTask(initialDelay: ClockWatch.interval, delay: ClockWatch.interval) {
      [core] _ in
      guard let step = watch.withLockedValue({ $0.step(at: .now()) }) else { return }
      core.clockWasSet(by: step)
    }
    listener.closeFuture.whenComplete { _ in task.cancel() }
  }

  private func security(for address: SocketAddress) throws(RPCServerError) -> ServerCore.Security {
    switch core.configuration.transport {
    case .plaintext(let principal):
      guard address.isLoopback else { throw .plaintextOffLoopback(address: address.displayText) }
      return .plaintext(principal)
    case .tls(let material):
      do {
        let needsCertificate = !core.configuration.acceptsAPIKeysAlone
        return .tls(
          try NIOSSLContext(configuration: material.serverConfiguration(needsClientCertificate: needsCertificate)))
      } catch {
        throw .unusableTLSMaterial(reason: TransportFailure(error).reason)
      }
    }
  }

  /// Where it listens; `nil` before `start` and after `drain`.
  package var localAddress: SocketAddress? {
    state.withLockedValue { if case .listening(let channel) = $0 { channel.localAddress } else { nil } }
  }

  /// The connected peers, oldest first, for StatusService.
  package var peers: [ConnectedPeer] { core.peers }

  /// Cuts the connections of the principals for which `fits` is true, with their calls, and ends the single calls that such
  /// principals made over connections of others: their rights have ended.
  package func disconnect(where fits: @escaping @Sendable (Principal) -> Bool) { core.disconnect(where: fits) }

  /// Cuts the connections that were opened with the certificates for which `fits` is true, with all calls over them.
  package func disconnect(certificates fits: @escaping @Sendable (PeerCertificate) -> Bool) {
    core.disconnect(certificates: fits)
  }

  /// The certificates of the connections that are open now, each once.
  package var certificates: Set<PeerCertificate> { core.certificates }

  /// Stops listening, tells clients to go elsewhere, lets calls in flight finish within the drain's timeout and closes the
  /// connections. Streams end with `unavailable` at once. Returns when everything is closed; further calls of it wait too.
  package func drain() async {
    let listener = state.withLockedValue { state -> (any Channel)? in
      guard case .listening(let channel) = state else {
        state = .stopped
        return nil
      }
      state = .stopped
      return channel
    }
    if let listener {
      core.drain(by: .now().saturating(adding: TimeAmount(core.configuration.timeouts.drain)))
      try? await listener.close()
    }
    await core.waitUntilIdle()
  }
}

extension ServerCore {
  /// Bytes waiting for the socket: above the second number nothing is read from the peer, until they are below the first.
  static let writeBufferWaterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 256 << 10, high: 1 << 20)

  /// How connections prove who they are.
  enum Security: Sendable {
    case tls(NIOSSLContext)
    case plaintext(Principal)
    /// Without encryption, as if TLS had verified this certificate: within the process only.
    case presented(PeerCertificate)
  }

  /// Makes a channel a connection of this server. On the channel's event loop.
  func adopt(_ channel: any Channel, _ security: Security) throws {
    guard admit() else {
      channel.close(promise: nil)
      return
    }
    channel.closeFuture.whenComplete { _ in self.release() }
    let pipeline = channel.pipeline.syncOperations
    switch security {
    case .plaintext(let principal):
      try pipeline.addHandler(ServerConnection(core: self, eventLoop: channel.eventLoop, principal: principal))
    case .presented(let certificate):
      try pipeline.addHandler(ServerConnection(core: self, eventLoop: channel.eventLoop, presenting: certificate))
    case .tls(let context):
      try pipeline.addHandlers([
        NIOSSLServerHandler(context: context),
        ServerConnection(core: self, eventLoop: channel.eventLoop, principal: nil),
      ])
    }
  }
}
