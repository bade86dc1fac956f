import COpenSSL

/// Random bytes from OpenSSL's generators, which are seeded by the system and reseed after a fork.
package enum SecureRandom {
  /// `count` bytes for nonces and identifiers, which others may see.
  package static func bytes(count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      let result = RAND_bytes(buffer.baseAddress, Int32(count))
      // A generator without entropy cannot be worked around: a predictable nonce or key is worse than stopping.
      precondition(result == 1, "the system's random generator failed")
      initialized = count
    }
  }

  /// Fills `buffer` with bytes for secrets, from a generator that never gives out public bytes.
  package static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
    guard let start = buffer.baseAddress, buffer.count > 0 else { return }
    let result = RAND_priv_bytes(start.assumingMemoryBound(to: UInt8.self), Int32(buffer.count))
    precondition(result == 1, "the system's random generator failed")
  }
}
