package import HeadgateProto
import NIOSSL

/// What a peer's certificate says of it, as Headgate reads it.
package struct PeerCertificate: Sendable, Hashable {
  /// The subject's common name.
  package var commonName: String
  /// The URIs among the subject alternative names, in their order.
  package var uris: [String]
  /// The authority's name, such as "O=Example, CN=Headgate CA".
  package var issuer: String
  /// The serial number, big-endian, without leading zeros.
  package var serialNumber: [UInt8]
  /// The first and the last second of its validity, since 1970 UTC.
  package var validity: ClosedRange<Int64>
  /// It may issue certificates, so it is none that a peer should present.
  package var isAuthority: Bool
  /// The certificate itself, in DER.
  package var der: [UInt8]

  package init(
    commonName: String, uris: [String], issuer: String = "", serialNumber: [UInt8] = [],
    validity: ClosedRange<Int64> = 0...Int64.max, isAuthority: Bool = false, der: [UInt8] = []
  ) {
    self.commonName = commonName
    self.uris = uris
    self.issuer = issuer
    self.serialNumber = serialNumber
    self.validity = validity
    self.isAuthority = isAuthority
    self.der = der
  }

  /// Reads a certificate that the TLS handshake has verified; `nil` when its structure is not understood.
  init?(_ certificate: NIOSSLCertificate) {
    let (notBefore, notAfter) = (Int64(certificate.notValidBefore), Int64(certificate.notValidAfter))
    guard let bytes = try? certificate.toDERBytes(), let fields = CertificateFields(der: bytes), notBefore <= notAfter
    else { return nil }
    validity = notBefore...notAfter
    commonName = fields.commonName
    uris = fields.uris
    issuer = fields.issuer
    serialNumber = Array(certificate.serialNumber.drop { $0 == 0 })
    isAuthority = fields.isAuthority
    der = bytes
  }

  /// Whether it is valid at this second since 1970 UTC.
  func isValid(at second: Int64) -> Bool { validity.contains(second) }

  /// The serial number in hexadecimal, as openssl writes it but for the case.
  package var serialText: String { serialNumber.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

  /// Prefixes of the URIs that Headgate understands.
  package static let roleURIPrefix = "headgate:role:"
  package static let workspaceURIPrefix = "headgate:workspace:"

  /// The principal that the certificate stands for: its common name, the roles of its `headgate:role:` URIs and the
  /// workspace of its `headgate:workspace:` URI.
  ///
  /// `nil` when the certificate is an authority's, names nobody, names two workspaces or a role that does not exist: what
  /// is not understood gives no rights.
  package var principal: Principal? {
    guard !isAuthority, !commonName.isEmpty else { return nil }
    var roles: Set<Role> = []
    var workspace: String?
    for uri in uris {
      if uri.hasPrefix(Self.roleURIPrefix) {
        guard let role = Role(certificateName: uri.dropFirst(Self.roleURIPrefix.count)) else { return nil }
        roles.insert(role)
      } else if uri.hasPrefix(Self.workspaceURIPrefix) {
        let name = uri.dropFirst(Self.workspaceURIPrefix.count)
        guard workspace == nil, !name.isEmpty else { return nil }
        workspace = String(name)
      }
    }
    return Principal(name: commonName, roles: roles, workspace: workspace)
  }
}

extension Role {
  /// The role that a certificate's URI names.
  init?(certificateName name: Substring) {
    switch name {
    case "edge": self = .edge
    case "admin": self = .admin
    case "operator": self = .operator
    case "reader": self = .reader
    case "worker": self = .worker
    default: return nil
    }
  }
}

/// A set of roles that is compared with one instruction.
struct RoleMask: Equatable, Sendable {
  private let bits: UInt32

  init(_ roles: Set<Role>) {
    bits = roles.reduce(0) { $0 | ($1 == .unspecified ? 0 : 1 << UInt32($1.rawValue)) }
  }

  /// Whether a principal with these roles may call a method for the roles of `method`.
  func mayCall(_ method: RoleMask) -> Bool {
    (bits | Self.anyone.bits) & method.bits != 0
  }

  private static let anyone = RoleMask([.anyone])
}
