import NIOCore
import NIOSSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A certificate with its key, and the authorities whose certificates are accepted from the peer.
///
/// Prints as its subject's file, never with the key.
package struct TLSMaterial: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  /// The leaf first, then intermediates; none: a client that has an API key instead.
  let certificateChain: [NIOSSLCertificate]
  let privateKey: NIOSSLPrivateKey?
  let authorities: [NIOSSLCertificate]
  /// Where it was read from, for messages.
  let origin: String

  /// Reads PEM files.
  ///
  /// - Parameters:
  ///   - certificate: path of the certificate, or of a chain with the leaf first.
  ///   - key: path of the private key, unencrypted.
  ///   - authority: path of one or more certificates of authorities.
  /// - Throws: `TLSMaterialError`, which names the file.
  package init(certificate: String, key: String, authority: String) throws(TLSMaterialError) {
    certificateChain = try Self.readFile(certificate, as: "certificate") { try NIOSSLCertificate.fromPEMFile($0) }
    privateKey = try Self.readFile(key, as: "private key") { try NIOSSLPrivateKey(file: $0, format: .pem) }
    authorities = try Self.readFile(authority, as: "certificate authority") { try NIOSSLCertificate.fromPEMFile($0) }
    origin = certificate
    guard !certificateChain.isEmpty else { throw TLSMaterialError(what: "certificate", path: certificate, reason: "is empty") }
    guard !authorities.isEmpty else { throw TLSMaterialError(what: "certificate authority", path: authority, reason: "is empty") }
  }

  /// The authority alone, for a client without a certificate: it proves who it is by an API key.
  ///
  /// - Throws: `TLSMaterialError`, which names the file.
  package init(authority: String) throws(TLSMaterialError) {
    certificateChain = []
    privateKey = nil
    authorities = try Self.readFile(authority, as: "certificate authority") { try NIOSSLCertificate.fromPEMFile($0) }
    origin = "none"
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
    _ name: String, as what: String, _ body: (String) throws -> Value
  ) throws(TLSMaterialError) -> Value {
    do { return try body(name) } catch { throw TLSMaterialError(what: what, path: name, reason: "is not PEM of a \(what)") }
  }

  private static func readFile<Value>(
    _ path: String, as what: String, _ body: (String) throws -> Value
  ) throws(TLSMaterialError) -> Value {
    do throws(TLSMaterialError) {
      return try read(path, as: what, body)
    } catch {
      // The TLS library reports a file that it cannot read and one that is no PEM alike.
      guard let reason = unreadable(path) else { throw error }
      throw TLSMaterialError(what: what, path: path, reason: reason)
    }
  }

  /// Why a file cannot be read, in the system's words; `nil`: it can be.
  private static func unreadable(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return systemText(errno) }
    defer { close(descriptor) }
    var byte: UInt8 = 0
    // SAFETY: one byte is read into a variable that lives across the call.
    return Glibc.read(descriptor, &byte, 1) < 0 ? systemText(errno) : nil
  }

  private static func systemText(_ code: CInt) -> String {
    // SAFETY: strerror's text is copied at once.
    String(cString: strerror(code))
  }

  /// The server's side: TLS 1.3 only.
  ///
  /// NIOSSL's `makeServerConfiguration` verifies nothing and allows TLS 1.0, so neither is left to its defaults.
  ///
  /// - Parameter needsClientCertificate: a client without a certificate of the authorities is refused; else one without
  ///   any comes in, as nobody, and one with another authority's is refused all the same.
  func serverConfiguration(needsClientCertificate: Bool = true) throws(TLSMaterialError) -> TLSConfiguration {
    guard let privateKey else { throw TLSMaterialError(what: "private key", path: origin, reason: "is missing") }
    var configuration = TLSConfiguration.makeServerConfigurationWithMTLS(
      certificateChain: certificateChain.map { .certificate($0) }, privateKey: .privateKey(privateKey),
      trustRoots: .certificates(authorities))
    if !needsClientCertificate { configuration.certificateVerification = .optionalVerification }
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
    configuration.privateKey = privateKey.map { .privateKey($0) }
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
