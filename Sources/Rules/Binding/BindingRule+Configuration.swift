package import JSON
import PhoneNumbers

extension BindingRule {
  /// The fields of a node that belong to it.
  package static let fields = ["customer", "chat"]

  /// Reads `customer: [{field, from, key, region}]` and `chat: {channel, from, region}` of a node.
  ///
  /// - Parameter hasElement: whether the node's body is split, so that paths can start with `element`.
  /// - Returns: `nil` when there is neither; what has faults is left out.
  package static func parse(
    _ fields: FieldReader, constants: Set<String>, hasElement: Bool = true, faults: inout [ConfigurationFault]
  ) -> BindingRule? {
    let names = Names(constants: constants, hasElement: hasElement)
    var rule = BindingRule()
    var seen: Set<ContactKind> = []
    let elements = fields.elements("customer", limit: customerKinds.count, faults: &faults)
    let faultsBefore = faults.count
    for (json, path) in elements {
      guard let field = parseField(json, at: path, names, seen: &seen, faults: &faults) else { continue }
      rule.customer.append(field)
    }
    if !elements.isEmpty, faults.count == faultsBefore, !rule.customer.contains(where: \.isKey) {
      let message = "One field at least needs key: true; else no customer can be found."
      faults.append(fields.fault("customer", .required, message))
    }
    if let json = fields.value("chat") {
      rule.chat = parseChat(json, at: fields.path("chat"), names, faults: &faults)
    }
    return rule.customer.isEmpty && rule.chat == nil ? nil : rule
  }

  /// Writes what `parse` reads.
  package func writeCanonicalFields(to writer: inout JSONWriter) {
    if !customer.isEmpty {
      writer.key("customer")
      writer.beginArray()
      for field in customer { field.writeCanonical(to: &writer) }
      writer.endArray()
    }
    if let chat {
      writer.key("chat")
      writer.beginObject()
      writer.key("channel")
      writer.string(chat.channel.rawValue)
      Self.write(chat.source, chat.region, to: &writer)
      writer.endObject()
    }
  }

  /// What paths and templates may name.
  private struct Names {
    var constants: Set<String>
    var hasElement: Bool
  }

  /// What a customer has.
  package static let customerKinds: [ContactKind] = [.name, .email, .phone, .document, .whatsapp, .instagram, .telegram]
  /// Where chats are.
  package static let channels: [ContactKind] = [.whatsapp, .email, .instagram, .telegram, .sms, .webchat]

  private static func parseField(
    _ json: JSONValue, at path: String, _ names: Names, seen: inout Set<ContactKind>,
    faults: inout [ConfigurationFault]
  ) -> Field? {
    guard let fields = FieldReader(json, at: path, known: ["field", "from", "key", "region"], faults: &faults) else { return nil }
    let kind = kind("field", of: customerKinds, fields, &faults)
    if let kind, !seen.insert(kind).inserted {
      faults.append(fields.fault("field", .duplicate, "\(Spelling.quoted(kind.rawValue)) is in the list already."))
    }
    let source = source(fields, names, &faults)
    let isKey = fields.boolean("key", faults: &faults) ?? false
    let region = region(fields, of: kind, &faults)
    guard let kind, let source else { return nil }
    return Field(kind: kind, source: source, isKey: isKey, region: region)
  }

  private static func parseChat(
    _ json: JSONValue, at path: String, _ names: Names, faults: inout [ConfigurationFault]
  ) -> Chat? {
    guard let fields = FieldReader(json, at: path, known: ["channel", "from", "region"], faults: &faults) else { return nil }
    let channel = kind("channel", of: channels, fields, &faults)
    let source = source(fields, names, &faults)
    let region = region(fields, of: channel, &faults)
    guard let channel, let source else { return nil }
    return Chat(channel: channel, source: source, region: region)
  }

  private static func kind(
    _ name: String, of kinds: [ContactKind], _ fields: FieldReader, _ faults: inout [ConfigurationFault]
  ) -> ContactKind? {
    guard let word = fields.string(name, required: true, faults: &faults) else { return nil }
    if let kind = kinds.first(where: { $0.rawValue == word }) { return kind }
    let names = kinds.map(\.rawValue)
    let message = "\(Spelling.quoted(word)) is none of \(Spelling.alternatives(names))."
    faults.append(fields.fault(name, .invalidValue, message + Spelling.suggestion(for: word, in: names)))
    return nil
  }

  private static func source(
    _ fields: FieldReader, _ names: Names, _ faults: inout [ConfigurationFault]
  ) -> MappingSource? {
    fields.string("from", required: true, faults: &faults).flatMap { text in
      SourceReader.source(
        text, at: fields.path("from"), constants: names.constants, hasElement: names.hasElement, faults: &faults)
    }
  }

  private static func region(
    _ fields: FieldReader, of kind: ContactKind?, _ faults: inout [ConfigurationFault]
  ) -> String? {
    guard let region = fields.string("region", faults: &faults) else { return nil }
    if let kind, !kind.isNumber {
      faults.append(fields.fault("region", .conflict, "Only phone numbers have a region; \(kind.rawValue) has none."))
      return nil
    }
    guard PhoneNumber.isRegion(region) else {
      faults.append(fields.fault("region", .invalidValue, PhoneRegion.fault(of: region)))
      return nil
    }
    return region
  }

  fileprivate static func write(_ source: MappingSource, _ region: String?, to writer: inout JSONWriter) {
    writer.key("from")
    writer.string(source.text)
    guard let region else { return }
    writer.key("region")
    writer.string(region)
  }
}

extension BindingRule.Field {
  fileprivate func writeCanonical(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("field")
    writer.string(kind.rawValue)
    BindingRule.write(source, region, to: &writer)
    if isKey {
      writer.key("key")
      writer.boolean(true)
    }
    writer.endObject()
  }
}

/// Where phone numbers without a country code are from.
package enum PhoneRegion {
  /// Whether there are phone numbers of it.
  package static func isKnown(_ region: String) -> Bool { PhoneNumber.isRegion(region) }

  /// What is wrong with one that is not known, for people.
  package static func fault(of region: String) -> String {
    "\(Spelling.quoted(region)) is not a region with phone numbers: two upper-case letters of ISO 3166-1, such as BR."
  }
}

extension ContactKind {
  /// Whether its values are phone numbers.
  package var isNumber: Bool {
    switch self {
    case .phone, .whatsapp, .sms: true
    case .name, .email, .document, .instagram, .telegram, .webchat: false
    }
  }
}
