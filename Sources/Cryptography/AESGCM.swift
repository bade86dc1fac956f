import COpenSSL

/// Why bytes were not sealed or opened.
package enum CipherError: Error, Hashable {
  /// The key has not 32 bytes.
  case keyLength(Int)
  /// The nonce has not 12 bytes. Other lengths go through a hash that can collide (NIST SP 800-38D §8.2).
  case nonceLength(Int)
  /// The tag has not 16 bytes: shorter tags are forged more easily (NIST SP 800-38D appendix C).
  case tagLength(Int)
  /// Key, nonce, associated data, ciphertext and tag do not belong together. Says no more on purpose.
  case notAuthentic
  /// libcrypto refused for a reason of its own, such as a message beyond 2^31 bytes.
  case refused
}

/// Authenticated encryption with AES-256 in Galois/counter mode (NIST SP 800-38D).
package enum AESGCM {
  /// Bytes of a key.
  package static let keyLength = 32
  /// Bytes of a nonce, which must never repeat under one key.
  package static let nonceLength = 12
  /// Bytes of a tag.
  package static let tagLength = 16
  /// The longest message, in bytes: libcrypto counts in `Int32`.
  package static let maximumLength = Int(Int32.max) - 64

  // SAFETY: a fetched EVP_CIPHER is immutable and reference-counted by OpenSSL; this one is never released.
  private nonisolated(unsafe) static let implementation = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)

  /// Encrypts `plaintext` and binds `associated` to it.
  ///
  /// - Returns: the ciphertext followed by the tag.
  /// - Throws: `CipherError` for wrong lengths.
  package static func seal(
    _ plaintext: some ByteSource, key: some ByteSource, nonce: some ByteSource, associated: some ByteSource
  ) throws(CipherError) -> [UInt8] {
    let length = plaintext.withBytes(\.count)
    guard length <= maximumLength else { throw .refused }
    let context = Context()
    try context.start(key: key, nonce: nonce, encrypting: true)
    guard context.addAssociated(associated) else { throw .refused }
    var succeeded = false
    let sealed = [UInt8](unsafeUninitializedCapacity: length + tagLength) { buffer, count in
      var produced: Int32 = 0
      let updated = plaintext.withBytes { input in
        EVP_EncryptUpdate(
          context.pointer, buffer.baseAddress, &produced, input.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(length))
      }
      var rest: Int32 = 0
      guard updated == 1 || length == 0, Int(produced) == length,
        EVP_EncryptFinal_ex(context.pointer, buffer.baseAddress.map { $0 + length }, &rest) == 1, rest == 0,
        EVP_CIPHER_CTX_ctrl(
          context.pointer, EVP_CTRL_AEAD_GET_TAG, Int32(tagLength), buffer.baseAddress.map { $0 + length }) == 1
      else { return }
      count = length + tagLength
      succeeded = true
    }
    guard succeeded else { throw .refused }
    return sealed
  }

  /// Decrypts what `seal` made. The plaintext exists outside only after the tag was found right.
  ///
  /// - Throws: `CipherError.notAuthentic` when anything was altered, other cases for wrong lengths.
  package static func open(
    ciphertext: some ByteSource, tag: some ByteSource, key: some ByteSource, nonce: some ByteSource,
    associated: some ByteSource
  ) throws(CipherError) -> SecretBytes {
    let length = ciphertext.withBytes(\.count)
    guard length <= maximumLength else { throw .refused }
    let givenTagLength = tag.withBytes(\.count)
    guard givenTagLength == tagLength else { throw .tagLength(givenTagLength) }
    let context = Context()
    try context.start(key: key, nonce: nonce, encrypting: false)
    guard context.addAssociated(associated) else { throw .refused }
    var isAuthentic = false
    let plaintext = SecretBytes(count: length) { output in
      var produced: Int32 = 0
      let updated = ciphertext.withBytes { input in
        EVP_DecryptUpdate(
          context.pointer, output.baseAddress?.assumingMemoryBound(to: UInt8.self), &produced,
          input.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(length))
      }
      let tagged = tag.withBytes { tag in
        EVP_CIPHER_CTX_ctrl(
          context.pointer, EVP_CTRL_AEAD_SET_TAG, Int32(tagLength), UnsafeMutableRawPointer(mutating: tag.baseAddress))
      }
      var rest: Int32 = 0
      var unused: UInt8 = 0
      isAuthentic =
        (updated == 1 || length == 0) && Int(produced) == length && tagged == 1
        && EVP_DecryptFinal_ex(context.pointer, &unused, &rest) == 1 && rest == 0
      // What was decrypted so far is not authentic: gone before anyone can see it.
      if !isAuthentic { OPENSSL_cleanse(output.baseAddress, output.count) }
    }
    guard isAuthentic else { throw .notAuthentic }
    return plaintext
  }

  /// One operation's state, wiped when released.
  private struct Context: ~Copyable {
    let pointer: OpaquePointer

    init() {
      guard let pointer = EVP_CIPHER_CTX_new() else { preconditionFailure("out of memory") }
      self.pointer = pointer
    }

    deinit { EVP_CIPHER_CTX_free(pointer) }

    func start(key: some ByteSource, nonce: some ByteSource, encrypting: Bool) throws(CipherError) {
      let givenKeyLength = key.withBytes(\.count)
      guard givenKeyLength == keyLength else { throw .keyLength(givenKeyLength) }
      let givenNonceLength = nonce.withBytes(\.count)
      guard givenNonceLength == nonceLength else { throw .nonceLength(givenNonceLength) }
      let started = key.withBytes { key in
        nonce.withBytes { nonce in
          // 12 bytes are the cipher's own nonce length, so it need not be set.
          EVP_CipherInit_ex2(
            pointer, implementation, key.baseAddress?.assumingMemoryBound(to: UInt8.self),
            nonce.baseAddress?.assumingMemoryBound(to: UInt8.self), encrypting ? 1 : 0, nil)
        }
      }
      guard started == 1 else { throw .refused }
    }

    func addAssociated(_ associated: some ByteSource) -> Bool {
      associated.withBytes { bytes in
        var length: Int32 = 0
        guard bytes.count > 0 else { return true }
        guard bytes.count <= maximumLength else { return false }
        return EVP_CipherUpdate(
          pointer, nil, &length, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(bytes.count)) == 1
      }
    }
  }
}
