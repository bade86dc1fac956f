/// How a trigger knows its caller; the raw values are those of `auth.mode` in a flow file.
package enum AuthenticationMode: String, Sendable, Hashable, CaseIterable {
  /// `Authorization: Bearer <token>` (RFC 6750 §2.1).
  case bearer
  /// The token in a named header field.
  case header
  /// The token in a query parameter.
  case query
  /// `Authorization: Basic <user:password>` (RFC 7617).
  case basic
  /// A signature with a shared secret (RFC 2104).
  case hmac
  /// A signature with the sender's Ed25519 key (RFC 8032).
  case ed25519
  /// A signature with the sender's ECDSA key on P-256, over SHA-256.
  case ecdsaP256 = "ecdsa-p256"
  /// Nothing is checked; an explicit choice.
  case open = "public"

  /// Whether the trigger has a secret or, for public-key modes, the sender's key.
  package var needsSecret: Bool { self != .open }

  /// Whether the "secret" is the sender's public key, which nobody can generate here.
  package var usesPublicKey: Bool { self == .ed25519 || self == .ecdsaP256 }

  /// Whether requests carry a signature over their content.
  package var isSigned: Bool { self == .hmac || usesPublicKey }
}
