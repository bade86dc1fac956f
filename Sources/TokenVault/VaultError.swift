/// Why something was not sealed, opened, wrapped or unwrapped. Never shows a key or a plaintext.
package enum VaultError: Error, Hashable, CustomStringConvertible {
  /// The bytes begin with a format that this version does not know.
  case unknownFormat(UInt8)
  /// The bytes are shorter than the format's header and tag.
  case truncated
  /// The master key of this version is not at hand.
  case unknownMasterKey(version: UInt32)
  /// The data key of this version is not at hand.
  case unknownDataKey(version: UInt32)
  /// The bytes were altered, or belong to another place, workspace or key.
  case notAuthentic
  /// The data key has sealed as many messages as are safe; a new one must be made.
  case exhausted(dataKeyVersion: UInt32)
  /// There is no data key to seal with.
  case noDataKey
  /// The plaintext is too long, or libcrypto refused.
  case refused

  /// For people.
  package var description: String {
    switch self {
    case .unknownFormat(let format): "unknown ciphertext format \(format)"
    case .truncated: "the ciphertext is truncated"
    case .unknownMasterKey(let version): "master key version \(version) is not among the master keys"
    case .unknownDataKey(let version): "data key version \(version) is not among the workspace's data keys"
    case .notAuthentic: "the ciphertext was altered or belongs elsewhere"
    case .exhausted(let version): "data key version \(version) has sealed as many messages as are safe; rotate it"
    case .noDataKey: "the workspace has no data key"
    case .refused: "the cipher refused the message"
    }
  }
}
