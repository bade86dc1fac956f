internal import JSON

/// What a `webhook_trigger` node is configured to do.
///
/// To come: source, customer and chat binding, deduplication, rate limits, splitting. Until then their fields are unknown.
package struct TriggerConfiguration: Hashable, Sendable {
  /// How the caller is known.
  package var authentication: AuthenticationRule
  /// From where it may call.
  package var allow: AllowList
  /// With which methods.
  package var methods: AllowedMethods
  /// Which output is taken; `nil`: always "else".
  package var events: EventRouting?
  /// What the flow's variables become.
  package var map: [VariableMapping]
  /// What the caller is answered.
  package var response: ResponseSettings

  /// The fields of the node, besides "id" and "type".
  static let fields = ["auth", "allow", "methods", "events", "map", "response"]

  /// The path of the event: the configured one or the preset's.
  package var eventPath: ValuePath? {
    if let path = events?.path { return path }
    return authentication.defaultEventPath.flatMap { try? ValuePath($0) }
  }

  /// The names of the outputs, "else" last.
  package var outputs: [String] { (events?.cases ?? []).map(\.id) + [EventRouting.elseOutput] }

  /// Reads a node.
  ///
  /// - Returns: The configuration and what was said of the secret; parts with faults have their defaults.
  static func parse(
    _ fields: FieldReader, constants: Set<String>, faults: inout [ConfigurationFault]
  ) -> (configuration: TriggerConfiguration, secret: SecretInput) {
    var configuration = TriggerConfiguration(
      authentication: .open, allow: AllowList(), methods: AllowedMethods(), events: nil, map: [],
      response: ResponseSettings())
    var secret = SecretInput.none
    var mayOmitEventPath = false
    if let json = fields.value("auth") {
      if let parsed = AuthenticationRule.parse(json, at: fields.path("auth"), faults: &faults) {
        configuration.authentication = parsed.rule
        secret = parsed.secret
        mayOmitEventPath = parsed.rule.defaultEventPath != nil
      } else {
        // What is wrong there has been said.
        mayOmitEventPath = true
      }
    } else {
      let message = "The field must be there: who may call. {mode: public} lets everyone in."
      faults.append(fields.fault("auth", .required, message))
    }
    if let json = fields.value("allow") {
      configuration.allow = AllowList.parse(json, at: fields.path("allow"), faults: &faults)
    }
    configuration.methods = AllowedMethods.parse(fields, faults: &faults)
    if let json = fields.value("events") {
      configuration.events = EventRouting.parse(
        json, at: fields.path("events"), mayOmitPath: mayOmitEventPath, constants: constants, faults: &faults)
    }
    configuration.map = VariableMapping.parse(fields, constants: constants, faults: &faults)
    if let json = fields.value("response") {
      configuration.response = ResponseSettings.parse(json, at: fields.path("response"), faults: &faults)
    }
    return (configuration, secret)
  }

  func writeCanonicalFields(to writer: inout JSONWriter) {
    writer.key("auth")
    authentication.writeCanonical(to: &writer)
    if !allow.isEmpty {
      writer.key("allow")
      allow.writeCanonical(to: &writer)
    }
    if methods != AllowedMethods() {
      writer.key("methods")
      methods.writeCanonical(to: &writer)
    }
    if let events {
      writer.key("events")
      events.writeCanonical(to: &writer)
    }
    if !map.isEmpty {
      writer.key("map")
      writer.beginArray()
      for line in map { line.writeCanonical(to: &writer) }
      writer.endArray()
    }
    if response != ResponseSettings() {
      writer.key("response")
      response.writeCanonical(to: &writer)
    }
  }
}
