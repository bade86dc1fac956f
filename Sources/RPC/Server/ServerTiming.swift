import NIOCore

/// The deadlines of a server's connection besides those of its calls and of the keep-alive.
struct ServerTiming {
  /// Why a connection is given up.
  enum Expiry: String, Equatable {
    case handshake = "no handshake in time"
    case authentication = "no API key in time"
    case frame = "a frame took too long"
    case idle = "idle for too long"
    case unreadOutput = "responses were not read"
    case drain = "the drain is over"
  }

  private let handshake: TimeAmount
  private let authentication: TimeAmount
  private let frame: TimeAmount
  private let idle: TimeAmount
  private let unreadOutput: TimeAmount
  private var connectedAt: NIODeadline
  /// The last sign of use; `nil`: the peer is not identified yet.
  private var lastFrame: NIODeadline?
  /// Since when a peer without a certificate has not said who it is.
  private var unknownSince: NIODeadline?
  private var frameBegan: NIODeadline?
  private var unwritableSince: NIODeadline?
  /// When a drain ends.
  var drainDeadline: NIODeadline?

  /// How long a client that was told to go away has for closing, once its calls are over.
  static let farewell = TimeAmount.seconds(1)

  init(_ timeouts: RPCServer.Timeouts, now: NIODeadline) {
    handshake = TimeAmount(timeouts.handshake)
    authentication = TimeAmount(timeouts.authentication)
    frame = TimeAmount(timeouts.frame)
    idle = TimeAmount(timeouts.idle)
    unreadOutput = TimeAmount(timeouts.unreadOutput)
    connectedAt = now
  }

  mutating func connected(now: NIODeadline) { connectedAt = now }

  /// The peer is known: it has as long as it likes to make its first call, within the idle time.
  mutating func identified(now: NIODeadline) { lastFrame = now }

  /// The peer has come without a certificate.
  mutating func isUnknown(now: NIODeadline) { unknownSince = now }

  /// The peer has shown a right to be here.
  mutating func authenticated() { unknownSince = nil }

  /// A whole frame came.
  @inline(__always)
  mutating func frameReceived(now: NIODeadline) {
    lastFrame = now
    frameBegan = nil
  }

  /// Bytes came, and were cut into frames.
  @inline(__always)
  mutating func read(now: NIODeadline, isInsideFrame: Bool) {
    if !isInsideFrame { frameBegan = nil } else if frameBegan == nil { frameBegan = now }
  }

  mutating func writabilityChanged(isWritable: Bool, now: NIODeadline) {
    if isWritable { unwritableSince = nil } else if unwritableSince == nil { unwritableSince = now }
  }

  /// A drain has nothing more to wait for but the client's close.
  mutating func drained(now: NIODeadline) {
    let deadline = now.saturating(adding: Self.farewell)
    drainDeadline = min(drainDeadline ?? deadline, deadline)
  }

  /// When `deadlineReached` is to be called.
  @inline(__always)
  func deadline(isIdle: Bool, answersPings: Bool) -> NIODeadline {
    var earliest = drainDeadline ?? .distantFuture
    if let lastFrame {
      if isIdle, !answersPings { earliest = min(earliest, lastFrame.saturating(adding: idle)) }
    } else {
      earliest = min(earliest, connectedAt.saturating(adding: handshake))
    }
    if let unknownSince { earliest = min(earliest, unknownSince.saturating(adding: authentication)) }
    if let frameBegan { earliest = min(earliest, frameBegan.saturating(adding: frame)) }
    if let unwritableSince { earliest = min(earliest, unwritableSince.saturating(adding: unreadOutput)) }
    return earliest
  }

  /// Why the connection is to be given up now, if it is.
  func deadlineReached(now: NIODeadline, isIdle: Bool, answersPings: Bool) -> Expiry? {
    if let drainDeadline, now >= drainDeadline { return .drain }
    if let unknownSince, now >= unknownSince.saturating(adding: authentication) { return .authentication }
    if let frameBegan, now >= frameBegan.saturating(adding: frame) { return .frame }
    if let unwritableSince, now >= unwritableSince.saturating(adding: unreadOutput) { return .unreadOutput }
    guard let lastFrame else { return now >= connectedAt.saturating(adding: handshake) ? .handshake : nil }
    return isIdle && !answersPings && now >= lastFrame.saturating(adding: idle) ? .idle : nil
  }
}
