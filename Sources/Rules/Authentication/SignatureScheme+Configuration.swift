import Cryptography
import JSON

extension SignatureScheme {
  /// Seconds of tolerance where a scheme has a timestamp and sets none.
  static let defaultTolerance = 300
  /// What a tolerance can be, in seconds.
  static let toleranceRange = 1...604_800
  /// Names of the signature's header fields.
  static let maximumNames = 16
  /// Alternatives of the signed text.
  static let maximumTemplates = 8

  private static let fields = [
    "algorithm", "encoding", "signature", "signed", "timestamp", "prehash", "secret", "url_variants", "body_digest", "guard",
  ]

  /// Reads the `scheme` object of a flow file or of a preset.
  ///
  /// - Parameter publicKey: the algorithm, where the mode is one with a public key; there is then no field `algorithm`.
  /// - Returns: `nil`, with every fault, when it is not a whole scheme.
  static func parse(
    _ json: JSONValue, publicKey: PublicKeyAlgorithm?, at path: String, faults: inout [ConfigurationFault]
  ) -> SignatureScheme? {
    let other = publicKey == nil ? ["prehash"] : ["algorithm", "secret"]
    let known = fields.filter { !other.contains($0) }
    let before = faults.count
    guard let reader = FieldReader(json, at: path, known: known, faults: &faults) else { return nil }
    var algorithm = publicKey.map(Algorithm.publicKey)
    if publicKey == nil {
      algorithm = choice("algorithm", HashAlgorithm.self, reader, required: true, &faults).map(Algorithm.hmac)
    }
    let encoding = choice("encoding", Encoding.self, reader, &faults) ?? .hex
    let location = parseLocation(reader, &faults)
    let signed = parseTemplates(reader, &faults)
    if case .hmac(let hash)? = algorithm, signed.contains(where: \.usesSecret) { algorithm = .digest(hash) }
    if signed.contains(where: \.usesSecret), publicKey != nil || !signed.allSatisfy(\.usesSecret) {
      let message = "{secret} makes the signature a digest; it stands in all templates of a shared secret or in none."
      faults.append(reader.fault("signed", .conflict, message))
    }
    let timestamp = parseTimestamp(reader, &faults)
    let prehash = choice("prehash", HashAlgorithm.self, reader, &faults)
    let secret = parseSecretForm(reader, &faults)
    let variants = parseVariants(reader, &faults)
    let digest = parseDigest(reader, &faults)
    let arrayGuard = parseGuard(reader, &faults)
    if let location, case .signature? = timestamp?.place, location.pairSeparator == nil || location.listSeparator == nil {
      let at = FieldReader.join(reader.path("timestamp"), "in")
      faults.append(ConfigurationFault(at, .conflict, "A timestamp beside the signature needs list_sep, kv_sep and key."))
    }
    if timestamp == nil, signed.contains(where: \.usesTimestamp) {
      faults.append(reader.fault("timestamp", .required, "The signed text has {ts}; say where the timestamp is."))
    }
    guard faults.count == before, let algorithm, let location else { return nil }
    return SignatureScheme(
      algorithm: algorithm, encoding: encoding, location: location, signed: signed, timestamp: timestamp,
      prehash: prehash, secret: secret, urlVariants: variants, bodyDigest: digest,
      arrayGuard: arrayGuard)
  }

  /// What is wrong with a secret set by hand; `nil` when it can verify something.
  func fault(ofSecret secret: SecretBytes, at path: String) -> ConfigurationFault? {
    switch algorithm {
    case .hmac, .digest:
      guard self.secret.withKey(of: secret, { _ in true }) == nil else { return nil }
      if let separator = self.secret.identifierSeparator {
        let form = "IDENTIFIER\(String(decoding: [separator], as: UTF8.self))KEY"
        return ConfigurationFault(path, .invalidValue, "The secret must be \(form), and neither may be empty.")
      }
      return ConfigurationFault(
        path, .invalidValue, "The secret must be \(self.secret.decoding.rawValue) and not empty once it is decoded.")
    case .publicKey(let algorithm):
      let text = secret.withBytes { String(decoding: $0, as: UTF8.self) }
      guard PublicKey(text: text, algorithm) == nil else { return nil }
      return ConfigurationFault(
        path, .invalidValue,
        "A public key for \(algorithm.rawValue) is expected: PEM, or the raw key or its SPKI in hex or base 64.")
    }
  }

  // MARK: reading parts

  private static func parseLocation(_ reader: FieldReader, _ faults: inout [ConfigurationFault]) -> Location? {
    guard let json = reader.value("signature") else {
      faults.append(reader.fault("signature", .required, "Say where the signature is: {in: header, name: x-signature}."))
      return nil
    }
    let known = ["in", "name", "list_sep", "kv_sep", "key"]
    guard let fields = FieldReader(json, at: reader.path("signature"), known: known, faults: &faults) else { return nil }
    let listSeparator = separator("list_sep", fields, &faults)
    let pairSeparator = separator("kv_sep", fields, &faults)
    let key = fields.string("key", faults: &faults)
    if (key == nil) != (pairSeparator == nil) {
      faults.append(fields.fault(key == nil ? "key" : "kv_sep", .required, "key and kv_sep go together."))
    }
    if let key, key.isEmpty { faults.append(fields.fault("key", .required, "The key must not be empty.")) }
    let place: Location.Place?
    switch oneOf(["header", "query", "json", "form"], "in", fields, &faults) {
    case "header": place = parseNames(fields, &faults).map { .headers($0) }
    case "query": place = fields.string("name", required: true, faults: &faults).map { .query(Array($0.utf8)) }
    case "json": place = dotted("name", fields, &faults).map { .json($0) }
    case "form": place = fields.string("name", required: true, faults: &faults).map { .form(Array($0.utf8)) }
    default:
      checkName(fields, &faults)
      place = nil
    }
    return place.map {
      Location(place: $0, listSeparator: listSeparator, pairSeparator: pairSeparator, key: key.map { Array($0.utf8) })
    }
  }

  private static func parseNames(_ fields: FieldReader, _ faults: inout [ConfigurationFault]) -> [HeaderNamePattern]? {
    let given: [(text: String?, path: String)]
    if fields.value("name")?.kind == .array {
      given = fields.elements("name", limit: maximumNames, faults: &faults).map { ($0.value.string, $0.path) }
    } else {
      guard let name = fields.string("name", required: true, faults: &faults) else { return nil }
      given = [(name, fields.path("name"))]
    }
    var patterns: [HeaderNamePattern] = []
    for (text, path) in given {
      guard let pattern = text.flatMap(HeaderNamePattern.init) else {
        faults.append(ConfigurationFault(path, .invalidValue, "The name of a header field is expected; \"*\" can end it."))
        continue
      }
      patterns.append(pattern)
    }
    guard !patterns.isEmpty else {
      if given.isEmpty { faults.append(fields.fault("name", .required, "At least one name is needed.")) }
      return nil
    }
    return patterns
  }

  private static func parseTemplates(_ reader: FieldReader, _ faults: inout [ConfigurationFault]) -> [SignedTemplate] {
    guard let value = reader.value("signed") else { return [.body] }
    let given: [(text: String?, path: String)] =
      value.kind == .array
      ? reader.elements("signed", limit: maximumTemplates, faults: &faults).map { ($0.value.string, $0.path) }
      : [(value.string, reader.path("signed"))]
    if given.isEmpty { faults.append(reader.fault("signed", .required, "At least one template is needed.")) }
    var templates: [SignedTemplate] = []
    for (text, path) in given {
      guard let text else {
        faults.append(ConfigurationFault(path, .wrongType, "A template is expected, such as \"{ts}.{body}\"."))
        continue
      }
      do throws(SignedTemplate.SyntaxError) {
        templates.append(try SignedTemplate(text))
      } catch {
        faults.append(ConfigurationFault(path, .invalidValue, error.message))
      }
    }
    return templates
  }

  private static func parseTimestamp(_ reader: FieldReader, _ faults: inout [ConfigurationFault]) -> Timestamp? {
    guard let json = reader.value("timestamp"),
      let fields = FieldReader(
        json, at: reader.path("timestamp"), known: ["in", "name", "unit", "tolerance"], faults: &faults)
    else { return nil }
    let unit = choice("unit", SignatureTimeUnit.self, fields, &faults) ?? .seconds
    var tolerance: Int? = defaultTolerance
    if fields.value("tolerance")?.string == "none" {
      tolerance = nil
    } else if let seconds = fields.integer("tolerance", in: toleranceRange, faults: &faults) {
      tolerance = seconds
    }
    let place: Timestamp.Place?
    switch oneOf(["signature", "header", "json"], "in", fields, &faults) {
    case "signature": place = fields.string("name", required: true, faults: &faults).map { .signature(Array($0.utf8)) }
    case "header": place = headerName("name", fields, &faults).map { .header($0) }
    case "json": place = dotted("name", fields, &faults).map { .json($0) }
    default:
      checkName(fields, &faults)
      place = nil
    }
    return place.map { Timestamp(place: $0, unit: unit, toleranceSeconds: tolerance) }
  }

  private static func parseSecretForm(_ reader: FieldReader, _ faults: inout [ConfigurationFault]) -> SignatureSecretForm {
    var form = SignatureSecretForm()
    guard let json = reader.value("secret"),
      let fields = FieldReader(
        json, at: reader.path("secret"), known: ["decode", "strip_prefix", "html_unescape", "id_sep"], faults: &faults)
    else { return form }
    form.decoding = choice("decode", SignatureSecretForm.Decoding.self, fields, &faults) ?? .utf8
    form.strippedPrefix = Array((fields.string("strip_prefix", faults: &faults) ?? "").utf8)
    form.identifierSeparator = separator("id_sep", fields, &faults)
    form.unescapesHTML = fields.boolean("html_unescape", faults: &faults) ?? false
    return form
  }

  private static func parseVariants(_ reader: FieldReader, _ faults: inout [ConfigurationFault]) -> [SignedURLVariant] {
    guard reader.value("url_variants") != nil else { return [.asIs] }
    let known = SignedURLVariant.allCases.map(\.rawValue)
    var variants: [SignedURLVariant] = []
    for (value, path) in reader.elements("url_variants", limit: known.count, faults: &faults) {
      guard let variant = value.string.flatMap(SignedURLVariant.init(rawValue:)) else {
        faults.append(ConfigurationFault(path, .invalidValue, "\(Spelling.alternatives(known)) is expected."))
        continue
      }
      variants.append(variant)
    }
    if variants.isEmpty { faults.append(reader.fault("url_variants", .required, "At least one variant is needed.")) }
    return variants
  }

  private static func parseDigest(_ reader: FieldReader, _ faults: inout [ConfigurationFault]) -> BodyDigest? {
    guard let json = reader.value("body_digest"),
      let fields = FieldReader(
        json, at: reader.path("body_digest"), known: ["in", "name", "algorithm", "encoding"], faults: &faults)
    else { return nil }
    _ = oneOf(["query"], "in", fields, &faults)
    guard let name = fields.string("name", required: true, faults: &faults),
      let algorithm = choice("algorithm", HashAlgorithm.self, fields, required: true, &faults)
    else { return nil }
    return BodyDigest(
      parameter: Array(name.utf8), algorithm: algorithm, encoding: choice("encoding", Encoding.self, fields, &faults) ?? .hex)
  }

  private static func parseGuard(_ reader: FieldReader, _ faults: inout [ConfigurationFault]) -> ArrayGuard? {
    guard let json = reader.value("guard"),
      let fields = FieldReader(json, at: reader.path("guard"), known: ["json_array_len"], faults: &faults)
    else { return nil }
    guard let pair = fields.value("json_array_len"), pair.count == 2, let path = pair[0]?.string.flatMap(DottedPath.init),
      let count = pair[1]?.integer, (0...1000).contains(count)
    else {
      faults.append(fields.fault("json_array_len", .invalidValue, "A path and a number are expected, such as [items, 1]."))
      return nil
    }
    return ArrayGuard(path: path, count: Int(count))
  }

  // MARK: reading values

  /// Checks what a name must be at any place, where it is not known which one is meant. A list is one of header fields.
  private static func checkName(_ fields: FieldReader, _ faults: inout [ConfigurationFault]) {
    guard fields.value("name")?.kind != .array else { return }
    _ = fields.string("name", required: true, faults: &faults)
  }

  private static func separator(_ name: String, _ fields: FieldReader, _ faults: inout [ConfigurationFault]) -> UInt8? {
    guard let text = fields.string(name, faults: &faults) else { return nil }
    guard text.utf8.count == 1, let byte = text.utf8.first else {
      faults.append(fields.fault(name, .invalidValue, "One ASCII character is expected."))
      return nil
    }
    return byte
  }

  private static func headerName(_ name: String, _ fields: FieldReader, _ faults: inout [ConfigurationFault]) -> [UInt8]? {
    guard let text = fields.string(name, required: true, faults: &faults) else { return nil }
    guard let lower = HeaderNamePattern.lowercased(text) else {
      faults.append(fields.fault(name, .invalidValue, "The name of a header field is expected."))
      return nil
    }
    return lower
  }

  private static func dotted(_ name: String, _ fields: FieldReader, _ faults: inout [ConfigurationFault]) -> DottedPath? {
    guard let text = fields.string(name, required: true, faults: &faults) else { return nil }
    guard let path = DottedPath(text) else {
      faults.append(fields.fault(name, .invalidValue, "A path into the body is expected, such as \"signature.timestamp\"."))
      return nil
    }
    return path
  }

  private static func oneOf(
    _ known: [String], _ name: String, _ fields: FieldReader, _ faults: inout [ConfigurationFault]
  ) -> String? {
    guard let text = fields.string(name, required: true, faults: &faults) else { return nil }
    guard known.contains(text) else {
      faults.append(fields.fault(name, .invalidValue, "\(Spelling.alternatives(known)) is expected."))
      return nil
    }
    return text
  }

  private static func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ name: String, _ type: Choice.Type, _ fields: FieldReader, required: Bool = false, _ faults: inout [ConfigurationFault]
  ) -> Choice? {
    guard let text = fields.string(name, required: required, faults: &faults) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let known = Spelling.alternatives(Choice.allCases.map(\.rawValue))
      faults.append(fields.fault(name, .invalidValue, "\(known) is expected."))
      return nil
    }
    return choice
  }
}
