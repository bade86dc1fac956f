package import Cryptography

extension MasterKeys {
  /// A key for a purpose other than wrapping, 32 bytes, the same in every process with these master keys.
  ///
  /// It is derived (HKDF-SHA-256, RFC 5869) from the lowest version, so that adding a version does not change it.
  ///
  /// - Parameter purpose: different for each use.
  package func derivedKey(for purpose: String) -> SecretBytes? {
    guard let lowest = versions.first, let key = key(lowest) else { return nil }
    return HKDF.derive(from: key, salt: [UInt8](), info: "headgate \(purpose)", count: 32)
  }
}
