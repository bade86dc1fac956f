import Cryptography
import Testing

@Suite("Hex and base 64")
struct EncodingTests {
  /// RFC 4648 §10.
  static let known: [(String, String, String)] = [
    ("", "", ""), ("f", "Zg==", "66"), ("fo", "Zm8=", "666f"), ("foo", "Zm9v", "666f6f"), ("foob", "Zm9vYg==", "666f6f62"),
    ("fooba", "Zm9vYmE=", "666f6f6261"), ("foobar", "Zm9vYmFy", "666f6f626172"),
  ]

  @Test("Known answers", arguments: known)
  func knownAnswers(_ text: String, _ base64: String, _ hex: String) {
    let bytes = Array(text.utf8)
    #expect(Base64.encode(bytes) == base64 && Base64.decode(base64) == bytes)
    #expect(Hex.encode(bytes) == hex && Hex.decode(hex) == bytes && Hex.decode(hex.uppercased()) == bytes)
    let bare = String(base64.prefix { $0 != "=" })
    #expect(Base64.encode(bytes, padding: .absent) == bare && Base64.decode(bare, padding: .absent) == bytes)
    #expect(Base64.decode(bare, padding: .optional) == bytes && Base64.decode(base64, padding: .optional) == bytes)
  }

  @Test(
    "Base 64 that is refused",
    arguments: [
      "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v=", "Zm9v====", "Z===", "=", "==", "====", "Zm 9v", "Zm9v\n", "Zm-_",
      "Zm9v!", "Zg==Zg==", "Zm9vZ", "é",
    ])
  func refusedBase64(_ text: String) { #expect(Base64.decode(text) == nil) }

  @Test("Base 64 without padding that is refused", arguments: ["Zg==", "Z", "Zh", "Zm9"])
  func refusedUnpadded(_ text: String) { #expect(Base64.decode(text, padding: .absent) == nil) }

  @Test("Padding that may be absent must otherwise be whole", arguments: ["Zg=", "Zg===", "Zm9v=", "="])
  func refusedOptional(_ text: String) { #expect(Base64.decode(text, padding: .optional) == nil) }

  @Test("Spare bits are refused, or ignored where asked")
  func spareBits() {
    #expect(Base64.decode("Zh==") == nil && Base64.decode("Zh==", ignoresSpareBits: true) == Array("f".utf8))
  }

  @Test("The alphabets are apart")
  func alphabets() {
    let bytes: [UInt8] = [0xfb, 0xef, 0xff]
    #expect(Base64.encode(bytes) == "++//" && Base64.encode(bytes, alphabet: .urlSafe) == "--__")
    #expect(Base64.decode("--__") == nil && Base64.decode("++//", alphabet: .urlSafe) == nil)
    #expect(Base64.decode("--__", alphabet: .urlSafe) == bytes)
  }

  @Test("Hex that is refused", arguments: ["0", "000", "0g", "g0", " 00", "00 ", "0x00", "é", "٠٠", "/0", ":0", "@0", "`0"])
  func refusedHex(_ text: String) { #expect(Hex.decode(text) == nil) }

  @Test("Random bytes come back", arguments: 0..<100)
  func roundTrip(_ count: Int) {
    let bytes = SecureRandom.bytes(count: count)
    #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    #expect(
      Base64.decode(Base64.encode(bytes, alphabet: .urlSafe, padding: .absent), alphabet: .urlSafe, padding: .absent) == bytes)
  }
}
