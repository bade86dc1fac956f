package import Cryptography

/// A certificate and its private key, as PEM text (RFC 7468).
package struct IssuedCertificate: Sendable {
  /// The certificate.
  package let certificatePEM: String
  /// The private key, PKCS #8.
  package let keyPEM: SecretBytes

  /// Writes `NAME.pem` (mode 0644) and `NAME.key` (mode 0600) into `directory`.
  ///
  /// - Parameter replacing: also when they exist; each file changes as a whole.
  /// - Throws: `PKIError.file`.
  package func write(to directory: String, name: String, replacing: Bool = false) throws(PKIError) {
    let certificatePath = "\(directory)/\(name).pem"
    let keyPath = "\(directory)/\(name).key"
    do {
      if replacing {
        try PrivateFile.replace(at: keyPath, contents: keyPEM)
        try PrivateFile.replace(at: certificatePath, contents: certificatePEM, mode: 0o644)
      } else {
        try PrivateFile.create(at: keyPath, contents: keyPEM)
        try PrivateFile.create(at: certificatePath, contents: certificatePEM, mode: 0o644)
      }
    } catch {
      throw .file(error)
    }
  }
}
