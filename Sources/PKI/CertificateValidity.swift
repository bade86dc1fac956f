package import FoundationEssentials

/// From when until when a certificate holds.
package struct CertificateValidity: Sendable, Hashable {
  /// The first moment; certificates count in whole seconds.
  package var notBefore: Date
  /// The last moment.
  package var notAfter: Date

  /// How far `lasting` dates back, so that a peer whose clock is behind accepts a new certificate.
  package static let clockAllowance = Duration.seconds(300)

  /// Makes a validity of its bounds.
  package init(notBefore: Date, notAfter: Date) {
    self.notBefore = notBefore
    self.notAfter = notAfter
  }

  /// From now (less `clockAllowance`) for `duration`.
  package static func lasting(_ duration: Duration, from start: Date = Date()) -> CertificateValidity {
    CertificateValidity(
      notBefore: start.addingTimeInterval(-seconds(clockAllowance)), notAfter: start.addingTimeInterval(seconds(duration)))
  }

  /// Ten years: of a certificate authority.
  package static var authority: CertificateValidity { .lasting(.seconds(3650 * 86400)) }
  /// Two years: of a certificate that an authority issues.
  package static var leaf: CertificateValidity { .lasting(.seconds(730 * 86400)) }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds)
  }
}
