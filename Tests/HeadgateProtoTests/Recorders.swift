import NIOCore
import Synchronization

@testable import HeadgateProto

/// What a handler answered.
final class Results: Sendable {
  private let results = Mutex<[Result<EncodedMessage, RPCError>]>([])

  var all: [Result<EncodedMessage, RPCError>] { results.withLock { $0 } }

  func append(_ result: Result<EncodedMessage, RPCError>) { results.withLock { $0.append(result) } }
}

/// Payloads that arrive one after the other.
final class Payloads: Sendable {
  private let rest: Mutex<[ByteBuffer]>

  init(_ payloads: [ByteBuffer]) { rest = Mutex(payloads.reversed()) }

  func next() -> ByteBuffer? { rest.withLock { $0.popLast() } }
}
