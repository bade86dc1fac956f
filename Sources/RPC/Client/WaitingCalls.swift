import HeadgateProto
import NIOCore

/// A call that waits for a connection.
struct WaitingCall: Sendable {
  var deadline: NIODeadline
  /// Names the call for `remove`; `nil`: it cannot be removed.
  var token: CallToken?
  /// Called once: with a connection, or with the error.
  var attempt: @Sendable (ClientPort?, RPCError?) -> Void
}

/// The calls that wait for a connection, in order. A value: timers are its owner's.
struct WaitingCalls {
  private var calls: [WaitingCall] = []
  private var deadlines = EarliestDeadline()

  var count: Int { calls.count }

  /// Adds a call. Returns when `expired` is to be called, if that is earlier than was said before.
  mutating func append(_ call: WaitingCall) -> NIODeadline? {
    calls.append(call)
    let before = deadlines.next
    deadlines.include(call.deadline)
    return deadlines.next < before ? deadlines.next : nil
  }

  /// Takes out a call that is not wanted any more; `nil`: it waits no longer.
  mutating func remove(_ token: CallToken) -> WaitingCall? {
    calls.firstIndex { $0.token === token }.map { calls.remove(at: $0) }
  }

  mutating func takeAll() -> [WaitingCall] {
    defer { calls = [] }
    deadlines = EarliestDeadline()
    return calls
  }

  /// The calls whose deadline has passed, and when to look again.
  mutating func expired(now: NIODeadline) -> (calls: [WaitingCall], next: NIODeadline?) {
    let expired = calls.filter { $0.deadline <= now }
    if !expired.isEmpty { calls.removeAll { $0.deadline <= now } }
    let earliest = calls.map(\.deadline).min() ?? .distantFuture
    deadlines.reset(earliest: earliest, now: now)
    return (expired, deadlines.next == .distantFuture ? nil : deadlines.next)
  }
}
