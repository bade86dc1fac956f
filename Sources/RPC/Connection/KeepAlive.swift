import NIOCore

/// Finds out whether a silent peer is still there: pings when nothing has come for a while, gives up when nothing comes
/// after that. Any byte from the peer counts as a sign of life. A call that got no answer in time makes both shorter: who waits
/// for an answer through a peer that is gone has less time than `interval` and `timeout`.
struct KeepAlive {
  enum Action: Equatable {
    case none
    /// Send a PING with this payload, big-endian.
    case ping(UInt64)
    /// Nothing came within the timeout: the peer is gone.
    case peerIsSilent
  }

  private let interval: TimeAmount
  private let timeout: TimeAmount
  private var lastHeard: NIODeadline
  /// Set once the peer was pinged: when it is given up.
  private var givenUpAt: NIODeadline?
  private var sequence: UInt64 = 0

  init(interval: TimeAmount, timeout: TimeAmount, now: NIODeadline) {
    self.interval = interval
    self.timeout = timeout
    lastHeard = now
  }

  /// When `deadlineReached` is to be called.
  var deadline: NIODeadline {
    givenUpAt ?? lastHeard.saturating(adding: interval)
  }

  /// Not heard for so long when a call's time is over: the peer is in doubt. Also the time that it then has to answer a ping.
  static let doubt = TimeAmount.milliseconds(1500)

  /// Bytes came from the peer.
  @inline(__always)
  mutating func heard(now: NIODeadline) {
    lastHeard = now
    givenUpAt = nil
  }

  mutating func deadlineReached(now: NIODeadline) -> Action {
    guard now >= deadline else { return .none }
    return givenUpAt == nil ? ping(givingUpAt: now.saturating(adding: timeout)) : .peerIsSilent
  }

  /// A call got no answer within its time. Never `.peerIsSilent`.
  mutating func callTimedOut(now: NIODeadline) -> Action {
    guard now - lastHeard >= Self.doubt else { return .none }
    let end = now.saturating(adding: min(timeout, Self.doubt))
    guard let given = givenUpAt else { return ping(givingUpAt: end) }
    givenUpAt = min(given, end)
    return .none
  }

  private mutating func ping(givingUpAt end: NIODeadline) -> Action {
    givenUpAt = end
    sequence += 1
    return .ping(sequence)
  }
}
