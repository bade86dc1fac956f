import NIOCore
import NIOPosix
import NIOSSL

/// Makes the channels of a client.
protocol Connector: Sendable {
  /// Connects to the endpoint with this index and puts the handler at the end of the channel's pipeline.
  ///
  /// - Parameter makeHandler: called on the channel's event loop.
  func connect(
    endpoint: Int, on eventLoop: any EventLoop, makeHandler: @escaping @Sendable (any Channel) -> ClientConnection
  ) -> EventLoopFuture<any Channel>
}

/// Connects over TCP, with or without TLS.
struct SocketConnector: Connector {
  private let endpoints: [RPCEndpoint]
  private let timeout: TimeAmount
  private let context: NIOSSLContext?
  private let serverName: String?

  /// - Throws: `TLSMaterialError` when the TLS library refuses the material.
  init(_ configuration: RPCClient.Configuration) throws(TLSMaterialError) {
    endpoints = configuration.endpoints
    timeout = TimeAmount(configuration.timeouts.connect)
    switch configuration.transport {
    case .plaintext:
      context = nil
      serverName = nil
    case .tls(let material, let serverName):
      self.serverName = serverName
      do {
        context = try NIOSSLContext(configuration: material.clientConfiguration())
      } catch {
        throw TLSMaterialError(what: "certificate", path: material.origin, reason: "does not fit its key")
      }
    }
  }

  func connect(
    endpoint: Int, on eventLoop: any EventLoop, makeHandler: @escaping @Sendable (any Channel) -> ClientConnection
  ) -> EventLoopFuture<any Channel> {
    guard endpoint < endpoints.count else {
      return eventLoop.makeFailedFuture(TransportFailure(.unknownHost, "no endpoint is given"))
    }
    let (host, port) = (endpoints[endpoint].host, endpoints[endpoint].port)
    return ClientBootstrap(group: eventLoop)
      .connectTimeout(timeout)
      .channelOption(.socketOption(.so_keepalive), value: 1)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { [context, serverName] channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let context {
            // An IP address is verified against the peer's address, which needs no name.
            let name = serverName ?? (host.isIPAddress ? nil : host)
            try pipeline.addHandler(try NIOSSLClientHandler(context: context, serverHostname: name))
          }
          try pipeline.addHandler(makeHandler(channel))
        }
      }
      .connect(host: host, port: port)
  }
}

extension String {
  fileprivate var isIPAddress: Bool { (try? SocketAddress(ipAddress: self, port: 0)) != nil }
}
