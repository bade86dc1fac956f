import HeadgateProto
import NIOConcurrencyHelpers

/// Decides when the sender of a stream may send its next message, and lets it wait until then.
///
/// Two limits apply: the messages that the receiver granted (only when credits were negotiated) and the bytes that were
/// handed to the connection but have not left the process. The second holds for every stream, so that a peer that does
/// not read costs a bounded amount of memory.
final class SendGate: Sendable {
  private struct Waiter {
    var id: UInt64
    var continuation: CheckedContinuation<RPCError?, Never>
    var byteCount: Int
  }

  private struct State {
    /// Messages that may still be sent; `nil`: without limit.
    var credit: Int?
    var bytesUnderWay = 0
    var waiters: [Waiter] = []
    var nextWaiterID: UInt64 = 0
    var closed: RPCError?

    /// Takes the permission for one message, if there is one. A single message may exceed the byte limit alone.
    mutating func take(_ byteCount: Int, limit: Int) -> Bool {
      if let credit, credit <= 0 { return false }
      if bytesUnderWay > 0, bytesUnderWay + byteCount > limit { return false }
      if let credit { self.credit = credit - 1 }
      bytesUnderWay += byteCount
      return true
    }

    /// The waiters, in order, that may go on now.
    mutating func admit(limit: Int) -> [Waiter] {
      var admitted = 0
      while admitted < waiters.count, take(waiters[admitted].byteCount, limit: limit) { admitted += 1 }
      defer { waiters.removeFirst(admitted) }
      return Array(waiters[..<admitted])
    }
  }

  private let byteLimit: Int
  private let state: NIOLockedValueBox<State>

  /// - Parameters:
  ///   - credit: messages that may be sent before the receiver grants more; `nil`: credits were not negotiated.
  ///   - byteLimit: bytes that may be on their way to the socket.
  init(credit: Int?, byteLimit: Int) {
    self.byteLimit = byteLimit
    state = NIOLockedValueBox(State(credit: credit))
  }

  /// Returns when a message of `byteCount` bytes may be sent. Throws what the stream was closed with, or `cancelled`.
  func acquire(_ byteCount: Int) async throws(RPCError) {
    let immediate: Result<UInt64?, RPCError> = state.withLockedValue { state in
      if let closed = state.closed { return .failure(closed) }
      if state.waiters.isEmpty, state.take(byteCount, limit: byteLimit) { return .success(nil) }
      state.nextWaiterID += 1
      return .success(state.nextWaiterID)
    }
    guard let id = try immediate.get() else { return }
    let error = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<RPCError?, Never>) in
        let outcome: RPCError?? = state.withLockedValue { state in
          if let closed = state.closed { return .some(closed) }
          if Task.isCancelled { return .some(Self.cancelled) }
          if state.waiters.isEmpty, state.take(byteCount, limit: byteLimit) { return .some(nil) }
          state.waiters.append(Waiter(id: id, continuation: continuation, byteCount: byteCount))
          return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
      }
    } onCancel: {
      let waiter = state.withLockedValue { state in
        state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
      }
      waiter?.continuation.resume(returning: Self.cancelled)
    }
    if let error { throw error }
  }

  /// The receiver granted messages. Returns false when the sum is more than a receiver can mean.
  func grant(_ messages: Int) -> Bool {
    let waiters: [Waiter]? = state.withLockedValue { state in
      guard let credit = state.credit else { return [] }
      let (sum, overflow) = credit.addingReportingOverflow(messages)
      guard !overflow, sum <= Int(UInt32.max) else { return nil }
      state.credit = sum
      return state.admit(limit: byteLimit)
    }
    guard let waiters else { return false }
    for waiter in waiters { waiter.continuation.resume(returning: nil) }
    return true
  }

  /// Bytes have left the process.
  func sent(_ byteCount: Int) {
    let waiters = state.withLockedValue { state in
      state.bytesUnderWay -= byteCount
      return state.admit(limit: byteLimit)
    }
    for waiter in waiters { waiter.continuation.resume(returning: nil) }
  }

  /// What the gate was closed with; `nil` while it is open.
  var closingError: RPCError? { state.withLockedValue { $0.closed } }

  /// Nothing more may be sent; those that wait get the error.
  func close(_ error: RPCError) {
    let waiters = state.withLockedValue { state in
      if state.closed == nil { state.closed = error }
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.continuation.resume(returning: error) }
  }

  private static var cancelled: RPCError { RPCError(.cancelled, "the call was cancelled") }
}
