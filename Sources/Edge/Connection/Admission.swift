/// Decides whether one more request is taken on, by how long it would have to wait.
///
/// What cannot be answered in time is better refused at once: the caller learns it within milliseconds, and the work goes to
/// those who still wait. A fixed limit does not do that, because nobody knows what a machine can do; so it is measured. While there
/// is work, the control plane commits so many requests a second; whoever comes next waits behind all that are under way, for
/// `inFlight / rate` (Little's law). A request is refused when that is beyond its patience, and when it can be seen that requests
/// do wait: an idle system takes any burst. Refusals and handshakes count for nothing, because they wait for no commit.
///
/// While nothing is committed at all (a database that restarts, a control plane that moves) the measured rate stays what it was,
/// and more patience is taken for granted: such waits end on their own.
///
/// A value without a clock; times are nanoseconds of the monotonic clock.
struct Admission {
  /// Requests under way: the limit whatever is measured.
  private let limit: Int
  private(set) var inFlight = 0
  /// Requests committed per second while some were under way; 0: not measured yet.
  private(set) var rate: Double = 0
  /// Where the time begins that the commits are counted in; idle times are left out.
  private var windowStart: Int64 = 0
  private var windowCommits = 0
  /// The last commit, or when the first request after an idle time came.
  private var lastCommit: Int64 = 0
  /// The longest wait of those committed of late, and when that was.
  private var longestWait: Int64 = 0
  private var longestWaitAt: Int64 = 0
  private var idleSince: Int64 = 0
  /// The time from one batch to the next, of late.
  private var usualGap: Int64 = 0
  /// Commits had stopped and have begun again: what was measured before may be too little for what comes now.
  private var hasResumed = false

  /// So many are always taken on: what is measured of a handful of requests says little.
  static let always = 64
  /// Time with work after which the rate is taken anew.
  static let window: Int64 = 100_000_000
  /// Commits within so little time are of one batch, and end one window together.
  static let batchSpread: Int64 = 500_000
  /// A time without any commit that is longer, and longer than three batches usually take: something has stopped.
  static let stall: Int64 = 1_000_000_000
  /// For how long a wait is remembered: between two large batches nobody seems to wait.
  static let memory: Int64 = 1_000_000_000
  /// A part of the patience: if nobody waits for longer, there is no overload.
  static let visibleShare: Int64 = 8

  init(limit: Int) {
    self.limit = limit
  }

  /// How long a request may wait for its answer.
  struct Patience {
    /// Behind others.
    var queue: Int64
    /// While nothing is committed.
    var stall: Int64

    /// - Parameters:
    ///   - deadline: within which the caller must be answered.
    ///   - attempt: the longest time for one attempt, which must not run out while the request waits its turn.
    init(deadline: Duration, attempt: Duration) {
      queue = Self.nanoseconds(min(deadline, attempt)) * 3 / 5
      stall = Self.nanoseconds(min(deadline / 2, attempt * 17 / 20))
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
      let (seconds, attoseconds) = duration.components
      return seconds > 3600 ? 3_600_000_000_000 : seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
  }

  /// The wait that a request would have that came now, in nanoseconds; 0: not known.
  var expectedWait: Int64 { rate > 0 ? Int64(min(Double(inFlight) / rate * 1e9, 3.6e12)) : 0 }

  /// Whether a request that comes now would be taken on.
  func accepts(_ patience: Patience, at now: Int64) -> Bool {
    guard inFlight < limit else { return false }
    guard inFlight >= Self.always, rate > 0 else { return true }
    let silence = now - lastCommit
    let wait = now - longestWaitAt > Self.memory ? 0 : longestWait
    guard max(wait, silence) > patience.queue / Self.visibleShare else { return true }
    return expectedWait <= (hasResumed || isStop(silence) ? patience.stall : patience.queue)
  }

  /// Takes a request on; `false`: it is refused.
  mutating func begin(_ patience: Patience, at now: Int64) -> Bool {
    guard accepts(patience, at: now) else { return false }
    if inFlight == 0 {
      windowStart += now - idleSince
      lastCommit = now
    }
    inFlight += 1
    return true
  }

  /// A request is answered, or given up.
  ///
  /// - Parameter beganAt: given if it was committed: when it was taken on.
  mutating func end(committedSince beganAt: Int64?, at now: Int64) {
    inFlight -= 1
    if inFlight == 0 { idleSince = now }
    guard let beganAt else { return }
    // The batch before this one is complete, and its duration known.
    let gap = now - lastCommit
    if gap > Self.batchSpread {
      if windowCommits > 0 { endWindow() }
      if isStop(gap) { hasResumed = true }
      usualGap = (usualGap + gap) / 2
    }
    windowCommits += 1
    lastCommit = now
    let wait = now - beganAt
    if wait >= longestWait || now - longestWaitAt > Self.memory { (longestWait, longestWaitAt) = (wait, now) }
  }

  private func isStop(_ silence: Int64) -> Bool { silence > max(Self.stall, 3 * usualGap) }

  private mutating func endWindow() {
    let length = lastCommit - windowStart
    guard length >= Self.window else { return }
    let measured = Double(windowCommits) / Double(length) * 1e9
    rate = rate == 0 ? measured : (rate + measured) / 2
    (windowStart, windowCommits, hasResumed) = (lastCommit, 0, false)
  }
}
