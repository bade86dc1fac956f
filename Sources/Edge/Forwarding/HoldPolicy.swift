import HeadgateProto

/// How long a request is held, and when it is sent again, while the control plane does not answer.
///
/// Senders like GitHub never repeat a delivery, so a quick 503 loses it; a control plane that restarts is back within seconds. The
/// request id makes a repetition harmless.
package struct HoldPolicy: Sendable, Hashable {
  /// For one attempt.
  package var attempt: Duration
  /// For all of them: the caller is answered by then.
  package var total: Duration
  /// The wait before the n-th repetition is random, up to this times 2^(n-1) …
  package var backoffBase: Duration
  /// … but no longer than this.
  package var backoffLimit: Duration

  package init(
    attempt: Duration = .milliseconds(2500), total: Duration = .seconds(8), backoffBase: Duration = .milliseconds(50),
    backoffLimit: Duration = .milliseconds(1000)
  ) {
    self.attempt = attempt
    self.total = total
    self.backoffBase = backoffBase
    self.backoffLimit = backoffLimit
  }

  /// What to do after a failed attempt.
  enum Decision: Equatable {
    case retry(after: Duration)
    case giveUp
  }

  /// - Parameters:
  ///   - error: of the attempt that failed.
  ///   - failures: how many attempts have failed, this one included.
  ///   - elapsed: since the request was taken on.
  ///   - fraction: a random number from 0 to 1.
  func decide(after error: RPCError, failures: Int, elapsed: Duration, fraction: Double) -> Decision {
    guard Self.mayRepeat(error) else { return .giveUp }
    let ceiling = min(backoffLimit, backoffBase * (1 << min(failures - 1, 20)))
    let wait = ceiling * fraction
    // An attempt that cannot get an answer any more only adds load.
    guard elapsed + wait + Self.shortestAttempt <= total else { return .giveUp }
    return .retry(after: wait)
  }

  /// How long the next attempt may take.
  func timeout(elapsed: Duration) -> Duration { max(.zero, min(attempt, total - elapsed)) }

  /// Less time than this for an attempt is not worth it.
  static let shortestAttempt = Duration.milliseconds(50)

  /// Whether the result is unknown or another attempt may go better. The others are decisions (a role that is missing, a
  /// fault inside) which another attempt would meet again; or the control plane has more to do than it can, which another
  /// attempt would make worse.
  static func mayRepeat(_ error: RPCError) -> Bool {
    switch error.code {
    case .unavailable, .deadlineExceeded, .cancelled, .aborted, .unknown: true
    case .resourceExhausted: false
    default: error.isRetryable
    }
  }
}
