import HeadgateProto
package import NIOCore
import NIOPosix

/// Where a control plane listens.
package struct RPCEndpoint: Sendable, Hashable, CustomStringConvertible {
  /// A name or an address, without brackets.
  package var host: String
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads "host:port", "192.0.2.1:7400" or "[2001:db8::1]:7400"; `nil` for anything else.
  package init?(_ text: some StringProtocol) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port)
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: port)
  }

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension RPCClient {
  /// Which servers to use, and how.
  package struct Configuration: Sendable {
    package enum Transport: Sendable {
      /// TLS 1.3 with our certificate. The server's must be for the endpoint's host, or for `serverName` if given.
      case tls(TLSMaterial, serverName: String?)
      /// No encryption: for servers on loopback.
      case plaintext
    }

    package var endpoints: [RPCEndpoint]
    package var transport: Transport
    /// Name and version of the program, "headgate-edge/0.1.0".
    package var agent: String
    /// Makes the connections act for this API key (SessionService.Authenticate). Never logged.
    package var apiKey: String?
    /// Each of these gets a connection of its own to every endpoint; calls made on one of them use its connections without
    /// changing threads. Empty: one event loop of the process.
    package var eventLoops: [any EventLoop] = []
    /// Calls that are made while no connection is ready wait for one (within their timeout) instead of failing at once.
    package var waitsForConnection = true
    package var limits = ClientLimits()
    package var timeouts = ClientTimeouts()
    /// Speaks ttrpc without Hello, as a client of another project would; for tests and comparisons.
    var isPlain = false

    package init(endpoints: [RPCEndpoint], transport: Transport, agent: String = "headgate", apiKey: String? = nil) {
      self.endpoints = endpoints
      self.transport = transport
      self.agent = agent
      self.apiKey = apiKey
    }

    var usesTLS: Bool { if case .tls = transport { true } else { false } }
  }

  package struct ClientLimits: Sendable {
    /// Calls at once on one connection.
    package var callsPerConnection = 4096
    /// Calls that may wait for a connection.
    package var waitingCalls = 10_000
    /// Messages of a stream that may wait for their consumer when the server does not know credits.
    package var streamQueueMessages = 1024
    /// Bytes of one stream that may wait for their consumer.
    package var streamQueueBytes = 64 << 20
    /// Bytes of one client stream that may wait for the socket.
    package var streamBufferBytes = 256 << 10

    package init() {}
  }

  package struct ClientTimeouts: Sendable {
    /// For the connection, the handshakes and Hello, each.
    package var connect = Duration.seconds(5)
    /// For calls that name none. Streams have none unless they name one.
    package var call = Duration.seconds(30)
    /// Without a byte from the server until it is pinged.
    package var pingInterval = Duration.seconds(10)
    /// From the ping until the connection is given up.
    package var pingTimeout = Duration.seconds(5)
    /// The wait before a connection is tried again is random, up to this times two for each failure in a row …
    package var backoffBase = Duration.milliseconds(50)
    /// … but no longer than this.
    package var backoffLimit = Duration.seconds(2)

    package init() {}
  }
}
