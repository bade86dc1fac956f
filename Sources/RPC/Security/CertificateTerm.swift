import NIOCore

/// How long the certificate that a connection was opened with holds.
///
/// Validity is by the wall clock, deadlines are not: so it is looked at again from time to time, should the clock have been set.
struct CertificateTerm {
  /// What was found when the deadline was reached.
  enum Finding: Equatable {
    case valid
    case expired
  }

  /// The longest time between two looks at the clock.
  static let longestPause = TimeAmount.seconds(60)

  let certificate: PeerCertificate
  /// When `deadlineReached` is to be called.
  private(set) var deadline: NIODeadline

  /// - Parameter second: of the wall clock, since 1970 UTC.
  init(_ certificate: PeerCertificate, now: NIODeadline, second: Int64) {
    self.certificate = certificate
    deadline = now
    postpone(now: now, second: second)
  }

  /// Whether the certificate still holds; too early, nothing is looked at.
  mutating func deadlineReached(now: NIODeadline, second: Int64) -> Finding {
    guard now >= deadline else { return .valid }
    guard certificate.isValid(at: second) else { return .expired }
    postpone(now: now, second: second)
    return .valid
  }

  private mutating func postpone(now: NIODeadline, second: Int64) {
    // The last second belongs to the validity.
    let (left, isLong) = certificate.validity.upperBound.subtractingReportingOverflow(second)
    let pause = isLong || left >= Self.longestPause.nanoseconds / 1_000_000_000 ? Self.longestPause : .seconds(max(0, left) + 1)
    deadline = now.saturating(adding: pause)
  }
}
