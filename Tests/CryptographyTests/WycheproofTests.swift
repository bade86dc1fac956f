import Cryptography
import Testing

@Suite("Wycheproof", .enabled(if: Wycheproof.isPresent, "shared/corpora/wycheproof is not there"))
struct WycheproofTests {
  private struct AEADGroup: Decodable {
    struct Case: Decodable {
      var tcId: Int
      var key, iv, aad, msg, ct, tag: HexBytes
      var result: String
    }

    var ivSize, keySize, tagSize: Int
    var tests: [Case]
  }

  @Test("AES-256-GCM: every verdict, both ways; other nonce, key and tag lengths are refused by name")
  func gcm() throws {
    var applicable = 0
    var refused = 0
    for group in try Wycheproof.load("aes_gcm", AEADGroup.self) {
      for test in group.tests {
        let lengthFault: CipherError? =
          group.tagSize != 128
          ? .tagLength(test.tag.bytes.count)
          : group.keySize != 256
            ? .keyLength(test.key.bytes.count) : group.ivSize != 96 ? .nonceLength(test.iv.bytes.count) : nil
        do throws(CipherError) {
          let plaintext = try AESGCM.open(
            ciphertext: test.ct.bytes, tag: test.tag.bytes, key: test.key.bytes, nonce: test.iv.bytes, associated: test.aad.bytes)
          #expect(test.result == "valid" && lengthFault == nil, "\(test.tcId)")
          #expect(plaintext.revealed() == test.msg.bytes, "\(test.tcId)")
          let sealed = try AESGCM.seal(
            test.msg.bytes, key: test.key.bytes, nonce: test.iv.bytes, associated: test.aad.bytes)
          #expect(sealed == test.ct.bytes + test.tag.bytes, "\(test.tcId)")
          applicable += 1
        } catch {
          if let lengthFault {
            #expect(error == lengthFault, "\(test.tcId)")
            refused += 1
          } else {
            #expect(test.result == "invalid" && error == .notAuthentic, "\(test.tcId): \(error)")
            applicable += 1
          }
        }
      }
    }
    #expect(applicable > 50 && refused > 100, "\(applicable) \(refused)")
  }

  private struct MACGroup: Decodable {
    struct Case: Decodable {
      var tcId: Int
      var key, msg, tag: HexBytes
      var result: String
    }

    var tagSize: Int
    var tests: [Case]
  }

  @Test("HMAC: every verdict, whole and in pieces", arguments: HashAlgorithm.allCases)
  func hmac(_ algorithm: HashAlgorithm) throws {
    var count = 0
    for group in try Wycheproof.load("hmac_\(algorithm.rawValue)", MACGroup.self) {
      for test in group.tests {
        // The files also cut tags; Headgate never accepts a cut one, so the beginning is compared here only.
        let whole = HMAC.of(test.msg.bytes, key: test.key.bytes, algorithm)
        #expect(whole.count == algorithm.digestLength)
        let isEqual = constantTimeEqual(whole[..<(group.tagSize / 8)], test.tag.bytes)
        #expect(isEqual == (test.result == "valid"), "\(test.tcId)")
        var pieces = HMAC(algorithm, key: SecretBytes(copying: test.key.bytes))
        let middle = test.msg.bytes.count / 3
        pieces.update(test.msg.bytes[..<middle])
        pieces.update([])
        pieces.update(test.msg.bytes[middle...])
        #expect(pieces.finish() == whole, "\(test.tcId)")
        count += 1
      }
    }
    #expect(count > 150)
  }

  private struct HKDFGroup: Decodable {
    struct Case: Decodable {
      var tcId: Int
      var ikm, salt, info, okm: HexBytes
      var size: Int
      var result: String
    }

    var tests: [Case]
  }

  @Test("HKDF-SHA-256: every verdict")
  func hkdf() throws {
    for group in try Wycheproof.load("hkdf_sha256", HKDFGroup.self) {
      for test in group.tests {
        let derived = HKDF.derive(from: test.ikm.bytes, salt: test.salt.bytes, info: test.info.bytes, count: test.size)
        #expect(derived?.revealed() == (test.result == "valid" ? test.okm.bytes : nil), "\(test.tcId)")
      }
    }
  }

  private struct SignatureGroup: Decodable {
    struct Key: Decodable {
      var pk: HexBytes?
      var uncompressed: HexBytes?
    }

    struct Case: Decodable {
      var tcId: Int
      var msg, sig: HexBytes
      var result: String
    }

    var publicKey: Key
    var publicKeyDer: HexBytes
    var publicKeyPem: String
    var tests: [Case]
  }

  @Test(
    "Ed25519 and ECDSA P-256: every verdict, with the key raw, as SPKI and as PEM",
    arguments: [(PublicKeyAlgorithm.ed25519, "ed25519"), (.ecdsaP256, "ecdsa_secp256r1_sha256")])
  func signatures(_ algorithm: PublicKeyAlgorithm, _ file: String) throws {
    var count = 0
    for group in try Wycheproof.load(file, SignatureGroup.self) {
      let raw = try #require(group.publicKey.pk ?? group.publicKey.uncompressed).bytes
      let keys = [
        PublicKey(raw: raw, algorithm), PublicKey(spki: group.publicKeyDer.bytes, algorithm),
        PublicKey(text: group.publicKeyPem, algorithm), PublicKey(text: Hex.encode(raw), algorithm),
        PublicKey(text: Base64.encode(group.publicKeyDer.bytes), algorithm),
      ]
      #expect(!keys.contains { $0 == nil })
      for test in group.tests {
        for (index, key) in keys.enumerated() where index == 0 || test.tcId % 10 == 0 {
          let middle = test.msg.bytes.count / 2
          let pieces = [Array(test.msg.bytes[..<middle]), Array(test.msg.bytes[middle...])]
          #expect(key?.isValid(signature: test.sig.bytes, over: pieces) == (test.result == "valid"), "\(test.tcId)")
        }
        count += 1
      }
    }
    #expect(count > 100)
  }
}
