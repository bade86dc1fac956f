import HeadgateProto
import NIOConcurrencyHelpers
import NIOCore

/// The messages of a stream that have arrived and were not yet taken; one consumer.
///
/// The connection's reader puts messages in and never waits: a consumer that lags behind further than the limits allow
/// loses its stream, nobody else does.
final class ReceiveQueue: Sendable {
  /// What a queue may hold.
  struct Limits: Sendable {
    /// Messages.
    var messages: Int
    /// Bytes of their payloads; a single message may exceed it alone.
    var bytes: Int
  }

  private struct State {
    var messages: [ByteBuffer] = []
    /// Index of the next message in `messages`.
    var head = 0
    var byteCount = 0
    var takenSinceGrant = 0
    var end: Result<Void, RPCError>?
    var waiter: CheckedContinuation<Result<ByteBuffer?, RPCError>, Never>?

    mutating func popFirst() -> ByteBuffer? {
      guard head < messages.count else { return nil }
      let message = messages[head]
      head += 1
      byteCount -= message.readableBytes
      if head == messages.count {
        messages.removeAll(keepingCapacity: true)
        head = 0
      }
      return message
    }
  }

  private let limits: Limits
  /// Messages taken until the sender is granted as many again; `nil`: credits were not negotiated.
  private let grantEvery: Int?
  private let grant: @Sendable (Int) -> Void
  private let state = NIOLockedValueBox(State())

  /// - Parameters:
  ///   - initialCredit: messages that the sender may send unasked; `nil`: credits were not negotiated.
  ///   - grant: called, from the consumer, with the number of messages that the sender may send further.
  init(limits: Limits, initialCredit: Int?, grant: @escaping @Sendable (Int) -> Void) {
    self.limits = limits
    grantEvery = initialCredit.map { max(1, $0 / 2) }
    self.grant = grant
  }

  /// Puts a message in. Returns false when the queue is full: the message was not taken.
  func push(_ message: ByteBuffer) -> Bool {
    let outcome = state.withLockedValue {
      state -> (isTaken: Bool, waiter: CheckedContinuation<Result<ByteBuffer?, RPCError>, Never>?) in
      if state.end != nil { return (true, nil) }
      if let waiter = state.waiter {
        state.waiter = nil
        state.takenSinceGrant += 1
        return (true, waiter)
      }
      let count = state.messages.count - state.head
      if count >= limits.messages || (count > 0 && state.byteCount + message.readableBytes > limits.bytes) {
        return (false, nil)
      }
      state.messages.append(message)
      state.byteCount += message.readableBytes
      return (true, nil)
    }
    outcome.waiter?.resume(returning: .success(message))
    return outcome.isTaken
  }

  /// No message follows. What has arrived before can still be taken; the first end counts.
  func finish(_ result: Result<Void, RPCError>) {
    let waiter = state.withLockedValue { state in
      if state.end == nil { state.end = result }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: result.map { nil })
  }

  /// The consumer wants nothing more: what has arrived is dropped.
  func abandon() {
    let waiter = state.withLockedValue { state in
      if state.end == nil { state.end = .failure(RPCError(.cancelled, "the call was cancelled")) }
      state.messages = []
      state.head = 0
      state.byteCount = 0
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: .failure(RPCError(.cancelled, "the call was cancelled")))
  }

  /// The next message, or `nil` after the last. Throws what the stream ended with, or `cancelled`.
  func next() async throws(RPCError) -> ByteBuffer? {
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Result<ByteBuffer?, RPCError>, Never>) in
        let outcome = state.withLockedValue { state -> Result<ByteBuffer?, RPCError>? in
          if let message = state.popFirst() {
            state.takenSinceGrant += 1
            return .success(message)
          }
          if let end = state.end { return end.map { nil } }
          if Task.isCancelled { return .failure(RPCError(.cancelled, "the call was cancelled")) }
          if state.waiter != nil { return .failure(RPCError(.failedPrecondition, "a stream has one consumer")) }
          state.waiter = continuation
          return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
      }
    } onCancel: {
      let waiter = state.withLockedValue { state in
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume(returning: .failure(RPCError(.cancelled, "the call was cancelled")))
    }
    let message = try result.get()
    grantIfDue()
    return message
  }

  private func grantIfDue() {
    guard let grantEvery else { return }
    let due = state.withLockedValue { state -> Int in
      guard state.takenSinceGrant >= grantEvery, state.end == nil else { return 0 }
      defer { state.takenSinceGrant = 0 }
      return state.takenSinceGrant
    }
    if due > 0 { grant(due) }
  }
}
