package import HeadgateProto
package import Logging
import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A server and a client of it within the process, over a pair of connected sockets: everything but the network is real.
/// For tests of handlers.
package final class InProcessPair: RPCCaller {
  private let core: ServerCore
  private let client: RPCClient

  /// - Parameters:
  ///   - handlers: the generated `methods` of the services' handlers.
  ///   - principal: who the caller is.
  ///   - certificate: makes the caller whom the authenticator says that it stands for, as if TLS had verified it.
  ///   - apiKey: makes the caller somebody else: whom the authenticator says.
  /// - Throws: `RPCServerError.duplicateMethod`.
  package init(
    handlers: [MethodHandler], principal: Principal, certificate: PeerCertificate? = nil,
    authenticator: RPCAuthenticator = .certificatesOnly,
    limits: RPCServer.Limits = .init(), timeouts: RPCServer.Timeouts = .init(),
    clientLimits: RPCClient.ClientLimits = .init(), agent: String = "test", apiKey: String? = nil,
    logger: Logger = Logger(label: "in-process", factory: { _ in SwiftLogNoOpLogHandler() })
  ) throws(RPCServerError) {
    var server = RPCServer.Configuration(host: "", port: 0, transport: .plaintext(principal: principal))
    server.limits = limits
    server.timeouts = timeouts
    core = ServerCore(
      configuration: server, methods: try MethodTable(handlers), authenticator: authenticator, logger: logger)
    var configuration = RPCClient.Configuration(endpoints: [], transport: .plaintext, agent: agent, apiKey: apiKey)
    configuration.limits = clientLimits
    client = RPCClient(
      configuration: configuration, connector: SocketPairConnector(core: core, principal: principal, certificate: certificate),
      logger: logger)
    client.start()
  }

  /// The client, for what `RPCCaller` does not have.
  package var caller: RPCClient { client }

  /// The connected peers, as the server lists them.
  package var peers: [ConnectedPeer] { core.peers }

  package func call<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, options: CallOptions
  ) async throws(RPCError) -> Response {
    try await client.call(method, request, options: options)
  }

  package func stream<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, options: CallOptions
  ) async throws(RPCError) -> ResponseStream<Response> {
    try await client.stream(method, request, options: options)
  }

  package func upload<Request, Response>(
    _ method: RPCMethod<Request, Response>, options: CallOptions,
    _ body: @Sendable (MessageWriter<Request>) async throws -> Void
  ) async throws(RPCError) -> Response {
    try await client.upload(method, options: options, body)
  }

  /// Ends what the principals that fit are doing, as when an API key is revoked.
  package func disconnect(where fits: @escaping @Sendable (Principal) -> Bool) { core.disconnect(where: fits) }

  /// Cuts the connection if it was opened with one of these certificates, as when they are revoked.
  package func disconnect(certificates fits: @escaping @Sendable (PeerCertificate) -> Bool) {
    core.disconnect(certificates: fits)
  }

  /// The certificates of the connections that are open.
  package var certificates: Set<PeerCertificate> { core.certificates }

  /// Asks the server to finish, as on SIGTERM. Returns when its connections are closed.
  package func drain() async {
    core.drain(by: .now().saturating(adding: TimeAmount(core.configuration.timeouts.drain)))
    await core.waitUntilIdle()
  }

  /// Closes the connections. Calls in flight finish first.
  package func shutdown() async { await client.shutdown() }
}

/// Connects a client to a server in the same process.
private struct SocketPairConnector: Connector {
  let core: ServerCore
  let principal: Principal
  let certificate: PeerCertificate?

  func connect(
    endpoint: Int, on eventLoop: any EventLoop, makeHandler: @escaping @Sendable (any Channel) -> ClientConnection
  ) -> EventLoopFuture<any Channel> {
    var descriptors: [CInt] = [-1, -1]
    #if canImport(Darwin)
      let type = SOCK_STREAM
    #else
      let type = CInt(SOCK_STREAM.rawValue)
    #endif
    guard socketpair(AF_UNIX, type, 0, &descriptors) == 0 else {
      return eventLoop.makeFailedFuture(TransportFailure(.other, "no pair of sockets"))
    }
    let (near, far) = (descriptors[0], descriptors[1])
    let serverLoop = MultiThreadedEventLoopGroup.singleton.next()
    let server = ClientBootstrap(group: serverLoop)
      .channelOption(.writeBufferWaterMark, value: ServerCore.writeBufferWaterMark)
      .channelInitializer { [core, principal, certificate] channel in
        channel.eventLoop.makeCompletedFuture {
          try core.adopt(channel, certificate.map { .presented($0) } ?? .plaintext(principal))
        }
      }
      .withConnectedSocket(far)
    let client = ClientBootstrap(group: eventLoop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(makeHandler(channel)) }
      }
      .withConnectedSocket(near)
    return server.hop(to: eventLoop).flatMap { _ in client }
  }
}
