import Cryptography
import Synchronization

/// A key of one workspace, which seals its secrets. It is stored wrapped by a master key.
package final class DataKey: Sendable {
  /// From this many sealed messages on, `needsReplacement` is true.
  package static let alarmUsage: UInt64 = 1 << 30
  /// After this many sealed messages the key seals no more: with random nonces of 96 bits the chance that one has repeated
  /// passes 2^-32 (NIST SP 800-38D §8.3).
  package static let maximumUsage: UInt64 = 1 << 32

  /// The workspace's identifier.
  package let workspace: [UInt8]
  /// Counts up in the workspace, from 1.
  package let version: UInt32
  private let key: SecretBytes
  private let uses: Atomic<UInt64>

  init(workspace: [UInt8], version: UInt32, key: SecretBytes, usage: UInt64) {
    self.workspace = workspace
    self.version = version
    self.key = key
    uses = Atomic(usage)
  }

  /// Makes a new random key.
  ///
  /// - Parameters:
  ///   - workspace: the workspace's identifier.
  ///   - version: one more than the workspace's highest; 1 for the first.
  package static func random(workspace: [UInt8], version: UInt32) -> DataKey {
    DataKey(workspace: workspace, version: version, key: .random(count: AESGCM.keyLength), usage: 0)
  }

  /// How many messages it has sealed: those told at unwrapping and those since.
  package var usage: UInt64 { uses.load(ordering: .relaxed) }

  /// Whether the workspace should get a new data key.
  package var needsReplacement: Bool { usage >= Self.alarmUsage }

  /// Wraps the key for storage with the current master key.
  ///
  /// - Throws: `VaultError`.
  package func wrapped(by masterKeys: MasterKeys) throws(VaultError) -> WrappedDataKey {
    let masterVersion = masterKeys.currentVersion
    guard let masterKey = masterKeys.key(masterVersion) else { throw .unknownMasterKey(version: masterVersion) }
    let bytes = try Envelope.seal(key, key: masterKey, version: masterVersion, associated: Self.associated(workspace, version))
    return WrappedDataKey(workspace: workspace, version: version, bytes: bytes, usage: usage)
  }

  func seal(_ plaintext: SecretBytes, _ context: SecretContext) throws(VaultError) -> [UInt8] {
    guard uses.wrappingAdd(1, ordering: .relaxed).oldValue < Self.maximumUsage else {
      uses.store(Self.maximumUsage, ordering: .relaxed)
      throw .exhausted(dataKeyVersion: version)
    }
    return try Envelope.seal(plaintext, key: key, version: version, associated: context.associated(workspace: workspace))
  }

  /// Seals with a key that is derived for this message alone. It counts for nothing in the limit above.
  func sealDerived(_ plaintext: SecretBytes, _ context: SecretContext) throws(VaultError) -> [UInt8] {
    try Envelope.seal(
      plaintext, key: key, version: version, associated: context.associated(workspace: workspace), format: .derived)
  }

  func open(_ envelope: Envelope, _ context: SecretContext) throws(VaultError) -> SecretBytes {
    try envelope.open(key: key, associated: context.associated(workspace: workspace))
  }

  static func associated(_ workspace: [UInt8], _ version: UInt32) -> AssociatedData {
    AssociatedData(purpose: "headgate data key", fields: [workspace, withUnsafeBytes(of: version.bigEndian) { Array($0) }])
  }
}

/// A data key as it is stored.
package struct WrappedDataKey: Sendable, Hashable {
  /// The workspace's identifier.
  package var workspace: [UInt8]
  /// The data key's version.
  package var version: UInt32
  /// The key under a master key: format, master key version, nonce, ciphertext, tag.
  package var bytes: [UInt8]
  /// How many messages the key had sealed when this was last stored.
  package var usage: UInt64

  /// Makes one of what was stored.
  package init(workspace: [UInt8], version: UInt32, bytes: [UInt8], usage: UInt64 = 0) {
    self.workspace = workspace
    self.version = version
    self.bytes = bytes
    self.usage = usage
  }

  /// The version of the master key that it is wrapped with; `nil` when the bytes are not of a known format.
  package var masterKeyVersion: UInt32? {
    do { return try Envelope(bytes).keyVersion } catch { return nil }
  }

  /// Unwraps the key.
  ///
  /// - Throws: `VaultError`; every alteration, and a key of another workspace or version, fails.
  package func unwrapped(by masterKeys: MasterKeys) throws(VaultError) -> DataKey {
    let envelope = try Envelope(bytes)
    guard let masterKey = masterKeys.key(envelope.keyVersion) else { throw .unknownMasterKey(version: envelope.keyVersion) }
    let key = try envelope.open(key: masterKey, associated: DataKey.associated(workspace, version))
    guard key.count == AESGCM.keyLength else { throw .notAuthentic }
    return DataKey(workspace: workspace, version: version, key: key, usage: usage)
  }

  /// The same data key under the current master key; what it sealed stays as it is.
  ///
  /// - Throws: `VaultError`.
  package func rewrapped(by masterKeys: MasterKeys) throws(VaultError) -> WrappedDataKey {
    try unwrapped(by: masterKeys).wrapped(by: masterKeys)
  }
}
