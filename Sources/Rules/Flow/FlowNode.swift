package import JSON

/// A node of a flow.
package struct FlowNode: Hashable, Sendable {
  /// What kind of node.
  package enum Kind: Hashable, Sendable {
    /// A trigger.
    case webhookTrigger(TriggerConfiguration)
    /// Any other type: its settings are the platform's, kept as canonical JSON members and not looked into.
    case other(type: String, settings: [UInt8])
  }

  /// The type's name in a flow file.
  package static let triggerType = "webhook_trigger"

  /// Unique in the flow; what FLOW/NODE names.
  package var id: String
  /// What it is.
  package var kind: Kind

  /// Its configuration, if it is a trigger.
  package var trigger: TriggerConfiguration? {
    if case .webhookTrigger(let configuration) = kind { configuration } else { nil }
  }

  /// The type's name.
  package var type: String {
    switch kind {
    case .webhookTrigger: Self.triggerType
    case .other(let type, _): type
    }
  }

  /// Whether its type is a part of the trigger's, such as "webhook": another type, but hardly one that is meant.
  var isProbablyTrigger: Bool {
    guard trigger == nil else { return false }
    return Self.triggerType.split(separator: "_").contains { $0 == type.lowercased() }
  }

  /// Reads a node; `nil`, with faults, when it has no usable id or type.
  static func parse(
    _ json: JSONValue, at path: String, constants: Set<String>, faults: inout [ConfigurationFault]
  ) -> (node: FlowNode, secrets: TriggerConfiguration.Secrets)? {
    let isTrigger = json["type"]?.string == triggerType
    let known = ["id", "type"] + TriggerConfiguration.fields
    let reader =
      isTrigger
      ? FieldReader(json, at: path, known: known, faults: &faults) : FieldReader(open: json, at: path, faults: &faults)
    guard let fields = reader else { return nil }
    let id = fields.string("id", required: true, faults: &faults)
    if let id, let fault = FlowNames.fault(ofID: id) { faults.append(fields.fault("id", .invalidValue, fault)) }
    let type = fields.string("type", required: true, faults: &faults)
    if isTrigger {
      let parsed = TriggerConfiguration.parse(fields, constants: constants, faults: &faults)
      guard let id else { return nil }
      return (FlowNode(id: id, kind: .webhookTrigger(parsed.configuration)), parsed.secrets)
    }
    if let type { checkType(type, fields, faults: &faults) }
    guard let id else { return nil }
    var settings = CanonicalJSON.members(of: json)
    settings[Array("id".utf8)] = nil
    settings[Array("type".utf8)] = nil
    var writer = JSONWriter()
    CanonicalJSON.write(settings, to: &writer)
    return (FlowNode(id: id, kind: .other(type: type ?? "", settings: writer.bytes)), TriggerConfiguration.Secrets())
  }

  private static func checkType(_ type: String, _ fields: FieldReader, faults: inout [ConfigurationFault]) {
    if Spelling.nearest(to: type, in: [triggerType]) != nil {
      faults.append(fields.fault("type", .invalidValue, "There is no such type. Did you mean \"\(triggerType)\"?"))
    } else if let fault = FlowNames.fault(ofVariable: type) {
      faults.append(fields.fault("type", .invalidValue, fault))
    }
  }

  /// Writes the node as it stands in a flow file, without its secret.
  package func writeCanonical(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("id")
    writer.string(id)
    writer.key("type")
    writer.string(type)
    switch kind {
    case .webhookTrigger(let configuration): configuration.writeCanonicalFields(to: &writer)
    case .other(_, let settings):
      // Canonical members in their braces; written by this package.
      if settings.count > 2 {
        writer.members(settings)
      }
    }
    writer.endObject()
  }

  /// The node as canonical JSON, without its secret.
  package var canonicalJSON: [UInt8] {
    var writer = JSONWriter()
    writeCanonical(to: &writer)
    return writer.bytes
  }
}
