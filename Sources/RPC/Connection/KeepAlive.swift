import NIOCore

/// Finds out whether a silent peer is still there: pings when nothing has come for a while, gives up when nothing comes
/// after that. Any byte from the peer counts as a sign of life.
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
  private var pinged: NIODeadline?
  private var sequence: UInt64 = 0

  init(interval: TimeAmount, timeout: TimeAmount, now: NIODeadline) {
    self.interval = interval
    self.timeout = timeout
    lastHeard = now
  }

  /// When `deadlineReached` is to be called.
  var deadline: NIODeadline {
    if let pinged { pinged.saturating(adding: timeout) } else { lastHeard.saturating(adding: interval) }
  }

  /// Bytes came from the peer.
  @inline(__always)
  mutating func heard(now: NIODeadline) {
    lastHeard = now
    pinged = nil
  }

  mutating func deadlineReached(now: NIODeadline) -> Action {
    guard now >= deadline else { return .none }
    if pinged != nil { return .peerIsSilent }
    pinged = now
    sequence += 1
    return .ping(sequence)
  }
}
