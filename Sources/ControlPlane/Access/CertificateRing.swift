import Cryptography
import HeadgateProto
package import Postgres
package import RPC
package import Store
import Synchronization

/// Which certificates are revoked, in memory, and which are in use.
///
/// It is read anew when a change is announced and every two seconds besides, so that a revocation takes effect within five
/// seconds also when its announcement is lost. What was revoked lately is told to `whenRevoked` for a while: a connection may
/// be opened at the very moment of the revocation. Before it was read for the first time every certificate that TLS has
/// verified may come in; nothing but the status is answered until then, and connections of revoked ones end after it.
package final class CertificateRing: Sendable {
  /// How long a revocation is told again and again.
  static let echo = Duration.seconds(5)

  private struct State {
    var revoked: Set<CertificateReference> = []
    /// Those of them that connections may still be open with, and when they were noticed.
    var lately: [CertificateReference: ContinuousClock.Instant] = [:]
    /// Connections were opened with these since the last `noteUse`.
    var opened: Set<PeerCertificate> = []
    /// When each was last noted, to the minute.
    var noted: [PeerCertificate: Int64] = [:]
    /// The order in which loads began: an older state never replaces a newer one.
    var nextLoad: UInt64 = 1
    var shownLoad: UInt64 = 0
    var listeners: [@Sendable (@escaping @Sendable (PeerCertificate) -> Bool) -> Void] = []
    var connected: @Sendable () -> Set<PeerCertificate> = { [] }
  }

  private let state = Mutex(State())
  private let store: Store

  package init(store: Store) { self.store = store }

  /// Registers who ends the connections that were opened with certificates for which a function is true; called from any thread.
  package func whenRevoked(_ listener: @escaping @Sendable (@escaping @Sendable (PeerCertificate) -> Bool) -> Void) {
    state.withLock { $0.listeners.append(listener) }
  }

  /// Names who knows the certificates that connections are open with.
  package func observe(connected: @escaping @Sendable () -> Set<PeerCertificate>) {
    state.withLock { $0.connected = connected }
  }

  /// Whether a connection may be opened with a certificate that TLS has verified; notes that it is used.
  package func admits(_ certificate: PeerCertificate) -> Bool {
    let references = Self.references(certificate)
    return state.withLock { state in
      guard state.revoked.isDisjoint(with: references) else { return false }
      state.opened.insert(certificate)
      return true
    }
  }

  /// Reads from the database what is revoked.
  package func reload() async throws(StoreError) {
    let load = state.withLock { state in
      defer { state.nextLoad += 1 }
      return state.nextLoad
    }
    let revoked = Set(try await store.revokedCertificates())
    state.withLock { state in
      guard load > state.shownLoad else { return }
      state.shownLoad = load
      for reference in revoked.subtracting(state.revoked) { state.lately[reference] = .now }
      state.revoked = revoked
    }
    tellRevoked()
  }

  /// Tells again what was revoked lately.
  package func sweep() {
    state.withLock { state in
      guard !state.lately.isEmpty else { return }
      state.lately = state.lately.filter { $0.value + Self.echo > .now }
    }
    tellRevoked()
  }

  private func tellRevoked() {
    let (lately, listeners) = state.withLock { (Set($0.lately.keys), $0.listeners) }
    guard !lately.isEmpty else { return }
    for listener in listeners { listener { !lately.isDisjoint(with: Self.references($0)) } }
  }

  /// Writes down which certificates are in use, each once a minute.
  package func noteUse(now: UnixTime = .now()) async throws(StoreError) {
    let minute = now.microseconds / 60_000_000
    let used: [PeerCertificate] = state.withLock { state in
      let used = state.opened.union(state.connected()).filter { state.noted[$0] != minute }
      state.opened = []
      for certificate in used { state.noted[certificate] = minute }
      state.noted = state.noted.filter { $0.value == minute }
      return Array(used)
    }
    guard !used.isEmpty else { return }
    do {
      try await store.noteUse(of: used.map(UsedCertificate.init), home: WorkspaceDirectory.standardName)
    } catch {
      state.withLock { state in
        state.opened.formUnion(used)
        for certificate in used { state.noted[certificate] = nil }
      }
      throw error
    }
  }

  /// What a revocation may know it by.
  private static func references(_ certificate: PeerCertificate) -> [CertificateReference] {
    [
      CertificateReference(fingerprint: certificate.fingerprint),
      CertificateReference(issuer: certificate.issuer, serial: certificate.serialNumber),
      CertificateReference(
        fingerprint: certificate.fingerprint, issuer: certificate.issuer, serial: certificate.serialNumber),
    ]
  }
}

extension PeerCertificate {
  /// SHA-256 of its DER.
  var fingerprint: [UInt8] { Digest.of(der, .sha256) }
}

extension UsedCertificate {
  /// The last second of the year 9999, "no well-defined expiration date" (RFC 5280 §4.1.2.5).
  private static let lastSecond: Int64 = 253_402_300_799

  init(_ certificate: PeerCertificate) {
    let principal = certificate.principal
    let (first, last) = (certificate.validity.lowerBound, certificate.validity.upperBound)
    self.init(
      fingerprint: certificate.fingerprint, issuer: certificate.issuer, serial: certificate.serialNumber,
      name: certificate.commonName,
      roles: (principal?.roles ?? []).sorted { $0.rawValue < $1.rawValue }.map { "\($0)" }.joined(separator: ","),
      confinedTo: principal?.workspace ?? "",
      validity: max(0, min(first, Self.lastSecond))...max(0, min(last, Self.lastSecond)))
  }
}
