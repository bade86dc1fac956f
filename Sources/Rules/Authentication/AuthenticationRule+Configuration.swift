import Cryptography
package import JSON

/// The `auth` object of a flow file: the rule, and apart from it what was said of the secret.
package struct ParsedAuthentication: Sendable {
  /// Without the secret.
  package var rule: AuthenticationRule
  /// For the vault; never part of a stored configuration.
  package var secret: SecretInput
  /// Of the verify token, where a handshake asks for one; never `pending`.
  package var verifyToken = SecretInput.none
}

extension AuthenticationRule {
  /// Name of the query parameter where none is set.
  package static let defaultParameter = "token"
  /// The longest secret set by hand, in bytes.
  package static let maximumSecretLength = 4096
  /// The longest public URL, in bytes.
  static let maximumURLLength = 2048

  /// Reads the value of `auth`:
  /// `{mode: bearer}`, `{mode: header, name: x-token, prefix: "Token "}`, `{mode: query, name: token}`,
  /// `{mode: basic, username: shop}`, `{mode: hmac, preset: kiwify}`, `{mode: hmac, scheme: {…}}`,
  /// `{mode: ed25519, scheme: {…}, public_key: …}`, `{mode: public}`; a preset alone sets the mode. Each with
  /// `handshake: {…}` and, where that checks one, `verify_token: …`.
  ///
  /// - Returns: `nil`, with every fault, when there is no rule in it.
  package static func parse(
    _ json: JSONValue, at path: String, faults: inout [ConfigurationFault]
  ) -> ParsedAuthentication? {
    let before = faults.count
    let preset = json["preset"]?.string.flatMap { PresetTable.presets[$0] }
    let namedMode = json["mode"]?.string.flatMap(AuthenticationMode.init(rawValue:))
    let known = (namedMode ?? preset?.rule.mode).map(fields) ?? AuthenticationMode.allCases.flatMap(fields)
    guard let reader = FieldReader(json, at: path, known: known, faults: &faults) else { return nil }
    checkPreset(reader, &faults)
    guard let mode = parseMode(reader, namedMode, preset, &faults) else {
      // Whatever the mode was meant to be, an empty secret is wrong.
      for field in [sharedSecretField, publicKeyField] { _ = parseSecret(reader, field, &faults) }
      return nil
    }

    let secret = mode.needsSecret ? parseSecret(reader, secretField(mode), &faults) : .none
    let handshake = parseHandshake(reader, preset, &faults)
    let publicURL = mode.isSigned ? parseURL(reader, &faults) : nil
    let rule: AuthenticationRule?
    if let preset {
      rule = fromPreset(preset, reader, publicURL, handshake, &faults)
    } else {
      rule = parseMethod(reader, mode, &faults).map {
        AuthenticationRule(mode: mode, method: $0, publicURL: publicURL, handshake: handshake)
      }
    }
    guard let rule else { return nil }
    if let handshake, let fault = rule.signingFault(of: handshake) {
      faults.append(reader.fault("handshake", .conflict, fault))
    }
    let verifyToken = parseVerifyToken(reader, isAskedFor: rule.usesVerifyToken || handshakeHasFault(reader, rule), &faults)
    if case .given(let bytes) = secret,
      let fault = rule.fault(ofSecret: SecretBytes(copying: bytes), at: reader.path(secretField(mode)))
    {
      faults.append(fault)
    }
    return faults.count == before ? ParsedAuthentication(rule: rule, secret: secret, verifyToken: verifyToken) : nil
  }

  /// Writes the value of `auth` without the secret, in a fixed order.
  package func writeCanonical(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("mode")
    writer.string(mode.rawValue)
    if let preset {
      writer.key("preset")
      writer.string(preset.id)
    } else {
      writeMethod(to: &writer)
    }
    if let publicURL {
      writer.key("url")
      writer.string(publicURL)
    }
    if let toleranceSeconds {
      writer.key("tolerance")
      writer.integer(toleranceSeconds)
    }
    if let ownHandshake {
      writer.key("handshake")
      ownHandshake.writeCanonical(to: &writer)
    }
    writer.endObject()
  }

  /// The value of `auth` as canonical JSON, without the secret.
  package var canonicalJSON: [UInt8] {
    var writer = JSONWriter()
    writeCanonical(to: &writer)
    return writer.bytes
  }

  private func writeMethod(to writer: inout JSONWriter) {
    switch method {
    case .open, .bearer: break
    case .header(let name, let prefix):
      writer.key("name")
      writer.string(name)
      if !prefix.isEmpty {
        writer.key("prefix")
        writer.string(prefix)
      }
    case .query(let name):
      writer.key("name")
      writer.string(name)
    case .basic(let username):
      writer.key("username")
      writer.string(username)
    case .signature(let scheme):
      writer.key("scheme")
      scheme.writeCanonical(to: &writer)
    }
  }

  // MARK: reading parts

  /// The fields that `auth` can have in a mode.
  private static func fields(_ mode: AuthenticationMode) -> [String] {
    let own: [String] =
      switch mode {
      case .open: []
      case .bearer: ["preset"]
      case .header: ["preset", "name", "prefix"]
      case .query: ["preset", "name"]
      case .basic: ["preset", "username"]
      case .hmac, .ed25519, .ecdsaP256: ["preset", "scheme", "url", "tolerance"]
      }
    return ["mode"] + own + ["handshake", verifyTokenField] + (mode.needsSecret ? [secretField(mode)] : [])
  }

  private static let verifyTokenField = "verify_token"

  private static let sharedSecretField = "secret"
  private static let publicKeyField = "public_key"

  private static func secretField(_ mode: AuthenticationMode) -> String {
    mode.usesPublicKey ? publicKeyField : sharedSecretField
  }

  private static func checkPreset(_ reader: FieldReader, _ faults: inout [ConfigurationFault]) {
    guard let name = reader.string("preset", faults: &faults), PresetTable.presets[name] == nil else { return }
    let hint = Spelling.suggestion(for: name, in: PresetTable.presets.keys.sorted())
    faults.append(reader.fault("preset", .unknownReference, "There is no preset \(Spelling.quoted(name)).\(hint)"))
  }

  private static func parseMode(
    _ reader: FieldReader, _ named: AuthenticationMode?, _ preset: Preset?, _ faults: inout [ConfigurationFault]
  ) -> AuthenticationMode? {
    guard reader.value("mode") != nil else {
      if let preset { return preset.rule.mode }
      // An unknown preset was reported; the mode would have come from it.
      if reader.value("preset") == nil {
        let known = Spelling.alternatives(AuthenticationMode.allCases.map(\.rawValue))
        faults.append(reader.fault("mode", .required, "The mode must be there: \(known)."))
      }
      return nil
    }
    guard let text = reader.string("mode", required: true, faults: &faults) else { return nil }
    guard let named else {
      let known = AuthenticationMode.allCases.map(\.rawValue)
      faults.append(
        reader.fault(
          "mode", .invalidValue, "\(Spelling.alternatives(known)) is expected.\(Spelling.suggestion(for: text, in: known))"))
      return nil
    }
    if let preset, preset.rule.mode != named {
      faults.append(reader.fault("mode", .conflict, "The preset \"\(preset.id)\" is of the mode \(preset.rule.mode.rawValue)."))
      return nil
    }
    return named
  }

  private static func parseSecret(
    _ reader: FieldReader, _ field: String, _ faults: inout [ConfigurationFault]
  ) -> SecretInput {
    guard let text = reader.string(field, faults: &faults) else { return .none }
    switch text {
    case "":
      let hint = field == publicKeyField ? "" : "; leave it out to have it generated"
      faults.append(reader.fault(field, .required, "It must not be empty\(hint)."))
      return .none
    case "pending": return .pending
    case "generated" where field != publicKeyField: return .generated
    default:
      guard text.utf8.count <= maximumSecretLength else {
        faults.append(reader.fault(field, .tooLong, "It is longer than \(maximumSecretLength) bytes."))
        return .none
      }
      return .given(Array(text.utf8))
    }
  }

  private static func parseHandshake(
    _ reader: FieldReader, _ preset: Preset?, _ faults: inout [ConfigurationFault]
  ) -> Handshake? {
    guard let json = reader.value("handshake") else { return nil }
    if let preset, preset.handshake != nil {
      faults.append(reader.fault("handshake", .conflict, "The preset \"\(preset.id)\" sets this."))
      return nil
    }
    return Handshake.parse(json, at: reader.path("handshake"), faults: &faults)
  }

  /// Whether a handshake of one's own stands there and could not be read: what it is for is no further fault.
  private static func handshakeHasFault(_ reader: FieldReader, _ rule: AuthenticationRule) -> Bool {
    reader.value("handshake") != nil && rule.ownHandshake == nil
  }

  /// Why a handshake would give away signatures that open the trigger; `nil` when it does not.
  ///
  /// What is signed for anyone who asks has the form of a token, and texts of that form are refused as a webhook's. So the body
  /// must be a part of what is signed, or few texts be of that form, for some webhooks to be left; and the secret must sign,
  /// not be a token that could be guessed from what it signs.
  private func signingFault(of handshake: Handshake) -> String? {
    guard handshake.isSigned, !handshake.isAnsweredAfterVerification else { return nil }
    if mode == .hmac, case .signature(let scheme) = method, handshake.signs == .hex || scheme.signed.allSatisfy(\.coversBody) {
      return nil
    }
    return "The answer is signed with the trigger's secret for anyone who asks, and this scheme would take such a signature "
      + "for a webhook's. Set after_verify: true."
  }

  private static func parseVerifyToken(
    _ reader: FieldReader, isAskedFor: Bool, _ faults: inout [ConfigurationFault]
  ) -> SecretInput {
    guard let text = reader.string(verifyTokenField, faults: &faults) else { return .none }
    guard isAskedFor else {
      faults.append(
        reader.fault(verifyTokenField, .conflict, "No handshake here asks for it. A handshake's check says where it stands."))
      return .none
    }
    switch text {
    case "generated": return .generated
    case "pending":
      let message = "It is chosen here and given to the provider; leave it out to have it generated."
      faults.append(reader.fault(verifyTokenField, .invalidValue, message))
      return .none
    case "":
      faults.append(reader.fault(verifyTokenField, .required, "It must not be empty; leave it out to have it generated."))
      return .none
    default:
      guard verifyTokenLengths.contains(text.utf8.count) else {
        faults.append(reader.fault(verifyTokenField, .tooLong, "It is longer than \(verifyTokenLengths.upperBound) bytes."))
        return .none
      }
      return .given(Array(text.utf8))
    }
  }

  private static func parseURL(_ reader: FieldReader, _ faults: inout [ConfigurationFault]) -> [UInt8]? {
    guard let text = reader.string("url", faults: &faults) else { return nil }
    let isURL =
      (text.hasPrefix("https://") || text.hasPrefix("http://")) && text.utf8.count <= maximumURLLength
      && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }
    guard isURL else {
      faults.append(
        reader.fault(
          "url", .invalidValue, "The URL as the sender knows it is expected: https://…, at most \(maximumURLLength) bytes."))
      return nil
    }
    return Array(text.utf8)
  }

  private static func fromPreset(
    _ preset: Preset, _ reader: FieldReader, _ publicURL: [UInt8]?, _ handshake: Handshake?,
    _ faults: inout [ConfigurationFault]
  ) -> AuthenticationRule? {
    for field in ["scheme", "name", "prefix", "username"] where reader.value(field) != nil {
      faults.append(reader.fault(field, .conflict, "The preset \"\(preset.id)\" sets this."))
    }
    var tolerance: Int?
    if reader.value("tolerance") != nil {
      tolerance = reader.integer("tolerance", in: SignatureScheme.toleranceRange, faults: &faults)
      guard case .signature(let scheme) = preset.rule.method, scheme.timestamp != nil else {
        faults.append(reader.fault("tolerance", .conflict, "The preset \"\(preset.id)\" signs no timestamp."))
        return nil
      }
    }
    return AuthenticationRule(
      mode: preset.rule.mode, method: preset.rule.method, preset: preset, publicURL: publicURL, toleranceSeconds: tolerance,
      handshake: handshake)
  }

  private static func parseMethod(
    _ reader: FieldReader, _ mode: AuthenticationMode, _ faults: inout [ConfigurationFault]
  ) -> Method? {
    switch mode {
    case .open: return .open
    case .bearer: return .bearer
    case .header:
      let prefix = Array((reader.string("prefix", faults: &faults) ?? "").utf8)
      guard let name = reader.string("name", required: true, faults: &faults) else { return nil }
      guard let lower = HeaderNamePattern.lowercased(name) else {
        faults.append(reader.fault("name", .invalidValue, "The name of a header field is expected."))
        return nil
      }
      return .header(name: lower, prefix: prefix)
    case .query:
      let name = reader.string("name", faults: &faults) ?? defaultParameter
      guard !name.isEmpty else {
        faults.append(reader.fault("name", .required, "The name of a query parameter is expected."))
        return nil
      }
      return .query(name: Array(name.utf8))
    case .basic:
      guard let username = reader.string("username", required: true, faults: &faults) else { return nil }
      guard !username.contains(":") else {
        faults.append(reader.fault("username", .invalidValue, "A user name has no colon (RFC 7617 §2)."))
        return nil
      }
      return .basic(username: Array(username.utf8))
    case .hmac, .ed25519, .ecdsaP256:
      if reader.value("tolerance") != nil {
        faults.append(reader.fault("tolerance", .conflict, "Set it in scheme.timestamp; here it stands beside a preset."))
      }
      guard let scheme = reader.value("scheme") else {
        if reader.value("preset") == nil {
          faults.append(reader.fault("scheme", .required, "A preset or a scheme must say how requests are signed."))
        }
        return nil
      }
      let publicKey: PublicKeyAlgorithm? = mode == .hmac ? nil : mode == .ed25519 ? .ed25519 : .ecdsaP256
      return SignatureScheme.parse(scheme, publicKey: publicKey, at: reader.path("scheme"), faults: &faults).map {
        .signature($0)
      }
    }
  }
}
