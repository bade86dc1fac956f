import JSON

extension Handshake {
  /// Reads an entry's `handshake`: `match` (`method`, or a source and its value, `*` for any), `check` (the source of the
  /// verify token), `after_verify`, and `respond` with `text`, `json` or neither.
  ///
  /// In texts `{SOURCE}` is a value and `{hmac_hex:SOURCE}` or `{hmac_base64:SOURCE}` one signed with the trigger's secret.
  static func parse(_ json: JSONValue, at path: String, faults: inout [ConfigurationFault]) -> Handshake? {
    let before = faults.count
    guard let reader = FieldReader(json, at: path, known: ["match", "check", "after_verify", "respond"], faults: &faults) else {
      return nil
    }
    var conditions: [Condition] = []
    for (key, value) in reader.value("match")?.members.map({ $0 }) ?? [] {
      let name = key.string ?? ""
      let wanted = value.stringBytes ?? []
      if name == "method" {
        conditions.append(.method(wanted))
      } else if let source = ValueSource(name) {
        conditions.append(.value(source, equals: wanted == Array("*".utf8) ? nil : wanted))
      } else {
        faults.append(reader.fault("match", .invalidValue, "\(Spelling.quoted(name)) is no place of a request."))
      }
    }
    if conditions.isEmpty { faults.append(reader.fault("match", .required, "A handshake must be told from other requests.")) }
    var check: ValueSource?
    if let text = reader.string("check", faults: &faults) {
      check = ValueSource(text)
      if check == nil { faults.append(reader.fault("check", .invalidValue, "A place of a request is expected.")) }
    }
    let response = parseResponse(reader, &faults)
    guard faults.count == before else { return nil }
    return Handshake(
      conditions: conditions, check: check,
      isAnsweredAfterVerification: reader.boolean("after_verify", faults: &faults) ?? false, response: response)
  }

  private static func parseResponse(_ reader: FieldReader, _ faults: inout [ConfigurationFault]) -> Response {
    guard let json = reader.value("respond"),
      let fields = FieldReader(json, at: reader.path("respond"), known: ["text", "json"], faults: &faults)
    else { return .empty }
    if let text = fields.string("text", faults: &faults) { return .text(parts(text, fields, &faults)) }
    guard let object = fields.value("json") else { return .empty }
    return .json(
      object.members.map { key, value in
        Member(name: key.stringBytes ?? [], value: parts(value.string ?? "", fields, &faults))
      })
  }

  private static func parts(_ text: String, _ fields: FieldReader, _ faults: inout [ConfigurationFault]) -> [Part] {
    var parts: [Part] = []
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      if open > rest.startIndex { parts.append(.literal(Array(rest[..<open].utf8))) }
      guard let close = rest[open...].firstIndex(of: "}") else { break }
      let name = String(rest[rest.index(after: open)..<close])
      if let part = part(name) {
        parts.append(part)
      } else {
        faults.append(ConfigurationFault(fields.path, .invalidValue, "\(Spelling.quoted(name)) is no place of a request."))
      }
      rest = rest[rest.index(after: close)...]
    }
    if !rest.isEmpty { parts.append(.literal(Array(rest.utf8))) }
    return parts
  }

  private static func part(_ name: String) -> Part? {
    for (prefix, encoding) in [("hmac_hex:", SignatureScheme.Encoding.hex), ("hmac_base64:", .base64)]
    where name.hasPrefix(prefix) {
      return ValueSource(String(name.dropFirst(prefix.count))).map { .signed($0, encoding) }
    }
    return ValueSource(name).map { .value($0) }
  }
}
