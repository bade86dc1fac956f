package import Cryptography

/// Seals and opens the secrets of one workspace with its data keys.
///
/// A value without a store: the caller keeps the wrapped keys and the ciphertexts.
package struct WorkspaceVault: Sendable {
  /// The workspace's identifier.
  package let workspace: [UInt8]
  private let keys: [UInt32: DataKey]
  /// The key that seals: of the highest version; `nil` when the workspace has none.
  package let current: DataKey?

  /// Unwraps a workspace's data keys.
  ///
  /// - Throws: `VaultError`; also when a key is of another workspace.
  package init(workspace: [UInt8], keys: [WrappedDataKey], masterKeys: MasterKeys) throws(VaultError) {
    var unwrapped: [DataKey] = []
    for key in keys { unwrapped.append(try key.unwrapped(by: masterKeys)) }
    try self.init(workspace: workspace, keys: unwrapped)
  }

  /// Takes data keys that are unwrapped already.
  ///
  /// - Throws: `VaultError.notAuthentic` when a key is of another workspace.
  package init(workspace: [UInt8], keys: [DataKey]) throws(VaultError) {
    var byVersion: [UInt32: DataKey] = [:]
    for key in keys {
      guard key.workspace == workspace else { throw .notAuthentic }
      byVersion[key.version] = key
    }
    self.workspace = workspace
    self.keys = byVersion
    current = byVersion.keys.max().flatMap { byVersion[$0] }
  }

  /// Encrypts a secret for its place, with the current data key.
  ///
  /// - Returns: format, data key version, nonce, ciphertext, tag: 33 bytes more than the plaintext.
  /// - Throws: `VaultError`.
  package func seal(_ plaintext: SecretBytes, context: SecretContext) throws(VaultError) -> [UInt8] {
    guard let current else { throw .noDataKey }
    return try current.seal(plaintext, context)
  }

  /// The same where strangers decide how often it happens: each message has a key of its own, derived from the data key, so that
  /// however many there are never use the data key up.
  ///
  /// - Returns: format, data key version, salt, nonce, ciphertext, tag: 45 bytes more than the plaintext.
  /// - Throws: `VaultError`.
  package func sealMany(_ plaintext: SecretBytes, context: SecretContext) throws(VaultError) -> [UInt8] {
    guard let current else { throw .noDataKey }
    return try current.sealDerived(plaintext, context)
  }

  /// Decrypts what was sealed for this very place.
  ///
  /// - Throws: `VaultError`, whatever was altered, cut off or moved.
  package func open(_ ciphertext: [UInt8], context: SecretContext) throws(VaultError) -> SecretBytes {
    let envelope = try Envelope(ciphertext)
    guard let key = keys[envelope.keyVersion] else { throw .unknownDataKey(version: envelope.keyVersion) }
    return try key.open(envelope, context)
  }

  /// The version of the data key that something was sealed with; `nil` when the bytes are not of a known format.
  package static func dataKeyVersion(of ciphertext: [UInt8]) -> UInt32? {
    do { return try Envelope(ciphertext).keyVersion } catch { return nil }
  }
}
