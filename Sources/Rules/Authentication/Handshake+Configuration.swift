import Cryptography
import JSON

extension Handshake {
  /// Reads a `handshake`: `match` (`method`, or a place and its value, `*` for any), `check` (the place of the verify token),
  /// `after_verify`, `signs` (which values: `token`, `hex`), and `respond` with `status`, `headers`, and `text` or `json`.
  ///
  /// A place is `header:NAME`, `query:NAME`, `json:a.0.b` or `form:NAME`. In the texts of an answer `{PLACE}` is its value and
  /// `{hmac_hex:PLACE}` or `{hmac_base64:PLACE}` that value signed (HMAC-SHA-256; `hmac_sha1_…`: SHA-1) with the key that the
  /// trigger's secret stands for, and `{secret_id}` what stands before the key in it.
  static func parse(_ json: JSONValue, at path: String, faults: inout [ConfigurationFault]) -> Handshake? {
    let before = faults.count
    guard
      let reader = FieldReader(json, at: path, known: ["match", "check", "after_verify", "signs", "respond"], faults: &faults)
    else {
      return nil
    }
    let conditions = parseConditions(reader, &faults)
    var check: ValueSource?
    if let text = reader.string("check", faults: &faults) {
      check = ValueSource(text)
      switch check {
      case .header?, .query?: break
      case .json?, .form?:
        // A body is stored as it came, and with it the token.
        faults.append(reader.fault("check", .invalidValue, "The verify token stands in a header or in the query."))
      case nil: faults.append(reader.fault("check", .invalidValue, "header:NAME or query:NAME is expected."))
      }
    }
    let isAnsweredAfterVerification = reader.boolean("after_verify", faults: &faults) ?? false
    var handshake = Handshake(
      conditions: conditions, check: check, isAnsweredAfterVerification: isAnsweredAfterVerification, response: .empty)
    if let text = reader.string("signs", faults: &faults) {
      if let form = SignedForm(rawValue: text) {
        handshake.signs = form
      } else {
        let known = Spelling.alternatives(SignedForm.allCases.map(\.rawValue))
        faults.append(reader.fault("signs", .invalidValue, "\(known) is expected."))
      }
    }
    if let json = reader.value("respond") { handshake.parseAnswer(json, at: reader.path("respond"), &faults) }
    return faults.count == before ? handshake : nil
  }

  private static func parseConditions(_ reader: FieldReader, _ faults: inout [ConfigurationFault]) -> [Condition] {
    var conditions: [Condition] = []
    guard let json = reader.value("match") else {
      faults.append(reader.fault("match", .required, "A handshake must be told from other requests."))
      return []
    }
    guard let fields = FieldReader(open: json, at: reader.path("match"), faults: &faults) else { return [] }
    for (key, value) in json.members {
      let name = key.string ?? ""
      guard let wanted = text(value) else {
        faults.append(fields.fault(name, .wrongType, "A text is expected, not \(FieldReader.typeName(value))."))
        continue
      }
      if name == "method" {
        conditions.append(.method(wanted))
      } else if let source = ValueSource(name) {
        conditions.append(.value(source, equals: wanted.elementsEqual("*".utf8) ? nil : wanted))
      } else {
        faults.append(fields.fault(name, .invalidValue, "\(Spelling.quoted(name)) is no place of a request. \(places)"))
      }
    }
    if json.count == 0 { faults.append(reader.fault("match", .required, "A handshake must be told from other requests.")) }
    return conditions
  }

  private static let places = "header:NAME, query:NAME, json:a.0.b or form:NAME is expected."

  /// The text of a string, or the digits that YAML read as a number.
  private static func text(_ value: JSONValue) -> [UInt8]? {
    switch value.kind {
    case .string: value.stringBytes
    case .number, .boolean: Array(value.raw)
    case .null, .array, .object: nil
    }
  }

  private mutating func parseAnswer(_ json: JSONValue, at path: String, _ faults: inout [ConfigurationFault]) {
    guard let fields = FieldReader(json, at: path, known: ["status", "headers", "text", "json"], faults: &faults) else { return }
    status = fields.integer("status", in: 200...299, faults: &faults) ?? 200
    if let members = fields.value("headers") {
      headers = Self.members(members, at: fields.path("headers"), &faults).map { member in
        if let fault = ResponseSettings.fault(ofHeader: String(decoding: member.name, as: UTF8.self)) {
          faults.append(ConfigurationFault(fields.path("headers"), .invalidValue, fault))
        }
        return Member(name: Array(String(decoding: member.name, as: UTF8.self).lowercased().utf8), value: member.value)
      }
    }
    if let text = fields.string("text", faults: &faults) {
      response = .text(Self.parts(text, at: fields.path("text"), &faults))
      if fields.value("json") != nil {
        faults.append(fields.fault("json", .conflict, "An answer is a text or JSON, not both."))
      }
    } else if let object = fields.value("json") {
      response = .json(Self.members(object, at: fields.path("json"), &faults))
    }
  }

  private static func members(_ object: JSONValue, at path: String, _ faults: inout [ConfigurationFault]) -> [Member] {
    guard let fields = FieldReader(open: object, at: path, faults: &faults) else { return [] }
    return object.members.map { key, value in
      let name = key.string ?? ""
      if value.string == nil {
        faults.append(fields.fault(name, .wrongType, "A text is expected, not \(FieldReader.typeName(value))."))
      }
      return Member(name: Array(name.utf8), value: parts(value.string ?? "", at: fields.path(name), &faults))
    }
  }

  private static func parts(_ text: String, at path: String, _ faults: inout [ConfigurationFault]) -> [Part] {
    var parts: [Part] = []
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      if open > rest.startIndex { parts.append(.literal(Array(rest[..<open].utf8))) }
      guard let close = rest[open...].firstIndex(of: "}") else {
        faults.append(ConfigurationFault(path, .invalidValue, "A \"{\" is not closed."))
        return parts
      }
      let name = String(rest[rest.index(after: open)..<close])
      if let part = part(name) {
        parts.append(part)
      } else {
        faults.append(ConfigurationFault(path, .invalidValue, "\(Spelling.quoted(name)) is no place of a request. \(places)"))
      }
      rest = rest[rest.index(after: close)...]
    }
    if !rest.isEmpty { parts.append(.literal(Array(rest.utf8))) }
    return parts
  }

  private static func part(_ name: String) -> Part? {
    if name == secretIdentifier { return .secretIdentifier }
    for (prefix, algorithm, encoding) in signedForms where name.hasPrefix(prefix) {
      return ValueSource(String(name.dropFirst(prefix.count))).map { .signed($0, algorithm, encoding) }
    }
    return ValueSource(name).map { .value($0) }
  }

  private static let secretIdentifier = "secret_id"

  private static let signedForms: [(prefix: String, algorithm: HashAlgorithm, encoding: SignatureScheme.Encoding)] = [
    ("hmac_hex:", .sha256, .hex), ("hmac_base64:", .sha256, .base64), ("hmac_sha1_hex:", .sha1, .hex),
    ("hmac_sha1_base64:", .sha1, .base64),
  ]

  // MARK: writing

  /// Writes the `handshake` object in a fixed order; reading it gives this handshake again.
  func writeCanonical(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("match")
    writer.beginObject()
    for condition in conditions {
      switch condition {
      case .method(let method):
        writer.key("method")
        writer.string(method)
      case .value(let source, let wanted):
        writer.key(source.text)
        writer.string(wanted ?? Array("*".utf8))
      }
    }
    writer.endObject()
    if let check {
      writer.key("check")
      writer.string(check.text)
    }
    if isAnsweredAfterVerification {
      writer.key("after_verify")
      writer.boolean(true)
    }
    if signs != .token {
      writer.key("signs")
      writer.string(signs.rawValue)
    }
    if response != .empty || status != 200 || !headers.isEmpty {
      writer.key("respond")
      writeAnswer(to: &writer)
    }
    writer.endObject()
  }

  private func writeAnswer(to writer: inout JSONWriter) {
    writer.beginObject()
    if status != 200 {
      writer.key("status")
      writer.integer(status)
    }
    if !headers.isEmpty {
      writer.key("headers")
      Self.write(headers, to: &writer)
    }
    switch response {
    case .empty: break
    case .text(let parts):
      writer.key("text")
      writer.string(Self.text(parts))
    case .json(let members):
      writer.key("json")
      Self.write(members, to: &writer)
    }
    writer.endObject()
  }

  private static func write(_ members: [Member], to writer: inout JSONWriter) {
    writer.beginObject()
    for member in members {
      writer.key(member.name)
      writer.string(text(member.value))
    }
    writer.endObject()
  }

  private static func text(_ parts: [Part]) -> String {
    parts.map { part in
      switch part {
      case .literal(let bytes): String(decoding: bytes, as: UTF8.self)
      case .value(let source): "{\(source.text)}"
      case .secretIdentifier: "{\(secretIdentifier)}"
      case .signed(let source, let algorithm, let encoding):
        "{\(signedForms.first { $0.encoding == encoding && $0.algorithm == algorithm }?.prefix ?? "")\(source.text)}"
      }
    }.joined()
  }
}
