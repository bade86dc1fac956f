package import Cryptography

/// Why a certificate authority could not be made, read or used.
package enum PKIError: Error, Sendable, CustomStringConvertible {
  /// A name that cannot stand in a certificate; the field and what is wrong with it.
  case invalid(field: String, reason: String)
  /// A file could not be read or written.
  case file(PrivateFileError)
  /// A file is not what it should be; its path and what is wrong with it.
  case malformed(path: String, reason: String)
  /// Signing or encoding failed.
  case signing(reason: String)

  /// For people; never shows a key.
  package var description: String {
    switch self {
    case .invalid(let field, let reason): "\(field): \(reason)"
    case .file(let error): error.description
    case .malformed(let path, let reason): "\(path): \(reason)"
    case .signing(let reason): "the certificate could not be made: \(reason)"
    }
  }
}
