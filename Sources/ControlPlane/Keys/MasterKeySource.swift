package import Cryptography
package import TokenVault

/// Where the master keys come from.
package enum MasterKeySource: Sendable {
  /// A file that only its owner may read.
  case file(String)
  /// The text itself, from the environment.
  case text(SecretBytes)

  /// - Parameters:
  ///   - file: path; empty: the keys are in `values`.
  ///   - values: the keys themselves.
  package init(file: String, values: String) {
    self = file.isEmpty ? .text(SecretBytes(copying: values)) : .file(file)
  }

  /// - Throws: `MasterKeyError`.
  package func read() throws(MasterKeyError) -> MasterKeys {
    switch self {
    case .file(let path): try MasterKeys(file: path)
    case .text(let text): try MasterKeys(parsing: text, source: ControlSettings.environmentName(ControlSettings.masterKeys))
    }
  }
}
