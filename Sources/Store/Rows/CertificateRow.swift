package import Identifiers
package import Postgres

/// A client's certificate that was seen or revoked.
package struct CertificateRow: Hashable, Sendable {
  package var workspace: UniqueID
  package var id: UniqueID
  /// SHA-256 of its DER; `nil`: it was revoked by serial number, before it was seen.
  package var fingerprint: [UInt8]?
  package var issuer: String
  /// Big-endian, without leading zeros.
  package var serial: [UInt8]
  /// The subject's common name.
  package var name: String
  /// Names of roles, separated by commas.
  package var roles: String
  /// The workspace that it names; empty: none.
  package var confinedTo: String
  package var notBefore: UnixTime?
  package var notAfter: UnixTime?
  package var firstUsedAt: UnixTime?
  /// To the minute; `nil`: never.
  package var lastUsedAt: UnixTime?
  /// `nil`: is not revoked.
  package var revokedAt: UnixTime?
  package var revokedBy: String
  package var reason: String
}

/// A certificate that a connection is open with.
package struct UsedCertificate: Hashable, Sendable {
  /// SHA-256 of its DER.
  package var fingerprint: [UInt8]
  package var issuer: String
  package var serial: [UInt8]
  package var name: String
  /// Names of roles, separated by commas.
  package var roles: String
  /// The workspace that it names; empty: none.
  package var confinedTo: String
  /// First and last second since 1970 UTC.
  package var validity: ClosedRange<Int64>

  package init(
    fingerprint: [UInt8], issuer: String, serial: [UInt8], name: String, roles: String, confinedTo: String,
    validity: ClosedRange<Int64>
  ) {
    self.fingerprint = fingerprint
    self.issuer = issuer
    self.serial = serial
    self.name = name
    self.roles = roles
    self.confinedTo = confinedTo
    self.validity = validity
  }
}

/// What tells a certificate: its fingerprint, or its issuer and serial number.
package struct CertificateReference: Hashable, Sendable {
  /// SHA-256 of its DER.
  package var fingerprint: [UInt8]?
  /// Only with a serial number; `nil`: any.
  package var issuer: String?
  package var serial: [UInt8]?

  package init(fingerprint: [UInt8]? = nil, issuer: String? = nil, serial: [UInt8]? = nil) {
    self.fingerprint = fingerprint
    self.issuer = issuer
    self.serial = serial
  }
}

extension CertificateRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      workspace: try row.id(), id: try row.id(), fingerprint: try row.optionalBytes(), issuer: try row.text(),
      serial: try row.bytes(), name: try row.text(), roles: try row.text(), confinedTo: try row.text(),
      notBefore: try row.optionalTime(), notAfter: try row.optionalTime(), firstUsedAt: try row.optionalTime(),
      lastUsedAt: try row.optionalTime(), revokedAt: try row.optionalTime(), revokedBy: try row.text(), reason: try row.text())
  }
}
