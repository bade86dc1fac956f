package import Cryptography

/// What a trigger checks before it believes its caller: the `auth` object of a flow file, without the secret.
package struct AuthenticationRule: Hashable, Sendable {
  /// Where the credential is and how it is checked.
  package enum Method: Hashable, Sendable {
    /// Nothing is checked.
    case open
    /// A bearer token.
    case bearer
    /// A token in the header field of that lower-case name, after the literal prefix.
    case header(name: [UInt8], prefix: [UInt8])
    /// A token in the query parameter of that name.
    case query(name: [UInt8])
    /// The secret as the password of that user.
    case basic(username: [UInt8])
    /// A signature.
    case signature(SignatureScheme)
  }

  /// The mode's name.
  package let mode: AuthenticationMode
  /// What is checked.
  package let method: Method
  /// The preset that the method was taken from.
  let preset: Preset?
  /// The URL as the sender knows it, for schemes that sign it; `nil`: the edge node's base and the trigger's path.
  package let publicURL: [UInt8]?
  /// The tolerance set beside a preset, in seconds; `nil`: the preset's own.
  package let toleranceSeconds: Int?
  /// The handshake set in the flow file; `nil`: the preset's, if it has one.
  let ownHandshake: Handshake?

  /// Makes a rule. A preset decides the method; `toleranceSeconds` replaces that of its scheme.
  init(
    mode: AuthenticationMode, method: Method, preset: Preset? = nil, publicURL: [UInt8]? = nil, toleranceSeconds: Int? = nil,
    handshake: Handshake? = nil
  ) {
    self.mode = mode
    ownHandshake = handshake
    if let toleranceSeconds, case .signature(var scheme) = method {
      scheme.timestamp?.toleranceSeconds = toleranceSeconds
      self.method = .signature(scheme)
    } else {
      self.method = method
    }
    self.preset = preset
    self.publicURL = publicURL
    self.toleranceSeconds = toleranceSeconds
  }

  /// Nothing is checked.
  package static let open = AuthenticationRule(mode: .open, method: .open)

  /// The places whose values are tokens or passwords, the verify token included. Signatures are none: they open nothing by
  /// themselves, and a replay verifies them again.
  package var redactions: Redactions {
    var redactions = methodRedactions
    switch handshake?.check {
    case .header(let name)?: redactions.headers.append(name)
    case .query(let name)?: redactions.parameters.append(name)
    case .json?, .form?, nil: break
    }
    return redactions
  }

  private var methodRedactions: Redactions {
    switch method {
    case .open, .signature: Redactions()
    case .bearer, .basic: Redactions(headers: [AuthenticationRule.authorization])
    case .header(let name, _): Redactions(headers: [name])
    case .query(let name): Redactions(parameters: [name])
    }
  }

  /// A new random secret of the form that the mode takes; `nil` where none is needed or the sender makes it.
  package func generateSecret() -> SecretBytes? {
    guard mode.needsSecret, !mode.usesPublicKey else { return nil }
    let random = SecretBytes.random(count: Self.generatedLength)
    guard case .signature(let scheme) = method else { return SecretBytes(copying: Hex.encode(random)) }
    return SecretBytes(copying: scheme.secret.encode(random))
  }

  /// How the secret's text becomes the key that signs.
  var secretForm: SignatureSecretForm {
    if case .signature(let scheme) = method { scheme.secret } else { SignatureSecretForm() }
  }

  /// Whether a handshake asks for a verify token, which is set here and given to the provider.
  package var usesVerifyToken: Bool { handshake?.check != nil }

  /// A new random verify token; `nil` where none is asked for.
  package func generateVerifyToken() -> SecretBytes? {
    usesVerifyToken ? SecretBytes(copying: Hex.encode(SecretBytes.random(count: Self.generatedLength))) : nil
  }

  /// What the bytes of a verify token set by hand can be.
  package static let verifyTokenLengths = 1...256

  /// What is wrong with a secret set by hand; `nil` when it can verify something.
  ///
  /// - Parameter path: of the fault, such as "nodes[0].auth.secret".
  package func fault(ofSecret secret: SecretBytes, at path: String) -> ConfigurationFault? {
    guard mode.needsSecret else { return nil }
    guard !secret.isEmpty else { return ConfigurationFault(path, .required, "The secret must not be empty.") }
    switch method {
    case .open: return nil
    case .bearer, .header:
      guard secret.withBytes({ Self.isHeaderToken($0) }) else {
        return ConfigurationFault(
          path, .invalidValue, "A token in a header can have no control characters and no space at its ends.")
      }
      return nil
    case .query, .basic: return nil
    case .signature(let scheme): return scheme.fault(ofSecret: secret, at: path)
    }
  }

  /// Bytes of a generated secret.
  private static let generatedLength = 32

  static let authorization = Array("authorization".utf8)

  /// Whether a header field can carry the bytes unchanged (RFC 9110 §5.5).
  private static func isHeaderToken(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let first = bytes.first, let last = bytes.last, first != 0x20, last != 0x20 else { return false }
    return bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
  }
}
