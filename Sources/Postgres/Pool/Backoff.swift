/// Growing pauses with jitter, so that many clients of one server do not come back at the same moment.
package struct Backoff: Sendable {
  /// The upper bound of the first pause.
  package var first: Duration
  /// The upper bound of every pause.
  package var longest: Duration

  /// Makes a backoff.
  package init(first: Duration = .milliseconds(50), longest: Duration = .seconds(1)) {
    self.first = first
    self.longest = longest
  }

  /// The pause after a number of failures in a row: between half of its bound and all of it, from the system's random source.
  ///
  /// - Parameter failures: at least 1.
  package func pause(afterFailures failures: Int) -> Duration {
    let doublings = min(max(failures, 1) - 1, 20)
    let bound = min(first * (1 << doublings), longest).wholeMicroseconds
    return .microseconds(Int64.random(in: bound / 2...max(bound, 1)))
  }
}
