/// Key derivation from a secret with SHA-256 (RFC 5869).
package enum HKDF {
  /// The most bytes that one derivation gives (RFC 5869 §2.3).
  package static let maximumLength = 255 * HashAlgorithm.sha256.digestLength

  /// Derives `count` bytes.
  ///
  /// - Parameters:
  ///   - secret: the input key material.
  ///   - salt: not secret; empty means as many zeros as a digest has bytes.
  ///   - info: what the derived key is for.
  /// - Returns: `nil` when `count` is above `maximumLength` or negative.
  package static func derive(
    from secret: some ByteSource, salt: some ByteSource, info: some ByteSource, count: Int
  ) -> SecretBytes? {
    guard (0...maximumLength).contains(count) else { return nil }
    let extracted = SecretBytes(copying: HMAC.of(secret, key: salt, .sha256))
    return SecretBytes(count: count) { output in
      var block: [UInt8] = []
      var filled = 0
      var number: UInt8 = 0
      while filled < count {
        number += 1
        var code = HMAC(.sha256, key: extracted)
        code.update(block)
        code.update(info)
        code.update([number])
        block = code.finish()
        let taken = min(block.count, count - filled)
        for index in 0..<taken { output[filled + index] = block[index] }
        filled += taken
      }
    }
  }
}
