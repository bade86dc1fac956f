import Crypto
import Cryptography
import FoundationEssentials
import SwiftASN1
import X509

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The authority that signs the certificates of control planes, edge nodes, clients and workers.
///
/// It lives in two files of a directory: `ca.pem`, which every peer trusts, and `ca.key` (mode 0600), which only the
/// place that issues certificates needs.
package struct CertificateAuthority: Sendable {
  /// File name of the authority's certificate.
  package static let certificateFile = "ca.pem"
  /// File name of the authority's private key.
  package static let keyFile = "ca.key"

  /// The authority's certificate as PEM text: what peers trust.
  package let certificatePEM: String

  private let certificate: Certificate
  private let key: Certificate.PrivateKey

  /// Makes a new authority that is nowhere stored.
  ///
  /// The key is ECDSA on P-256; the certificate may sign leaves only (path length 0).
  ///
  /// - Parameter name: common name; a random suffix is added, so that two authorities never share a subject.
  /// - Throws: `PKIError`.
  package init(name: String = "Headgate CA", validity: CertificateValidity = .authority) throws(PKIError) {
    try self.init(name: name, validity: validity, privateKey: P256.Signing.PrivateKey())
  }

  private init(name: String, validity: CertificateValidity, privateKey: P256.Signing.PrivateKey) throws(PKIError) {
    try Self.check(validity)
    let key = Certificate.PrivateKey(privateKey)
    let suffix = Hex.encode(SecureRandom.bytes(count: 4))
    do {
      let subject = try DistinguishedName { CommonName("\(name) \(suffix)") }
      let certificate = try Certificate(
        version: .v3,
        serialNumber: Certificate.SerialNumber(),
        publicKey: key.publicKey,
        notValidBefore: validity.notBefore,
        notValidAfter: validity.notAfter,
        issuer: subject,
        subject: subject,
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: try Certificate.Extensions {
          Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
          Critical(KeyUsage(keyCertSign: true, cRLSign: true))
          SubjectKeyIdentifier(hash: key.publicKey)
        },
        issuerPrivateKey: key)
      certificatePEM = try certificate.serializeAsPEM().pemString + "\n"
      self.certificate = certificate
      self.key = key
    } catch {
      throw .signing(reason: "\(error)")
    }
  }

  /// Makes a new authority and writes its two files into `directory`, which is made (mode 0700) when absent.
  ///
  /// - Throws: `PKIError.file(.exists)` when there is an authority already; it is never overwritten.
  package static func create(
    in directory: String, name: String = "Headgate CA", validity: CertificateValidity = .authority
  ) throws(PKIError) -> CertificateAuthority {
    let privateKey = P256.Signing.PrivateKey()
    let authority = try CertificateAuthority(name: name, validity: validity, privateKey: privateKey)
    try makeDirectory(directory)
    do {
      try PrivateFile.create(at: "\(directory)/\(keyFile)", contents: SecretBytes(copying: privateKey.pemRepresentation + "\n"))
      try PrivateFile.create(at: "\(directory)/\(certificateFile)", contents: authority.certificatePEM, mode: 0o644)
    } catch {
      throw .file(error)
    }
    return authority
  }

  /// Reads the authority of `directory`.
  ///
  /// - Throws: `PKIError` when a file is absent, others may read the key, or the two do not belong together.
  package static func load(from directory: String) throws(PKIError) -> CertificateAuthority {
    let keyPath = "\(directory)/\(keyFile)"
    let certificatePath = "\(directory)/\(certificateFile)"
    let keyText: SecretBytes
    do { keyText = try PrivateFile.read(keyPath) } catch { throw .file(error) }
    let key: Certificate.PrivateKey
    do {
      key = try Certificate.PrivateKey(pemEncoded: String(decoding: keyText.revealed(), as: UTF8.self))
    } catch {
      // The parser's error could quote the text.
      throw .malformed(path: keyPath, reason: "is not a private key in PEM form")
    }
    let certificate: Certificate
    do {
      certificate = try Certificate(pemEncoded: String(contentsOf: URL(filePath: certificatePath), encoding: .utf8))
    } catch {
      throw .malformed(path: certificatePath, reason: "cannot be read as a certificate in PEM form")
    }
    guard certificate.publicKey == key.publicKey else {
      throw .malformed(path: certificatePath, reason: "is not the certificate of the key in \(keyPath)")
    }
    return try CertificateAuthority(certificate: certificate, key: key, path: certificatePath)
  }

  private init(certificate: Certificate, key: Certificate.PrivateKey, path: String) throws(PKIError) {
    guard case .isCertificateAuthority = try? certificate.extensions.basicConstraints else {
      throw .malformed(path: path, reason: "is not the certificate of an authority")
    }
    do { certificatePEM = try certificate.serializeAsPEM().pemString + "\n" } catch { throw .signing(reason: "\(error)") }
    self.certificate = certificate
    self.key = key
  }

  /// Issues a certificate for a new key on P-256.
  ///
  /// - Parameters:
  ///   - name: of the principal (the common name): 1 to 64 of letters, digits and `._@-`.
  ///   - roles: what it may do at the control plane.
  ///   - workspace: confines it to one workspace; `nil`: all.
  ///   - dnsNames: that a server is reached by.
  ///   - ipAddresses: IPv4 or IPv6 that a server is reached by.
  ///   - purposes: `nil`: server when there are DNS names or addresses, client when there are roles.
  ///   - validity: also in the past or the future, for tests.
  /// - Throws: `PKIError.invalid` naming the field.
  package func issue(
    name: String, roles: [CertificateRole] = [], workspace: String? = nil, dnsNames: [String] = [], ipAddresses: [String] = [],
    purposes: Set<CertificatePurpose>? = nil, validity: CertificateValidity = .leaf
  ) throws(PKIError) -> IssuedCertificate {
    try Self.check(validity)
    try Self.check(name, field: "name")
    var names: [GeneralName] = []
    for dnsName in dnsNames {
      try Self.check(dnsName, field: "dnsNames")
      names.append(.dnsName(dnsName))
    }
    for address in ipAddresses {
      guard let bytes = Self.addressBytes(address) else {
        throw .invalid(field: "ipAddresses", reason: "\"\(address)\" is no IPv4 or IPv6 address")
      }
      names.append(.ipAddress(ASN1OctetString(contentBytes: bytes[...])))
    }
    for role in roles { names.append(.uniformResourceIdentifier(role.uri)) }
    if let workspace {
      try Self.check(workspace, field: "workspace")
      names.append(.uniformResourceIdentifier(CertificateRole.workspaceURI(workspace)))
    }
    let isServer = !dnsNames.isEmpty || !ipAddresses.isEmpty
    let purposes = purposes ?? Set((isServer ? [.server] : []) + (roles.isEmpty ? [] : [.client]))
    guard !purposes.isEmpty else {
      throw .invalid(field: "roles", reason: "a certificate needs a role, a DNS name or an address")
    }

    let privateKey = P256.Signing.PrivateKey()
    let publicKey = Certificate.PublicKey(privateKey.publicKey)
    do {
      let usages: [ExtendedKeyUsage.Usage] =
        (purposes.contains(.server) ? [.serverAuth] : []) + (purposes.contains(.client) ? [.clientAuth] : [])
      let extendedKeyUsage = try ExtendedKeyUsage(usages)
      let leaf = try Certificate(
        version: .v3,
        serialNumber: Certificate.SerialNumber(),
        publicKey: publicKey,
        notValidBefore: validity.notBefore,
        notValidAfter: validity.notAfter,
        issuer: certificate.subject,
        subject: try DistinguishedName { CommonName(name) },
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: try Certificate.Extensions {
          Critical(BasicConstraints.notCertificateAuthority)
          Critical(KeyUsage(digitalSignature: true))
          extendedKeyUsage
          SubjectAlternativeNames(names)
          SubjectKeyIdentifier(hash: publicKey)
          AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
        },
        issuerPrivateKey: key)
      return IssuedCertificate(
        certificatePEM: try leaf.serializeAsPEM().pemString + "\n",
        keyPEM: SecretBytes(copying: privateKey.pemRepresentation + "\n"))
    } catch {
      throw .signing(reason: "\(error)")
    }
  }

  private static func check(_ validity: CertificateValidity) throws(PKIError) {
    guard validity.notBefore < validity.notAfter else {
      throw .invalid(field: "validity", reason: "ends before it begins")
    }
  }

  /// The longest common name (RFC 5280 appendix A.1, ub-common-name) and the limit of the other names.
  private static let maximumNameLength = 64

  private static func check(_ text: String, field: String) throws(PKIError) {
    let isAllowed = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "@"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard isAllowed, (1...maximumNameLength).contains(text.utf8.count) else {
      throw .invalid(field: field, reason: "1 to \(maximumNameLength) letters, digits and ._@- are allowed")
    }
  }

  /// The 4 or 16 bytes of an address.
  private static func addressBytes(_ text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: count)
      if inet_pton(family, text, &bytes) == 1 { return bytes }
    }
    return nil
  }

  /// Makes a directory (mode 0700) and those above it.
  private static func makeDirectory(_ path: String) throws(PKIError) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .malformed(path: path, reason: "the directory could not be made")
    }
  }
}
