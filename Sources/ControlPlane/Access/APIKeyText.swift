import Cryptography

/// The text of an API key: `hgk_` and, in base64url, 32 random bytes with 4 bytes of checksum; 52 characters.
///
/// The checksum lets a mistyped or cut key be told from a wrong one without looking it up, and lets searches for leaked
/// secrets be sure of what they found.
package enum APIKeyText {
  package static let prefix = "hgk_"
  private static let randomLength = 32
  private static let checksumLength = 4
  /// Characters of a key.
  package static let length = 52
  /// Characters that a key is told by in lists: 48 of its 256 bits.
  package static let shownLength = 12

  /// A new key.
  package static func generate() -> String {
    let secret = SecretBytes.random(count: randomLength).revealed()
    return prefix + Base64.encode(secret + checksum(secret), alphabet: .urlSafe, padding: .absent)
  }

  /// Whether the text has the form of a key and its checksum is right.
  package static func isWellFormed(_ text: String) -> Bool {
    guard text.utf8.count == length, text.hasPrefix(prefix),
      let bytes = Base64.decode(Array(text.utf8.dropFirst(prefix.utf8.count)), alphabet: .urlSafe, padding: .absent),
      bytes.count == randomLength + checksumLength
    else { return false }
    let secret = Array(bytes.prefix(randomLength))
    return constantTimeEqual(checksum(secret), Array(bytes.suffix(checksumLength)))
  }

  /// What is stored of a key. A plain hash is enough: 256 random bits cannot be guessed, however fast guesses are tried.
  package static func hash(_ text: String) -> [UInt8] { Digest.of(text, .sha256) }

  /// The first characters, to tell a key by.
  package static func shown(_ text: String) -> String { String(text.prefix(shownLength)) }

  private static func checksum(_ secret: [UInt8]) -> [UInt8] {
    var digest = Digest(.sha256)
    digest.update("headgate api key")
    digest.update(secret)
    return Array(digest.finish().prefix(checksumLength))
  }
}
