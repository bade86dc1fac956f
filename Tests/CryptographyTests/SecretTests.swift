import Cryptography
import Testing

@Suite("Secrets")
struct SecretTests {
  @Test("No description, dump or interpolation shows a secret")
  func redaction() {
    let secret = SecretBytes(copying: "canary-canary")
    var dumped = ""
    dump(secret, to: &dumped)
    for text in ["\(secret)", String(reflecting: secret), dumped, "\([secret])", "\(Optional(secret) as Any)"] {
      #expect(!text.contains("canary"), "\(text)")
      #expect(!text.contains("99, 97, 110"), "\(text)")
    }
    #expect("\(secret)" == "<redacted, 13 bytes>")
  }

  @Test("Bytes go in and come out, in secure memory and beyond it", arguments: [0, 1, 31, 32, 4096, 8 << 20])
  func contents(_ count: Int) {
    let bytes = SecureRandom.bytes(count: count)
    let secret = SecretBytes(copying: bytes)
    #expect(secret.revealed() == bytes && secret.count == count && secret.isEmpty == (count == 0))
    #expect(secret == SecretBytes(copying: bytes))
    #expect(secret != SecretBytes(copying: bytes + [0]))
  }

  @Test("A secret whose making fails is not made")
  func failure() {
    struct Failure: Error {}
    #expect(throws: Failure.self) { _ = try SecretBytes(count: 16) { _ in throw Failure() } }
  }

  @Test("Random secrets differ and wiped arrays are zero")
  func random() {
    #expect(SecretBytes.random(count: 32) != SecretBytes.random(count: 32))
    var bytes: [UInt8] = [1, 2, 3]
    wipe(&bytes)
    #expect(bytes == [0, 0, 0])
  }

  @Test("Equality is of all bytes and of the length")
  func equality() {
    let bytes = SecureRandom.bytes(count: 64)
    #expect(constantTimeEqual(bytes, bytes))
    #expect(constantTimeEqual([UInt8](), [UInt8]()))
    for index in bytes.indices {
      var other = bytes
      other[index] ^= 1
      #expect(!constantTimeEqual(bytes, other))
      #expect(!constantTimeEqual(bytes, bytes[..<index]) && !constantTimeEqual(bytes[..<index], bytes))
    }
    #expect(!constantTimeEqual(bytes, [UInt8]()) && !constantTimeEqual("a", "A") && constantTimeEqual("ab", Array("ab".utf8)))
  }
}

@Suite("Ciphers and keys at their edges")
struct EdgeTests {
  static let key = [UInt8](repeating: 7, count: 32)
  static let nonce = [UInt8](repeating: 9, count: 12)

  @Test("Wrong lengths are refused by name", arguments: [0, 1, 11, 13, 16, 31, 33, 64])
  func lengths(_ count: Int) {
    let bytes = [UInt8](repeating: 0, count: count)
    #expect(throws: CipherError.keyLength(count)) {
      _ = try AESGCM.seal("x", key: bytes, nonce: Self.nonce, associated: "")
    }
    #expect(throws: CipherError.nonceLength(count)) {
      _ = try AESGCM.seal("x", key: Self.key, nonce: bytes, associated: "")
    }
    if count != AESGCM.tagLength {
      #expect(throws: CipherError.tagLength(count)) {
        _ = try AESGCM.open(ciphertext: "x", tag: bytes, key: Self.key, nonce: Self.nonce, associated: "")
      }
    }
  }

  @Test("Nothing is released when anything was altered")
  func alteration() throws {
    let sealed = try AESGCM.seal("plaintext", key: Self.key, nonce: Self.nonce, associated: "place")
    let (ciphertext, tag) = (Array(sealed.dropLast(16)), Array(sealed.suffix(16)))
    func open(_ ciphertext: [UInt8], _ tag: [UInt8], _ key: [UInt8], _ nonce: [UInt8], _ place: String) throws -> [UInt8] {
      try AESGCM.open(ciphertext: ciphertext, tag: tag, key: key, nonce: nonce, associated: place).revealed()
    }
    #expect(try open(ciphertext, tag, Self.key, Self.nonce, "place") == Array("plaintext".utf8))
    func flipped(_ bytes: [UInt8], _ bit: Int) -> [UInt8] {
      var bytes = bytes
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      return bytes
    }
    for bit in 0..<(8 * ciphertext.count) {
      #expect(throws: CipherError.notAuthentic) { try open(flipped(ciphertext, bit), tag, Self.key, Self.nonce, "place") }
    }
    for bit in 0..<128 {
      #expect(throws: CipherError.notAuthentic) { try open(ciphertext, flipped(tag, bit), Self.key, Self.nonce, "place") }
    }
    for bit in 0..<96 {
      #expect(throws: CipherError.notAuthentic) { try open(ciphertext, tag, Self.key, flipped(Self.nonce, bit), "place") }
    }
    #expect(throws: CipherError.notAuthentic) { try open(ciphertext, tag, flipped(Self.key, 0), Self.nonce, "place") }
    #expect(throws: CipherError.notAuthentic) { try open(ciphertext, tag, Self.key, Self.nonce, "placf") }
    #expect(throws: CipherError.notAuthentic) { try open(Array(ciphertext.dropLast()), tag, Self.key, Self.nonce, "place") }
  }

  @Test("An empty message and empty associated data")
  func empty() throws {
    let sealed = try AESGCM.seal("", key: Self.key, nonce: Self.nonce, associated: "")
    #expect(sealed.count == 16)
    #expect(try AESGCM.open(ciphertext: "", tag: sealed, key: Self.key, nonce: Self.nonce, associated: "").isEmpty)
  }

  @Test(
    "Texts that are no public key",
    arguments: [
      "", "x", "00", String(repeating: "0", count: 64) + "0", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
      "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
      String(repeating: "04", count: 65),
    ])
  func noKeys(_ text: String) {
    #expect(PublicKey(text: text, .ecdsaP256) == nil)
    #expect(PublicKey(text: text, .ed25519) == nil)
  }

  @Test("A key of one algorithm is none of the other")
  func otherAlgorithm() throws {
    // https://github.com/sendgrid/sendgrid-python prints this key.
    let spki =
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/R1NGe1OPzpA=="
    #expect(PublicKey(text: spki, .ecdsaP256) != nil)
    #expect(PublicKey(text: spki, .ed25519) == nil)
    let bytes = try #require(Base64.decode(spki))
    #expect(PublicKey(spki: bytes + [0], .ecdsaP256) == nil)
    #expect(PublicKey(spki: Array(bytes.dropLast()), .ecdsaP256) == nil)
    var offCurve = bytes
    offCurve[offCurve.count - 1] ^= 1
    #expect(PublicKey(spki: offCurve, .ecdsaP256) == nil)
  }
}
