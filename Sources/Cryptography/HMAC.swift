import COpenSSL

/// A keyed hash (RFC 2104) over pieces that are given one after another, never joined.
///
/// It is built on two digest contexts instead of OpenSSL's EVP_MAC, whose set-up dominates short messages (measured over
/// 1 KB with SHA-256: a new EVP_MAC context 1.25 µs, a duplicated one 1.03 µs, this 0.8 µs, the hash alone 0.55 µs).
package struct HMAC: ~Copyable {
  private var inner: Digest
  private var outer: Digest

  /// Starts a message under `key`.
  package init(_ algorithm: HashAlgorithm, key: some ByteSource) {
    var inner = Digest(algorithm)
    var outer = Digest(algorithm)
    withUnsafeTemporaryAllocation(byteCount: algorithm.blockLength, alignment: 16) { pad in
      pad.initializeMemory(as: UInt8.self, repeating: 0)
      key.withBytes { key in
        if key.count <= pad.count {
          pad.copyMemory(from: key)
        } else {
          // A key longer than a block is replaced by its digest (RFC 2104 §2).
          pad.copyBytes(from: Digest.of(key, algorithm))
        }
      }
      for index in pad.indices { pad[index] ^= 0x36 }
      inner.update(UnsafeRawBufferPointer(pad))
      for index in pad.indices { pad[index] ^= 0x36 ^ 0x5c }
      outer.update(UnsafeRawBufferPointer(pad))
      OPENSSL_cleanse(pad.baseAddress, pad.count)
    }
    self.inner = inner
    self.outer = outer
  }

  /// Adds a piece of the message.
  package mutating func update(_ piece: some ByteSource) {
    inner.update(piece)
  }

  /// The code of the pieces so far; `update` must not be called afterwards.
  package mutating func finish() -> [UInt8] {
    outer.update(inner.finish())
    return outer.finish()
  }

  /// The code of one piece.
  package static func of(_ message: some ByteSource, key: some ByteSource, _ algorithm: HashAlgorithm) -> [UInt8] {
    var code = HMAC(algorithm, key: key)
    code.update(message)
    return code.finish()
  }
}
