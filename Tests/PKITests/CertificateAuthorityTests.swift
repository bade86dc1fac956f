import Crypto
import Cryptography
import FoundationEssentials
import NIOSSL
import PKI
import SwiftASN1
import Testing
@_spi(FixedExpiryValidationTime) import X509

@Suite("Certificate authority")
struct CertificateAuthorityTests {
  /// Calls `body` with a directory that does not exist yet and is removed afterwards.
  private func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = (ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp") + "/headgate-" + Hex.encode(SecureRandom.bytes(count: 8))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
  }

  private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  private func parse(_ issued: IssuedCertificate) throws -> Certificate { try Certificate(pemEncoded: issued.certificatePEM) }

  /// Whether a certificate chains to the authority at a time, as RFC 5280 has it.
  private func isTrusted(_ leaf: Certificate, by authority: CertificateAuthority, at time: Date = Date()) async throws -> Bool {
    let root = try Certificate(pemEncoded: authority.certificatePEM)
    var verifier = Verifier(rootCertificates: CertificateStore([root])) { RFC5280Policy(fixedExpiryValidationTime: time) }
    if case .validCertificate = await verifier.validate(leaf: leaf, intermediates: CertificateStore([])) { return true }
    return false
  }

  @Test("The files of an authority: modes, never overwritten, loaded again")
  func files() async throws {
    try await withDirectory { directory in
      let authority = try CertificateAuthority.create(in: "\(directory)/pki")
      #expect(try mode("\(directory)/pki") == 0o700)
      #expect(try mode("\(directory)/pki/ca.key") == 0o600)
      #expect(try mode("\(directory)/pki/ca.pem") == 0o644)
      #expect(throws: PKIError.self) { try CertificateAuthority.create(in: "\(directory)/pki") }
      let loaded = try CertificateAuthority.load(from: "\(directory)/pki")
      #expect(loaded.certificatePEM == authority.certificatePEM)
      #expect(try await isTrusted(parse(loaded.issue(name: "edge-1", roles: [.edge])), by: authority))
    }
  }

  @Test("Keys that others can read, foreign keys and broken files are refused without showing a key")
  func loading() async throws {
    try await withDirectory { directory in
      _ = try CertificateAuthority.create(in: "\(directory)/a")
      _ = try CertificateAuthority.create(in: "\(directory)/b")
      func message() -> String {
        do {
          _ = try CertificateAuthority.load(from: "\(directory)/a")
          return ""
        } catch {
          return "\(error)"
        }
      }
      let key = try Data(contentsOf: URL(filePath: "\(directory)/a/ca.key"))
      try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: "\(directory)/a/ca.key")
      #expect(message().contains("chmod 600"))
      try PrivateFile.replace(
        at: "\(directory)/a/ca.key", contents: Array(try Data(contentsOf: URL(filePath: "\(directory)/b/ca.key"))))
      #expect(message().contains("is not the certificate of the key"))
      try PrivateFile.replace(at: "\(directory)/a/ca.key", contents: "canary")
      #expect(message().contains("is not a private key") && !message().contains("canary"))
      try FileManager.default.removeItem(atPath: "\(directory)/a/ca.key")
      #expect(message().contains("no such file"))
      try PrivateFile.create(at: "\(directory)/a/ca.key", contents: Array(key))
      try PrivateFile.replace(at: "\(directory)/a/ca.pem", contents: "nothing")
      #expect(message().contains("certificate in PEM form"))
      let leaf = try CertificateAuthority.load(from: "\(directory)/b").issue(name: "x", roles: [.edge])
      try PrivateFile.replace(at: "\(directory)/a/ca.pem", contents: leaf.certificatePEM)
      try PrivateFile.replace(at: "\(directory)/a/ca.key", contents: leaf.keyPEM)
      #expect(message().contains("is not the certificate of an authority"))
    }
  }

  @Test("What an authority's certificate says")
  func authorityCertificate() throws {
    let first = try Certificate(pemEncoded: CertificateAuthority().certificatePEM)
    guard case .isCertificateAuthority(maxPathLength: 0)? = try first.extensions.basicConstraints else {
      Issue.record("no authority of path length 0")
      return
    }
    let usage = try #require(try first.extensions.keyUsage)
    #expect(usage.keyCertSign && usage.cRLSign && !usage.digitalSignature)
    #expect(first.subject == first.issuer)
    #expect(try Certificate(pemEncoded: CertificateAuthority().certificatePEM).subject != first.subject)
  }

  @Test("A client's certificate: name, roles, workspace and purpose")
  func client() async throws {
    let authority = try CertificateAuthority()
    let leaf = try parse(authority.issue(name: "edge-1", roles: [.edge, .worker], workspace: "shop"))
    #expect("\(leaf.subject)" == "CN=edge-1")
    #expect(
      try leaf.extensions.subjectAlternativeNames.map { Array($0) } == [
        .uniformResourceIdentifier("headgate:role:edge"), .uniformResourceIdentifier("headgate:role:worker"),
        .uniformResourceIdentifier("headgate:workspace:shop"),
      ])
    #expect(try leaf.extensions.extendedKeyUsage.map { Array($0) } == [.clientAuth])
    guard case .notCertificateAuthority? = try leaf.extensions.basicConstraints else {
      Issue.record("a leaf is an authority")
      return
    }
    let usage = try #require(try leaf.extensions.keyUsage)
    #expect(usage.digitalSignature && !usage.keyCertSign)
    #expect(try await isTrusted(leaf, by: authority))
    #expect(try await !isTrusted(leaf, by: CertificateAuthority()))
  }

  @Test("A server's certificate: DNS names, addresses of both families, and both purposes where it has roles too")
  func server() throws {
    let authority = try CertificateAuthority()
    let server = try parse(authority.issue(name: "control", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1", "::1"]))
    #expect(
      try server.extensions.subjectAlternativeNames.map { Array($0) } == [
        .dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
        .ipAddress(ASN1OctetString(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
      ])
    #expect(try server.extensions.extendedKeyUsage.map { Array($0) } == [.serverAuth])
    let both = try parse(authority.issue(name: "control", roles: [.admin], dnsNames: ["localhost"]))
    #expect(try both.extensions.extendedKeyUsage.map { Set($0) } == [.serverAuth, .clientAuth])
    let odd = try parse(authority.issue(name: "edge", roles: [.edge], purposes: [.server]))
    #expect(try odd.extensions.extendedKeyUsage.map { Array($0) } == [.serverAuth])
  }

  @Test("Outside its validity, and from below a leaf, a certificate is not trusted")
  func validity() async throws {
    let authority = try CertificateAuthority(
      validity: CertificateValidity(notBefore: Date(timeIntervalSinceNow: -1e6), notAfter: Date(timeIntervalSinceNow: 1e6)))
    let expired = CertificateValidity(notBefore: Date(timeIntervalSinceNow: -7200), notAfter: Date(timeIntervalSinceNow: -3600))
    let early = CertificateValidity(notBefore: Date(timeIntervalSinceNow: 3600), notAfter: Date(timeIntervalSinceNow: 7200))
    for validity in [expired, early] {
      let leaf = try parse(authority.issue(name: "edge", roles: [.edge], validity: validity))
      #expect(try await !isTrusted(leaf, by: authority))
      #expect(try await isTrusted(leaf, by: authority, at: validity.notBefore.addingTimeInterval(60)))
    }
    let new = try parse(authority.issue(name: "edge", roles: [.edge], validity: .lasting(.seconds(60))))
    #expect(try await isTrusted(new, by: authority))
    #expect(throws: PKIError.self) {
      try authority.issue(name: "x", roles: [.edge], validity: CertificateValidity(notBefore: Date(), notAfter: Date() - 1))
    }
  }

  @Test(
    "Names that cannot stand in a certificate",
    arguments: ["", "a b", "a,b", "a/b", "a\nb", "é", "a:b", String(repeating: "a", count: 65)])
  func names(_ name: String) throws {
    let authority = try CertificateAuthority()
    #expect(throws: PKIError.self) { try authority.issue(name: name, roles: [.edge]) }
    #expect(throws: PKIError.self) { try authority.issue(name: "x", roles: [.edge], workspace: name) }
    #expect(throws: PKIError.self) { try authority.issue(name: "x", dnsNames: [name]) }
    #expect(throws: PKIError.self) { try authority.issue(name: "x", ipAddresses: [name]) }
    #expect(throws: PKIError.self) { try authority.issue(name: "x") }
  }

  @Test("NIOSSL loads what is issued, and makes contexts for both sides of it")
  func loadable() async throws {
    try await withDirectory { directory in
      let authority = try CertificateAuthority.create(in: directory)
      try authority.issue(name: "control", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"]).write(
        to: directory, name: "control")
      try authority.issue(name: "edge", roles: [.edge]).write(to: directory, name: "edge")
      #expect(try mode("\(directory)/edge.key") == 0o600 && mode("\(directory)/edge.pem") == 0o644)
      #expect(throws: PKIError.self) { try authority.issue(name: "edge", roles: [.edge]).write(to: directory, name: "edge") }
      let roots = try NIOSSLCertificate.fromPEMFile("\(directory)/ca.pem")
      #expect(roots.count == 1)
      for name in ["control", "edge"] {
        let chain = try NIOSSLCertificate.fromPEMFile("\(directory)/\(name).pem").map { NIOSSLCertificateSource.certificate($0) }
        let key = NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(file: "\(directory)/\(name).key", format: .pem))
        var configuration =
          name == "control"
          ? TLSConfiguration.makeServerConfigurationWithMTLS(
            certificateChain: chain, privateKey: key, trustRoots: .certificates(roots))
          : TLSConfiguration.makeClientConfiguration()
        if name == "edge" {
          configuration.certificateChain = chain
          configuration.privateKey = key
          configuration.trustRoots = .certificates(roots)
        }
        configuration.minimumTLSVersion = .tlsv13
        _ = try NIOSSLContext(configuration: configuration)
      }
      let old = try Data(contentsOf: URL(filePath: "\(directory)/edge.pem"))
      try authority.issue(name: "edge", roles: [.edge]).write(to: directory, name: "edge", replacing: true)
      #expect(try Data(contentsOf: URL(filePath: "\(directory)/edge.pem")) != old)
    }
  }
}
