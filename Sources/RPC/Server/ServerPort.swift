import HeadgateProto
import NIOCore

/// What reaches a connection's event loop from elsewhere.
enum ServerEvent: Sendable {
  /// A unary or client-stream method has its result.
  case replied(UInt32, Result<EncodedMessage, RPCError>)
  /// A server-stream method sends a message; its gate has counted it.
  case message(UInt32, EncodedMessage, SendGate)
  /// A server-stream method has returned or thrown.
  case streamEnded(UInt32, Result<Void, RPCError>)
  /// The handler of a client stream has taken this many bytes.
  case consumed(UInt32, Int)
  /// The handler of a client stream can take this many messages more.
  case grant(UInt32, Int)
  /// The API key of a request was looked up.
  case requestAuthenticated(UInt32, Result<Principal, RPCError>)
  /// The API key of SessionService.Authenticate was looked up.
  case connectionAuthenticated(UInt32, Result<Principal, RPCError>)
  /// Take no further calls and close when the present ones are done; at the deadline anyway.
  case drain(NIODeadline, reason: String)
  /// End the calls of the principals that fit, and the connection if it is one of theirs.
  case rightsEnded(@Sendable (Principal) -> Bool, RPCError)
  /// Close, if the connection was opened with one of these certificates.
  case certificatesRevoked(@Sendable (PeerCertificate) -> Bool)
}

/// A connection as other threads see it.
final class ServerPort: Sendable {
  let mailbox: Mailbox<ServerEvent>
  private let connection: NIOLoopBoundBox<ServerConnection?>

  var eventLoop: any EventLoop { mailbox.eventLoop }

  /// On the event loop only.
  init(eventLoop: any EventLoop) {
    mailbox = Mailbox(eventLoop: eventLoop)
    connection = NIOLoopBoundBox(nil, eventLoop: eventLoop)
  }

  /// On the event loop only.
  func open(_ connection: ServerConnection) {
    self.connection.value = connection
    mailbox.receive { [self] events in self.connection.value?.take(events) }
  }

  /// On the event loop only.
  func close() {
    connection.value = nil
    _ = mailbox.close()
  }

  /// The result of a direct method, from any thread. Results for a stream that is over are dropped.
  func reply(_ streamID: UInt32, _ result: Result<EncodedMessage, RPCError>) {
    if eventLoop.inEventLoop {
      connection.value?.replied(streamID, result)
    } else {
      mailbox.post(.replied(streamID, result))
    }
  }
}
