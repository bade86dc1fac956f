import COpenSSL

/// The hash functions that webhook signatures use (FIPS 180-4).
package enum HashAlgorithm: String, Sendable, Hashable, CaseIterable {
  /// 20 bytes; only for HMAC, and only because providers still sign with it.
  case sha1
  /// 32 bytes.
  case sha256
  /// 64 bytes.
  case sha512

  /// Bytes of a digest.
  package var digestLength: Int {
    switch self {
    case .sha1: 20
    case .sha256: 32
    case .sha512: 64
    }
  }

  /// Bytes that the function takes in at a time, which HMAC pads its key to (RFC 2104 §2).
  var blockLength: Int {
    switch self {
    case .sha1, .sha256: 64
    case .sha512: 128
    }
  }

  /// OpenSSL's implementation, looked up once: a look-up costs as much as hashing 500 bytes.
  var implementation: OpaquePointer {
    switch self {
    case .sha1: Self.fetchedSHA1
    case .sha256: Self.fetchedSHA256
    case .sha512: Self.fetchedSHA512
    }
  }

  // SAFETY: a fetched EVP_MD is immutable and reference-counted by OpenSSL; these are never released.
  private nonisolated(unsafe) static let fetchedSHA1 = fetch("SHA1")
  private nonisolated(unsafe) static let fetchedSHA256 = fetch("SHA256")
  private nonisolated(unsafe) static let fetchedSHA512 = fetch("SHA512")

  private static func fetch(_ name: String) -> OpaquePointer {
    guard let digest = EVP_MD_fetch(nil, name, nil) else {
      // Only a libcrypto without its default provider; nothing could be verified then.
      preconditionFailure("libcrypto offers no \(name)")
    }
    return digest
  }
}

/// A hash over pieces that are given one after another.
package struct Digest: ~Copyable {
  private let algorithm: HashAlgorithm
  private let context: OpaquePointer

  /// Starts a hash.
  package init(_ algorithm: HashAlgorithm) {
    self.algorithm = algorithm
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
    self.context = context
    let result = EVP_DigestInit_ex2(context, algorithm.implementation, nil)
    precondition(result == 1, "libcrypto refused to start a hash")
  }

  // Wipes the state as well.
  deinit { EVP_MD_CTX_free(context) }

  /// Adds a piece.
  package mutating func update(_ piece: some ByteSource) {
    piece.withBytes { bytes in
      // Cannot fail for a started context (EVP_DigestUpdate(3)).
      _ = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }
  }

  /// The digest of the pieces so far; `update` must not be called afterwards.
  package mutating func finish() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: algorithm.digestLength) { buffer, count in
      var length: UInt32 = 0
      let result = EVP_DigestFinal_ex(context, buffer.baseAddress, &length)
      precondition(result == 1, "libcrypto refused to end a hash")
      count = Int(length)
    }
  }

  /// The digest of one piece.
  package static func of(_ piece: some ByteSource, _ algorithm: HashAlgorithm) -> [UInt8] {
    var digest = Digest(algorithm)
    digest.update(piece)
    return digest.finish()
  }
}
