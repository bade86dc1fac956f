import HeadgateProto
import NIOCore
import Synchronization

/// Names one connection of a client; a connection made again gets another one.
package struct ConnectionID: Hashable, Sendable {
  let number: UInt64
}

/// One call as other threads name it; its stream's number is known on the event loop only.
final class CallToken: Sendable {
  private let stream = Atomic<UInt32>(0)

  /// `nil` until the call was started.
  var streamID: UInt32? {
    let value = stream.load(ordering: .relaxed)
    return value == 0 ? nil : value
  }

  func started(_ streamID: UInt32) { stream.store(streamID, ordering: .relaxed) }
}

/// A call on its way to a connection's event loop.
struct OutgoingCall: Sendable {
  /// Who gets what comes back.
  enum Sink: Sendable {
    case response(@Sendable (Result<ByteBuffer, RPCError>) -> Void)
    case messages(
      @Sendable (ClientPort, CallToken, _ initialCredit: Int?) -> ReceiveQueue, @Sendable (Result<ReceiveQueue, RPCError>) -> Void
    )
    case upload(ReceiveQueue, @Sendable (Result<SendGate, RPCError>) -> Void)
  }

  var request: RequestEnvelope
  var deadline: NIODeadline
  var token: CallToken
  var sink: Sink

  /// The call cannot be started.
  func fail(_ error: RPCError) {
    switch sink {
    case .response(let complete): complete(.failure(error))
    case .messages(_, let complete): complete(.failure(error))
    case .upload(_, let complete): complete(.failure(error))
    }
  }
}

/// What reaches a client's connection from other threads.
enum ClientEvent: Sendable {
  case start(OutgoingCall)
  /// A message of a client stream; its gate has counted it.
  case message(CallToken, EncodedMessage, SendGate)
  /// The client stream has no further message.
  case endOfMessages(CallToken)
  /// The caller no longer wants the result.
  case cancel(CallToken)
  /// The consumer of a stream can take this many messages more.
  case grant(CallToken, Int)
  /// Take no further calls, and close when the present ones are over.
  case retire
  /// Close at once.
  case close
}

/// A client's connection as other threads see it.
final class ClientPort: Sendable {
  let id: ConnectionID
  let mailbox: Mailbox<ClientEvent>
  private let connection: NIOLoopBoundBox<ClientConnection?>

  var eventLoop: any EventLoop { mailbox.eventLoop }

  /// On the event loop only.
  init(id: ConnectionID, eventLoop: any EventLoop) {
    self.id = id
    mailbox = Mailbox(eventLoop: eventLoop)
    connection = NIOLoopBoundBox(nil, eventLoop: eventLoop)
  }

  /// On the event loop only.
  func open(_ connection: ClientConnection) {
    self.connection.value = connection
    mailbox.receive { [self] events in self.connection.value?.take(events) }
  }

  /// On the event loop only. Calls that were on their way fail.
  func close(_ error: RPCError) {
    connection.value = nil
    for case .start(let call) in mailbox.close() { call.fail(error) }
  }

  /// Starts a call, from any thread.
  func start(_ call: OutgoingCall) {
    if !mailbox.post(.start(call)) { call.fail(Self.lost) }
  }

  /// The connection itself; on the event loop only.
  var onEventLoop: ClientConnection? { connection.value }

  /// The error of a call whose connection is gone before it was started.
  static var lost: RPCError { RPCError(.unavailable, "the connection was lost") }
}
