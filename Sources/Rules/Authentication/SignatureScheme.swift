import Cryptography

/// How a sender signs its requests, as data: where the signature is, what it covers, with which secret.
package struct SignatureScheme: Hashable, Sendable {
  /// Fixed by the trigger; never taken from a request.
  enum Algorithm: Hashable, Sendable {
    case hmac(HashAlgorithm)
    /// The digest of a text that the secret is a part of: weaker than HMAC (a longer text can be signed from a signature),
    /// and only for senders that have nothing else.
    case digest(HashAlgorithm)
    case publicKey(PublicKeyAlgorithm)
  }

  /// The text form of signatures and digests.
  enum Encoding: String, Hashable, Sendable, CaseIterable {
    /// Digits of either case.
    case hex
    /// With padding (RFC 4648 §4).
    case base64
    /// With or without padding (RFC 4648 §5).
    case base64url
  }

  /// Where signatures are and how they are picked out.
  struct Location: Hashable, Sendable {
    enum Place: Hashable, Sendable {
      /// Any of these fields, each at most once.
      case headers([HeaderNamePattern])
      case query([UInt8])
      case json(DottedPath)
      /// A field of a form body.
      case form([UInt8])
    }

    var place: Place
    /// Between the items of a list; `nil`: the whole value is one item.
    var listSeparator: UInt8?
    /// Between an item's name and its value, split at the first; `nil`: the item is the signature.
    var pairSeparator: UInt8?
    /// The name of the items that are signatures; all others are ignored. `anyKey`: they have any name.
    var key: [UInt8]?

    /// What stands for any name.
    static let anyKey = [UInt8(ascii: "*")]
  }

  /// The sender's time, which bounds how long a captured request can be sent again.
  struct Timestamp: Hashable, Sendable {
    enum Place: Hashable, Sendable {
      /// Beside the signature, under this name.
      case signature([UInt8])
      case header([UInt8])
      case json(DottedPath)
    }

    var place: Place
    var unit: SignatureTimeUnit
    /// How far it may be from the present, both ways, the bound included; `nil`: it is signed but not judged.
    var toleranceSeconds: Int?
  }

  /// A digest of the body that stands in the (signed) URL.
  struct BodyDigest: Hashable, Sendable {
    var parameter: [UInt8]
    var algorithm: HashAlgorithm
    var encoding: Encoding
  }

  /// Refuses bodies whose array has another length, because the signature covers that many elements only.
  struct ArrayGuard: Hashable, Sendable {
    var path: DottedPath
    var count: Int
  }

  var algorithm: Algorithm
  var encoding: Encoding
  var location: Location
  /// The signed text; a signature over any of them is right.
  var signed: [SignedTemplate]
  var timestamp: Timestamp?
  /// A public key's signature is over this digest of the text; `nil`: over the text itself.
  var prehash: HashAlgorithm?
  var secret: SignatureSecretForm
  var urlVariants: [SignedURLVariant]
  var bodyDigest: BodyDigest?
  var arrayGuard: ArrayGuard?

  /// Bytes of one signature; `nil` where it varies.
  var signatureLength: Int? {
    switch algorithm {
    case .hmac(let hash), .digest(let hash): hash.digestLength
    case .publicKey(.ed25519): 64
    case .publicKey(.ecdsaP256): nil
    }
  }

  /// Whether the URL is signed, so that its public form must be known.
  package var signsURL: Bool { signed.contains { $0.usesURL } }
}

extension SignatureScheme.Encoding {
  /// The bytes; `nil` when the text is not of this encoding. Strict, so that a signature has one text (hex: two cases).
  func decode(_ text: some ByteSource) -> [UInt8]? {
    switch self {
    case .hex: Hex.decode(text)
    case .base64: Base64.decode(text)
    case .base64url: Base64.decode(text, alphabet: .urlSafe, padding: .optional)
    }
  }
}
