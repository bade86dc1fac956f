import Cryptography

/// How the text that a sender shows as its secret becomes the key.
package struct SignatureSecretForm: Hashable, Sendable {
  /// What the text is an encoding of.
  enum Decoding: String, Hashable, Sendable, CaseIterable {
    /// The text is the key, also where it looks like something else.
    case utf8
    /// With or without padding, either alphabet.
    case base64
    case hex
    /// The SHA-1 digest of the text is the key (Braintree: lib/braintree/digest.rb of its Ruby library).
    case sha1
  }

  var decoding: Decoding = .utf8
  /// Taken off first, where it is there.
  var strippedPrefix: [UInt8] = []
  /// Whether HTML's entities are decoded, as WordPress does with its options (`wp_specialchars_decode`).
  var unescapesHTML = false
  /// Before it stands an identifier, which is no part of the key; `nil`: the text is the key only.
  var identifierSeparator: UInt8?

  /// Calls `body` with the key that the text stands for; `nil` when it cannot be one. Never with an empty key: anyone can
  /// sign with that.
  func withKey<Result>(of secret: some ByteSource, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
    if decoding == .utf8, strippedPrefix.isEmpty, !unescapesHTML, identifierSeparator == nil {
      return secret.withBytes { $0.isEmpty ? nil : body($0) }
    }
    var text = secret.withBytes { Array($0) }
    defer { wipe(&text) }
    if !strippedPrefix.isEmpty, text.starts(with: strippedPrefix) { text.removeFirst(strippedPrefix.count) }
    if let identifierSeparator {
      guard let end = text.firstIndex(of: identifierSeparator) else { return nil }
      text.removeSubrange(...end)
    }
    if unescapesHTML { text = Self.unescapeHTML(text) }
    var decoded: [UInt8]?
    switch decoding {
    case .utf8: decoded = text
    case .base64:
      // Leniently: secrets exist that are random letters, and the libraries of their senders decode them all the same.
      decoded =
        Base64.decode(text, padding: .optional, ignoresSpareBits: true)
        ?? Base64.decode(text, alphabet: .urlSafe, padding: .optional, ignoresSpareBits: true)
    case .hex: decoded = Hex.decode(text)
    case .sha1: decoded = text.isEmpty ? nil : Digest.of(text, .sha1)
    }
    guard var bytes = decoded, !bytes.isEmpty else { return nil }
    decoded = nil
    defer { wipe(&bytes) }
    return bytes.withUnsafeBytes(body)
  }

  /// The identifier that stands before the key; `nil`: there is none.
  func identifier(of secret: some ByteSource) -> [UInt8]? {
    guard let identifierSeparator else { return nil }
    return secret.withBytes { bytes in
      bytes.firstIndex(of: identifierSeparator).map { Array(bytes[..<$0]) }
    }
  }

  /// The text that has these bytes as its key, or, for plain text, their hex digits.
  func encode(_ bytes: SecretBytes) -> String {
    let identifier = identifierSeparator.map { "headgate" + String(decoding: [$0], as: UTF8.self) } ?? ""
    let prefix = String(decoding: strippedPrefix, as: UTF8.self) + identifier
    switch decoding {
    case .utf8, .hex, .sha1: return prefix + Hex.encode(bytes)
    case .base64: return prefix + Base64.encode(bytes)
    }
  }

  /// The entities that `wp_specialchars_decode(text, ENT_QUOTES)` knows (WordPress, wp-includes/formatting.php).
  private static let entities: [(text: [UInt8], character: UInt8)] = [
    ("&quot;", "\""), ("&#034;", "\""), ("&#x22;", "\""), ("&#039;", "'"), ("&#x27;", "'"), ("&lt;", "<"), ("&#060;", "<"),
    ("&gt;", ">"), ("&#062;", ">"), ("&amp;", "&"), ("&#038;", "&"), ("&#x26;", "&"),
  ].map { (Array($0.0.utf8), UInt8(ascii: $0.1)) }

  /// One pass: what comes out of an entity is not decoded again.
  private static func unescapeHTML(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = text[...]
    while let byte = rest.first {
      if byte == UInt8(ascii: "&"), let entity = entities.first(where: { rest.starts(with: $0.text) }) {
        result.append(entity.character)
        rest = rest.dropFirst(entity.text.count)
      } else {
        result.append(byte)
        rest = rest.dropFirst()
      }
    }
    return result
  }
}
