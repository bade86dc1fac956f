/// How a search goes on: by which of its two ways, and how far at once. It learns from what each step took.
struct SearchPace: Sendable {
  /// What a step is told.
  struct Limits: Sendable {
    /// Candidates of the first step, and of the largest; each reads twice as many as the one before, while there is time.
    var firstStep = 256
    var largestStep = 8192
    /// Windows of time: the shortest, the longest, and how many times as long as what was passed before the next may be.
    var shortestWindow = Duration.seconds(1)
    var longestWindow = Duration.seconds(8 * 86_400)
    var growth = 16.0
    /// A window is to find so many times what is wanted, if matches are as frequent as before.
    var margin = 1.5
  }

  /// The two ways of going back in time.
  enum Way: Hashable, Sendable {
    /// Candidates one after the other.
    case candidates
    /// A window of time at once, passing over pages that have nothing.
    case windows
  }

  private let limits: Limits
  /// Candidates that the next step reads.
  private(set) var candidates: Int
  /// How far back the next window goes, in milliseconds; `nil`: nothing is known yet.
  private var windowMs: Double?
  /// Milliseconds of the log passed per second of work.
  private var speeds: [Way: Double] = [:]

  init(_ limits: Limits = Limits()) {
    self.limits = limits
    candidates = limits.firstStep
  }

  /// The way that goes back faster; each is tried once, the candidates first, because often they are all it takes.
  var faster: Way {
    guard let candidates = speeds[.candidates] else { return .candidates }
    guard let windows = speeds[.windows] else { return .windows }
    return windows >= candidates ? .windows : .candidates
  }

  /// The next window's length in milliseconds.
  var window: Int64 { Int64(windowMs ?? limits.shortestWindow.inMilliseconds) }

  /// What a step came to.
  struct Step: Sendable {
    var way: Way
    /// Milliseconds of the log.
    var passed: Int64
    var took: Duration
    /// Until the search has to tell what it has; `nil`: for ever.
    var remaining: Duration?
    var found: Int
    /// Besides what was found.
    var wanted: Int
  }

  /// A step was made.
  mutating func went(_ step: Step) {
    let seconds = max(step.took / .seconds(1), 1e-6)
    speeds[step.way] = Double(max(step.passed, 1)) / seconds
    let time = step.remaining.map { max(0, $0 / .seconds(1)) / seconds }
    if step.way == .candidates {
      let next = min(2, time ?? 2) * Double(candidates)
      candidates = max(limits.firstStep, Int(min(next, Double(limits.largestStep))))
    }
    // Both ways tell how frequent matches are; only a window tells how long one takes.
    guard step.way == .windows || windowMs == nil else { return }
    var factor = limits.growth
    if step.found > 0 { factor = min(factor, limits.margin * Double(max(step.wanted, 1)) / Double(step.found)) }
    if step.way == .windows, let time { factor = min(factor, max(time, 1 / limits.growth)) }
    windowMs = clamped(Double(max(step.passed, 1)) * factor)
  }

  private func clamped(_ window: Double) -> Double {
    min(max(window, limits.shortestWindow.inMilliseconds), limits.longestWindow.inMilliseconds)
  }
}

extension Duration {
  fileprivate var inMilliseconds: Double { self / .milliseconds(1) }
}
