package import HeadgateProto
import NIOCore

extension RPCServer {
  /// Where and how a server listens, and what a connection may cost.
  package struct Configuration: Sendable {
    /// Who may connect.
    package enum Transport: Sendable {
      /// TLS 1.3 with certificates on both sides, or on this one alone where `acceptsAPIKeysAlone`.
      case tls(TLSMaterial)
      /// No encryption; only on loopback. Callers are `principal` until they authenticate.
      case plaintext(principal: Principal)
    }

    /// A name or an address without brackets.
    package var host: String
    /// 0: any free port.
    package var port: Int
    package var transport: Transport
    package var limits = Limits()
    package var timeouts = Timeouts()
    /// Clients without a certificate come in: as nobody, until an API key says who they are.
    package var acceptsAPIKeysAlone = false
    /// Name and version of the program, "headgate-control/0.1.0".
    package var agent: String
    /// Identifies this process, for clients that have several control planes.
    package var instanceID: String

    package init(host: String, port: Int, transport: Transport, agent: String = "headgate", instanceID: String = "") {
      self.host = host
      self.port = port
      self.transport = transport
      self.agent = agent
      self.instanceID = instanceID
    }
  }

  /// What connections and streams may cost.
  package struct Limits: Sendable {
    /// Connections at once; further ones are closed when they come.
    package var connections = 4096
    /// Calls at once on one connection.
    package var streamsPerConnection = 4096
    /// Bytes of unanswered requests on one connection.
    package var inFlightBytesPerConnection = 64 << 20
    /// The longest frame payload accepted, in bytes; at most 4 MiB, ttrpc's limit.
    package var frameBytes = 4 << 20
    /// The same for a peer that has no rights yet.
    package var frameBytesBeforeAuthentication = 256 << 10
    /// Messages of a stream that may be outstanding before the receiver grants more.
    package var initialCredit = 64
    /// Bytes of one stream that may wait for the socket.
    package var streamBufferBytes = 256 << 10
    /// Messages of a client stream that may wait for the handler, for clients without credits.
    package var streamQueueMessages = 1024

    package init() {}
  }

  /// How long things may take.
  package struct Timeouts: Sendable {
    /// From the connection to the end of the TLS handshake.
    package var handshake = Duration.seconds(10)
    /// From the end of the handshake to the first valid API key, for clients without a certificate.
    package var authentication = Duration.seconds(10)
    /// From a frame's first byte to its last.
    package var frame = Duration.seconds(30)
    /// Without any call or byte, for clients that do not answer pings.
    package var idle = Duration.seconds(3600)
    /// Without a byte from the peer until it is pinged.
    package var pingInterval = Duration.seconds(10)
    /// From the ping until the connection is given up.
    package var pingTimeout = Duration.seconds(5)
    /// How long a peer may leave its responses unread before it is cut off.
    package var unreadOutput = Duration.seconds(15)
    /// For calls that name no timeout. Streams without a timeout have none.
    package var call = Duration.seconds(30)
    /// The longest timeout that a unary call gets.
    package var longestCall = Duration.seconds(600)
    /// The longest timeout that a stream gets.
    package var longestStream = Duration.seconds(86_400)
    /// How long a drain waits for calls in flight.
    package var drain = Duration.seconds(20)

    package init() {}
  }
}

/// A server that cannot listen.
package enum RPCServerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Without TLS the server listens on loopback only.
  case plaintextOffLoopback(address: String)
  /// The address cannot be listened on; the reason is the system's.
  case cannotListen(address: String, reason: String)
  /// The certificate, the key or the authority was refused by the TLS library.
  case unusableTLSMaterial(reason: String)
  /// Two handlers for one method.
  case duplicateMethod(String)
  case alreadyStarted

  package var description: String {
    switch self {
    case .plaintextOffLoopback(let address): "\(address) is not a loopback address: without TLS only loopback is listened on"
    case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
    case .unusableTLSMaterial(let reason): "the certificate, its key or the authority cannot be used: \(reason)"
    case .duplicateMethod(let method): "\(method) has two handlers"
    case .alreadyStarted: "the server has been started before"
    }
  }
}
