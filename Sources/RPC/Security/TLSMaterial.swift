import NIOCore
import NIOSSL

/// A certificate with its key, and the authorities whose certificates are accepted from the peer.
///
/// Prints as its subject's file, never with the key.
package struct TLSMaterial: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  /// The leaf first, then intermediates.
  let certificateChain: [NIOSSLCertificate]
  let privateKey: NIOSSLPrivateKey
  let authorities: [NIOSSLCertificate]
  private let origin: String

  /// Reads PEM files.
  ///
  /// - Parameters:
  ///   - certificate: path of the certificate, or of a chain with the leaf first.
  ///   - key: path of the private key, unencrypted.
  ///   - authority: path of one or more certificates of authorities.
  /// - Throws: `TLSMaterialError`, which names the file.
  package init(certificate: String, key: String, authority: String) throws(TLSMaterialError) {
    certificateChain = try Self.read(certificate, as: "certificate") { try NIOSSLCertificate.fromPEMFile($0) }
    privateKey = try Self.read(key, as: "private key") { try NIOSSLPrivateKey(file: $0, format: .pem) }
    authorities = try Self.read(authority, as: "certificate authority") { try NIOSSLCertificate.fromPEMFile($0) }
    origin = certificate
    guard !certificateChain.isEmpty else { throw TLSMaterialError(what: "certificate", path: certificate, reason: "is empty") }
    guard !authorities.isEmpty else { throw TLSMaterialError(what: "certificate authority", path: authority, reason: "is empty") }
  }

  /// Takes PEM texts.
  ///
  /// - Throws: `TLSMaterialError`, which names the parameter.
  package init(certificatePEM: String, keyPEM: [UInt8], authorityPEM: String) throws(TLSMaterialError) {
    certificateChain = try Self.read("certificatePEM", as: "certificate") { _ in
      try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8))
    }
    privateKey = try Self.read("keyPEM", as: "private key") { _ in try NIOSSLPrivateKey(bytes: keyPEM, format: .pem) }
    authorities = try Self.read("authorityPEM", as: "certificate authority") { _ in
      try NIOSSLCertificate.fromPEMBytes(Array(authorityPEM.utf8))
    }
    origin = "in memory"
  }

  package var description: String { "TLS certificate (\(origin))" }
  package var debugDescription: String { description }

  private static func read<Value>(
    _ path: String, as what: String, _ body: (String) throws -> Value
  ) throws(TLSMaterialError) -> Value {
    do {
      return try body(path)
    } catch {
      let reason = (error as? IOError).map { "\($0)" } ?? "is not PEM of a \(what)"
      throw TLSMaterialError(what: what, path: path, reason: reason)
    }
  }

  /// The server's side: TLS 1.3 only, a certificate of the authorities is required from the client.
  ///
  /// NIOSSL's `makeServerConfiguration` verifies nothing and allows TLS 1.0, so neither is left to its defaults.
  func serverConfiguration() -> TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfigurationWithMTLS(
      certificateChain: certificateChain.map { .certificate($0) }, privateKey: .privateKey(privateKey),
      trustRoots: .certificates(authorities))
    configuration.minimumTLSVersion = .tlsv13
    configuration.maximumTLSVersion = .tlsv13
    return configuration
  }

  /// The client's side: TLS 1.3 only, the server's certificate and name are verified.
  func clientConfiguration() -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv13
    configuration.maximumTLSVersion = .tlsv13
    configuration.certificateVerification = .fullVerification
    configuration.trustRoots = .certificates(authorities)
    configuration.certificateChain = certificateChain.map { .certificate($0) }
    configuration.privateKey = .privateKey(privateKey)
    return configuration
  }
}

/// A certificate or key that cannot be used.
package struct TLSMaterialError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Such as "private key".
  package var what: String
  package var path: String
  package var reason: String

  package var description: String { "the \(what) \(path) cannot be used: \(reason)" }
}
