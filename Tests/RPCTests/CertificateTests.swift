import HeadgateProto
import NIOSSL
import PKI
import Testing

@testable import RPC

/// Who a certificate stands for.
@Suite struct CertificateTests {
  private static func der(_ issued: IssuedCertificate) throws -> [UInt8] {
    try #require(try NIOSSLCertificate.fromPEMBytes(Array(issued.certificatePEM.utf8)).first).toDERBytes()
  }

  @Test func theFieldsOfACertificateAreRead() throws {
    let authority = try CertificateAuthority()
    let issued = try authority.issue(
      name: "edge-1", roles: [.edge, .reader], workspace: "acme", dnsNames: ["a.example"], ipAddresses: ["192.0.2.1"])
    let fields = try #require(CertificateFields(der: try Self.der(issued)))
    #expect(fields.commonName == "edge-1")
    let leaf = try #require(try NIOSSLCertificate.fromPEMBytes(Array(issued.certificatePEM.utf8)).first)
    let certificate = try #require(PeerCertificate(leaf))
    #expect(fields.issuer.contains("CN=") && certificate.issuer == fields.issuer)
    #expect(try certificate.der == leaf.toDERBytes() && certificate.serialNumber.first != 0)
    #expect(
      certificate.serialText == certificate.serialNumber.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
    #expect(fields.uris == ["headgate:role:edge", "headgate:role:reader", "headgate:workspace:acme"])
    #expect(!fields.isAuthority)
    let root = try #require(try NIOSSLCertificate.fromPEMBytes(Array(authority.certificatePEM.utf8)).first)
    #expect(try #require(CertificateFields(der: root.toDERBytes())).isAuthority)
    #expect(try #require(PeerCertificate(root)).principal == nil, "an authority is nobody")
  }

  /// Cut or changed at any place, the bytes give fields or nothing, and never end the process.
  @Test func damagedCertificatesAreReadWithoutHarm() throws {
    let bytes = try Self.der(try CertificateAuthority().issue(name: "edge-1", roles: [.edge]))
    for count in bytes.indices { #expect(CertificateFields(der: Array(bytes[..<count])) == nil) }
    for index in bytes.indices {
      for value in [0x00, 0x30, 0x7f, 0x80, 0x84, 0xa3, 0xff] as [UInt8] {
        var damaged = bytes
        damaged[index] = value
        _ = CertificateFields(der: damaged)
      }
    }
  }

  @Test(arguments: [
    ("", ["headgate:role:admin"]), ("a", ["headgate:role:"]), ("a", ["headgate:role:root"]),
    ("a", ["headgate:role:Admin"]), ("a", ["headgate:role:admin", "headgate:role:owner"]), ("a", ["headgate:workspace:"]),
    ("a", ["headgate:workspace:x", "headgate:workspace:y"]),
  ])
  func whatIsNotUnderstoodGivesNoRights(name: String, uris: [String]) {
    #expect(PeerCertificate(commonName: name, uris: uris).principal == nil)
  }

  @Test func rolesAndWorkspaceComeFromTheURIs() {
    let certificate = PeerCertificate(
      commonName: "a", uris: ["https://example.com", "headgate:role:worker", "headgate:workspace:w", "headgate:role:operator"])
    #expect(certificate.principal == Principal(name: "a", roles: [.worker, .operator], workspace: "w"))
    #expect(PeerCertificate(commonName: "a", uris: []).principal == Principal(name: "a", roles: []))
    #expect(PeerCertificate(commonName: "a", uris: ["headgate:role:admin"], isAuthority: true).principal == nil)
  }

  @Test func onlyACommonRoleGivesTheRight() {
    let all = Role.allCases
    for role in all {
      for method in all {
        let mayCall = RoleMask([role]).mayCall(RoleMask([method]))
        #expect(mayCall == (method == .anyone || (role == method && role != .unspecified)), "\(role) \(method)")
      }
      #expect(!RoleMask([role]).mayCall(RoleMask([])), "a method without roles is nobody's")
    }
  }
}
