import NIOCore

/// Where a connection is between two bytes, and until when it may stay there.
///
/// One request at a time: `awaiting → head → body → answering → flushing → awaiting …`, and from anywhere to `lingering` and
/// `closed`. A value without a clock: every event names its time, `deadline` says when `deadlineReached` is due. Events that
/// cannot happen in a phase are our own fault and change nothing; what the peer sends never gets here as such.
struct ConnectionTimeline: ~Copyable {
  enum Phase: Equatable {
    /// No byte of the next request has come.
    case awaiting(isFirst: Bool)
    case head
    case body(since: NIODeadline, received: Int)
    /// The request is complete, its answer is not there.
    case answering
    /// The answer is written but the peer does not take it.
    case flushing
    /// The last answer is written, and perhaps sent; what the peer still sends is thrown away.
    case lingering(isSent: Bool)
    case closed
  }

  /// What a deadline asks for.
  enum Expiry: Equatable {
    /// It was not due; the timer is to be set again.
    case none
    /// Answer with this and close.
    case refuse(HTTPRefusal)
    /// The forwarder broke its word: answer 503 and close.
    case giveUpAnswer
    case close
  }

  private(set) var phase = Phase.awaiting(isFirst: true)
  private(set) var deadline: NIODeadline
  /// The deadline of the first head, which counts from the connection's start.
  private let firstHeader: NIODeadline
  private var isFirstRequest = true
  private var isDraining = false
  private let timing: ConnectionTiming

  init(timing: ConnectionTiming, openedAt now: NIODeadline) {
    self.timing = timing
    firstHeader = now + TimeAmount(timing.header)
    deadline = firstHeader
  }

  /// Whatever comes from the socket is wanted.
  var reads: Bool {
    switch phase {
    case .awaiting, .head, .body, .lingering: true
    case .answering, .flushing, .closed: false
    }
  }

  /// Bytes of later requests may come, as many as are kept.
  var readsAhead: Bool {
    switch phase {
    case .answering, .flushing: true
    case .awaiting, .head, .body, .lingering, .closed: false
    }
  }

  /// The next request may be read off what has arrived.
  var parses: Bool {
    switch phase {
    case .awaiting, .head, .body: true
    case .answering, .flushing, .lingering, .closed: false
    }
  }

  /// The first byte of a request has come.
  mutating func requestStarted(at now: NIODeadline) {
    guard case .awaiting = phase else { return }
    phase = .head
    deadline = isFirstRequest ? firstHeader : now + TimeAmount(timing.header)
    isFirstRequest = false
  }

  /// The head is complete, a body follows.
  mutating func bodyStarted(at now: NIODeadline) {
    guard phase == .head else { return }
    phase = .body(since: now, received: 0)
    deadline = now + TimeAmount(timing.bodyGrace)
  }

  /// Bytes of the body have come: they buy time.
  mutating func bodyReceived(_ count: Int) {
    guard case .body(let start, let received) = phase else { return }
    let total = received + count
    phase = .body(since: start, received: total)
    let bought = Int64(total) * 1_000_000_000 / Int64(max(1, timing.bodyBytesPerSecond))
    deadline = start + TimeAmount(timing.bodyGrace) + .nanoseconds(bought)
  }

  /// The request is complete and on its way to its answer.
  ///
  /// - Parameter promise: within which time the forwarder answers; `nil`: as the timing has it.
  mutating func requestCompleted(at now: NIODeadline, promise: Duration? = nil) {
    switch phase {
    case .head, .body:
      phase = .answering
      deadline = now + TimeAmount(promise.map { $0 + ConnectionTiming.answerGrace } ?? timing.answer)
    case .awaiting, .answering, .flushing, .lingering, .closed: break
    }
  }

  /// The answer is written. `isTaken`: the socket took all of it.
  mutating func answered(isTaken: Bool, at now: NIODeadline) {
    guard phase == .answering else { return }
    if isTaken { awaitNext(at: now) } else { stall(at: now) }
  }

  /// The socket took what was left of the answer.
  mutating func flushed(at now: NIODeadline) {
    guard phase == .flushing else { return }
    awaitNext(at: now)
  }

  private mutating func stall(at now: NIODeadline) {
    phase = .flushing
    deadline = now + TimeAmount(timing.write)
  }

  private mutating func awaitNext(at now: NIODeadline) {
    phase = .awaiting(isFirst: false)
    deadline = now + TimeAmount(isDraining ? timing.drainIdle : timing.idle)
  }

  /// The connection's last answer is written. It may take as long to be sent as any.
  mutating func lastAnswerWritten(at now: NIODeadline) {
    switch phase {
    case .closed, .lingering: break
    case .awaiting, .head, .body, .answering, .flushing:
      phase = .lingering(isSent: false)
      deadline = now + TimeAmount(timing.write)
    }
  }

  /// The socket took the last answer and our side is closed: the peer may read it and close as well.
  mutating func lastAnswerSent(at now: NIODeadline) {
    guard phase == .lingering(isSent: false) else { return }
    phase = .lingering(isSent: true)
    deadline = now + TimeAmount(timing.linger)
  }

  /// No new connections are taken, those that are idle end soon. A request that is under way is not disturbed.
  mutating func drain(at now: NIODeadline) {
    isDraining = true
    guard case .awaiting = phase else { return }
    deadline = min(deadline, now + TimeAmount(timing.drainIdle))
  }

  mutating func closed() {
    phase = .closed
    deadline = .distantFuture
  }

  /// Time has come to `now`.
  func deadlineReached(at now: NIODeadline) -> Expiry {
    guard now >= deadline else { return .none }
    switch phase {
    // Nothing was asked, so nothing is answered.
    case .awaiting: return .close
    case .head: return .refuse(.headerTimeout)
    case .body: return .refuse(.bodyTooSlow)
    case .answering: return .giveUpAnswer
    case .flushing, .lingering: return .close
    case .closed: return .none
    }
  }
}
