import Cryptography

/// The layout of everything that the vault encrypts: format (1 byte), version of the key (4 bytes, big-endian), nonce
/// (12 bytes), ciphertext, tag (16 bytes).
///
/// The header is part of the associated data, so a changed format or version fails as every other change does.
struct Envelope {
  /// AES-256-GCM with a random nonce and the associated data of `AssociatedData`.
  static let format: UInt8 = 1
  static let headerLength = 5
  static let overhead = headerLength + AESGCM.nonceLength + AESGCM.tagLength

  let keyVersion: UInt32
  let nonce: ArraySlice<UInt8>
  let ciphertext: ArraySlice<UInt8>
  let tag: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) throws(VaultError) {
    guard let format = bytes.first else { throw .truncated }
    guard format == Self.format else { throw .unknownFormat(format) }
    guard bytes.count >= Self.overhead else { throw .truncated }
    keyVersion = bytes[1..<Self.headerLength].reduce(0) { $0 << 8 | UInt32($1) }
    nonce = bytes[Self.headerLength..<(Self.headerLength + AESGCM.nonceLength)]
    ciphertext = bytes[(Self.headerLength + AESGCM.nonceLength)..<(bytes.count - AESGCM.tagLength)]
    tag = bytes[(bytes.count - AESGCM.tagLength)...]
  }

  static func seal(
    _ plaintext: SecretBytes, key: SecretBytes, version: UInt32, associated: AssociatedData
  ) throws(VaultError) -> [UInt8] {
    let nonce = SecureRandom.bytes(count: AESGCM.nonceLength)
    let sealed: [UInt8]
    do {
      sealed = try AESGCM.seal(
        plaintext, key: key, nonce: nonce, associated: associated.bytes(format: format, keyVersion: version))
    } catch {
      throw .refused
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(overhead + plaintext.count)
    bytes.append(format)
    withUnsafeBytes(of: version.bigEndian) { bytes.append(contentsOf: $0) }
    bytes += nonce
    bytes += sealed
    return bytes
  }

  func open(key: SecretBytes, associated: AssociatedData) throws(VaultError) -> SecretBytes {
    do {
      return try AESGCM.open(
        ciphertext: ciphertext, tag: tag, key: key, nonce: nonce,
        associated: associated.bytes(format: Self.format, keyVersion: keyVersion))
    } catch {
      throw .notAuthentic
    }
  }
}

/// What a ciphertext is bound to: a purpose and fields, each with its length, so that no two lists give the same bytes.
struct AssociatedData {
  let purpose: StaticString
  let fields: [[UInt8]]

  func bytes(format: UInt8, keyVersion: UInt32) -> [UInt8] {
    var bytes: [UInt8] = [format]
    bytes.reserveCapacity(128)
    withUnsafeBytes(of: keyVersion.bigEndian) { bytes.append(contentsOf: $0) }
    purpose.withUTF8Buffer { append(Array($0), to: &bytes) }
    for field in fields { append(field, to: &bytes) }
    return bytes
  }

  private func append(_ field: [UInt8], to bytes: inout [UInt8]) {
    withUnsafeBytes(of: UInt32(field.count).bigEndian) { bytes.append(contentsOf: $0) }
    bytes += field
  }
}
