import COpenSSL

/// The signature algorithms with public keys that webhook senders use.
package enum PublicKeyAlgorithm: String, Sendable, Hashable, CaseIterable {
  /// EdDSA on edwards25519 (RFC 8032); signatures of 64 bytes.
  case ed25519
  /// ECDSA on P-256 with SHA-256 (FIPS 186-4); signatures in DER form.
  case ecdsaP256 = "ecdsa-p256"
}

/// A sender's public key.
// `@unchecked`: OpenSSL's EVP_PKEY is not changed after `init`, and verifying with one from several threads is allowed
// (openssl-threads(7)).
package final class PublicKey: @unchecked Sendable {
  /// What signatures the key verifies.
  package let algorithm: PublicKeyAlgorithm
  private let key: OpaquePointer

  /// The beginning of a SubjectPublicKeyInfo for a P-256 point of 65 bytes (RFC 5480 §2).
  private static let uncompressedPointPrefix: [UInt8] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
    0x01, 0x07, 0x03, 0x42, 0x00,
  ]

  private init(algorithm: PublicKeyAlgorithm, key: OpaquePointer) {
    self.algorithm = algorithm
    self.key = key
  }

  deinit { EVP_PKEY_free(key) }

  /// A key of its own bytes: 32 of Ed25519, or 65 of an uncompressed P-256 point (SEC 1 §2.3.3). `nil` for anything else.
  package convenience init?(raw bytes: [UInt8], _ algorithm: PublicKeyAlgorithm) {
    switch algorithm {
    case .ed25519:
      guard bytes.count == 32, let key = EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, bytes, bytes.count) else {
        return nil
      }
      self.init(algorithm: algorithm, key: key)
    case .ecdsaP256:
      guard bytes.count == 65, bytes[0] == 0x04 else { return nil }
      self.init(spki: Self.uncompressedPointPrefix + bytes, algorithm)
    }
  }

  /// A key of a SubjectPublicKeyInfo in DER form (RFC 5280 §4.1.2.7). `nil` for anything else, also for another algorithm,
  /// another curve, and bytes after the end.
  package convenience init?(spki bytes: [UInt8], _ algorithm: PublicKeyAlgorithm) {
    let parsed = bytes.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var position = buffer.baseAddress
      guard let key = d2i_PUBKEY(nil, &position, buffer.count) else { return nil }
      guard position == buffer.baseAddress.map({ $0 + buffer.count }), Self.matches(key, algorithm) else {
        EVP_PKEY_free(key)
        return nil
      }
      return key
    }
    guard let parsed else {
      ERR_clear_error()
      return nil
    }
    self.init(algorithm: algorithm, key: parsed)
  }

  /// A key in any of the forms in which senders give theirs: PEM (`BEGIN PUBLIC KEY`), hex or base64 of the raw bytes or of
  /// the SubjectPublicKeyInfo. `nil` for anything else.
  package convenience init?(text: String, _ algorithm: PublicKeyAlgorithm) {
    let lines = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    var bytes: [UInt8]?
    if lines.hasPrefix("-----BEGIN PUBLIC KEY-----"), lines.hasSuffix("-----END PUBLIC KEY-----") {
      let body = lines.dropFirst("-----BEGIN PUBLIC KEY-----".count).dropLast("-----END PUBLIC KEY-----".count)
      bytes = Base64.decode(String(body.filter { $0 != " " }))
    } else {
      bytes = Hex.decode(lines) ?? Base64.decode(lines, padding: .optional)
    }
    guard let bytes else { return nil }
    if bytes.count == 32 || bytes.count == 65 {
      self.init(raw: bytes, algorithm)
    } else {
      self.init(spki: bytes, algorithm)
    }
  }

  /// Whether `signature` is the key's over the pieces of the message, taken one after another.
  ///
  /// Ed25519 hashes the message twice and needs it whole: several pieces are joined for it.
  package func isValid(signature: some ByteSource, over pieces: [[UInt8]]) -> Bool {
    guard let context = EVP_MD_CTX_new() else { return false }
    defer {
      EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    return signature.withBytes { signature in
      guard let start = signature.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
      switch algorithm {
      case .ed25519:
        let message = pieces.count == 1 ? pieces[0] : Array(pieces.joined())
        return EVP_DigestVerifyInit_ex(context, nil, nil, nil, nil, key, nil) == 1
          && EVP_DigestVerify(context, start, signature.count, message, message.count) == 1
      case .ecdsaP256:
        guard EVP_DigestVerifyInit_ex(context, nil, "SHA256", nil, nil, key, nil) == 1 else { return false }
        for piece in pieces where EVP_DigestVerifyUpdate(context, piece, piece.count) != 1 { return false }
        return EVP_DigestVerifyFinal(context, start, signature.count) == 1
      }
    }
  }

  private static func matches(_ key: OpaquePointer, _ algorithm: PublicKeyAlgorithm) -> Bool {
    switch algorithm {
    case .ed25519: return EVP_PKEY_is_a(key, "ED25519") == 1
    case .ecdsaP256:
      guard EVP_PKEY_is_a(key, "EC") == 1 else { return false }
      var name = [CChar](repeating: 0, count: 64)
      var length = 0
      guard EVP_PKEY_get_group_name(key, &name, name.count, &length) == 1 else { return false }
      return name.prefix(length).elementsEqual("prime256v1".utf8.map { CChar($0) })
    }
  }
}
