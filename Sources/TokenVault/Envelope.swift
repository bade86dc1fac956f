import Cryptography

/// The layout of everything that the vault encrypts: format (1 byte), version of the key (4 bytes, big-endian), in format 2 a
/// salt (12 bytes), nonce (12 bytes), ciphertext, tag (16 bytes).
///
/// The header is part of the associated data, so a changed format or version fails as every other change does.
struct Envelope {
  /// What the bytes were encrypted with; the raw value is the first byte.
  enum Format: UInt8 {
    /// AES-256-GCM by the key itself, with a random nonce and the associated data of `AssociatedData`.
    case direct = 1
    /// The same by a key of this message: HMAC-SHA-256 of the key over a purpose and the random salt, which is HKDF-Expand
    /// (RFC 5869 §2.3; §3.3: a key that is random needs no extraction). Salt and nonce together are 192 random bits, so that
    /// one key is good for 2^80 messages at a chance of 2^-33 that two have both in common; XAES-256-GCM (C2SP) is built alike.
    case derived = 2

    var saltLength: Int { self == .derived ? 12 : 0 }
  }

  static let headerLength = 5
  /// Bytes more than the plaintext.
  static func overhead(_ format: Format) -> Int {
    headerLength + format.saltLength + AESGCM.nonceLength + AESGCM.tagLength
  }

  let format: Format
  let keyVersion: UInt32
  private let salt: ArraySlice<UInt8>
  private let nonce: ArraySlice<UInt8>
  private let ciphertext: ArraySlice<UInt8>
  private let tag: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) throws(VaultError) {
    guard let first = bytes.first else { throw .truncated }
    guard let format = Format(rawValue: first) else { throw .unknownFormat(first) }
    guard bytes.count >= Self.overhead(format) else { throw .truncated }
    self.format = format
    keyVersion = bytes[1..<Self.headerLength].reduce(0) { $0 << 8 | UInt32($1) }
    let nonceStart = Self.headerLength + format.saltLength
    salt = bytes[Self.headerLength..<nonceStart]
    nonce = bytes[nonceStart..<(nonceStart + AESGCM.nonceLength)]
    ciphertext = bytes[(nonceStart + AESGCM.nonceLength)..<(bytes.count - AESGCM.tagLength)]
    tag = bytes[(bytes.count - AESGCM.tagLength)...]
  }

  static func seal(
    _ plaintext: SecretBytes, key: SecretBytes, version: UInt32, associated: AssociatedData, format: Format = .direct
  ) throws(VaultError) -> [UInt8] {
    let random = SecureRandom.bytes(count: format.saltLength + AESGCM.nonceLength)
    let sealed: [UInt8]
    do {
      sealed = try AESGCM.seal(
        plaintext, key: messageKey(key, format, salt: random.prefix(format.saltLength)),
        nonce: Array(random.dropFirst(format.saltLength)),
        associated: associated.bytes(format: format.rawValue, keyVersion: version))
    } catch {
      throw .refused
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(overhead(format) + plaintext.count)
    bytes.append(format.rawValue)
    withUnsafeBytes(of: version.bigEndian) { bytes.append(contentsOf: $0) }
    bytes += random
    bytes += sealed
    return bytes
  }

  func open(key: SecretBytes, associated: AssociatedData) throws(VaultError) -> SecretBytes {
    do {
      return try AESGCM.open(
        ciphertext: ciphertext, tag: tag, key: Self.messageKey(key, format, salt: salt), nonce: nonce,
        associated: associated.bytes(format: format.rawValue, keyVersion: keyVersion))
    } catch {
      throw .notAuthentic
    }
  }

  private static func messageKey(_ key: SecretBytes, _ format: Format, salt: ArraySlice<UInt8>) -> SecretBytes {
    guard format == .derived else { return key }
    var code = HMAC(.sha256, key: key)
    code.update("headgate message key")
    code.update(Array(salt))
    // The number of HKDF's first and only block.
    code.update([1])
    var derived = code.finish()
    defer { wipe(&derived) }
    return SecretBytes(copying: derived)
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
