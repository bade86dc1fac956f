import COpenSSL

/// Whether two byte strings are equal, in a time that does not depend on where they differ.
///
/// Strings of equal length are compared directly. For different lengths the SHA-256 digests are compared, so that the time
/// tells about the length of either no more than hashing it does.
package func constantTimeEqual(_ left: some ByteSource, _ right: some ByteSource) -> Bool {
  left.withBytes { left in
    right.withBytes { right in
      if left.count == right.count {
        guard let leftStart = left.baseAddress, let rightStart = right.baseAddress else { return left.count == 0 }
        return CRYPTO_memcmp(leftStart, rightStart, left.count) == 0
      }
      let leftDigest = Digest.of(left, .sha256)
      let rightDigest = Digest.of(right, .sha256)
      let isEqual = CRYPTO_memcmp(leftDigest, rightDigest, leftDigest.count) == 0
      return isEqual && left.count == right.count
    }
  }
}
