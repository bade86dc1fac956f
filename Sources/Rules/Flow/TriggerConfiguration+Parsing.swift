internal import JSON

extension TriggerConfiguration {
  /// What was said of a trigger's secrets. Taken out of the configuration.
  struct Secrets: Sendable {
    var secret = SecretInput.none
    var verifyToken = SecretInput.none
  }

  /// The fields of a node that only the owner of a URL has.
  private static let ownerFields = ["auth", "allow", "methods", "rate_limit", "deadline", "response"]
  /// The fields of a node, besides "id" and "type".
  static let fields = ["source"] + ownerFields + ["split", "events", "map", "dedup", "order_by"] + BindingRule.fields

  /// Reads a node.
  ///
  /// - Returns: The configuration and what was said of the secrets; parts with faults have their defaults.
  static func parse(
    _ fields: FieldReader, constants: Set<String>, faults: inout [ConfigurationFault]
  ) -> (configuration: TriggerConfiguration, secrets: Secrets) {
    var configuration = TriggerConfiguration()
    var secrets = Secrets()
    // What a subscriber takes from the owner's preset shows only where the owner is known.
    var isPresetKnown = false
    if fields.value("source") != nil {
      configuration.source = TriggerReference.parse(fields, faults: &faults)
      for field in ownerFields where fields.value(field) != nil {
        let message = "A node with source has no \(field) of its own: the trigger that it subscribes to has it."
        faults.append(fields.fault(field, .conflict, message))
      }
    } else {
      isPresetKnown = parseOwner(fields, constants: constants, &configuration, &secrets, faults: &faults)
    }
    configuration.split = SplitRule.parse(
      fields, preset: isPresetKnown ? .some(configuration.authentication.preset?.split) : nil, faults: &faults)
    // A split with a fault is one: what it is for is no further fault.
    let hasElement = fields.value("split") != nil
    if let json = fields.value("events") {
      let mayOmitPath = !isPresetKnown || configuration.authentication.eventPath != nil
      configuration.events = EventRouting.parse(
        json, at: fields.path("events"), mayOmitPath: mayOmitPath, constants: constants, hasElement: hasElement,
        faults: &faults)
    }
    configuration.map = VariableMapping.parse(fields, constants: constants, hasElement: hasElement, faults: &faults)
    configuration.deduplication = Deduplication.parse(
      fields, preset: isPresetKnown ? .some(configuration.authentication.deliveryPath) : nil, hasElement: hasElement,
      faults: &faults)
    if let text = fields.string("order_by", faults: &faults) {
      configuration.orderBy = SourceReader.source(
        text, at: fields.path("order_by"), constants: constants, hasElement: hasElement, faults: &faults)
    }
    configuration.binding = BindingRule.parse(fields, constants: constants, hasElement: hasElement, faults: &faults)
    return (configuration, secrets)
  }

  /// Reads what only the owner of a URL has.
  ///
  /// - Returns: Whether the preset, or that there is none, is known.
  private static func parseOwner(
    _ fields: FieldReader, constants: Set<String>, _ configuration: inout TriggerConfiguration, _ secrets: inout Secrets,
    faults: inout [ConfigurationFault]
  ) -> Bool {
    var isPresetKnown = false
    if let json = fields.value("auth") {
      // What is wrong there is said once.
      if let parsed = AuthenticationRule.parse(json, at: fields.path("auth"), faults: &faults) {
        configuration.authentication = parsed.rule
        secrets = Secrets(secret: parsed.secret, verifyToken: parsed.verifyToken)
        isPresetKnown = true
      }
    } else {
      let message = "The field must be there: who may call. {mode: public} lets everyone in."
      faults.append(fields.fault("auth", .required, message))
      isPresetKnown = true
    }
    if let json = fields.value("allow") {
      configuration.allow = AllowList.parse(json, at: fields.path("allow"), faults: &faults)
    }
    configuration.methods = AllowedMethods.parse(fields, faults: &faults)
    if let json = fields.value("rate_limit") {
      configuration.rateLimits = RateLimits.parse(json, at: fields.path("rate_limit"), faults: &faults)
    }
    configuration.deadline = DurationText.parse(fields, "deadline", in: deadlines, example: "4.5s", faults: &faults)
    if let json = fields.value("response") {
      configuration.response = ResponseSettings.parse(
        json, at: fields.path("response"), constants: constants, faults: &faults)
    }
    return isPresetKnown
  }

  func writeCanonicalFields(to writer: inout JSONWriter) {
    if let source {
      writer.key("source")
      writer.string(source.description)
    } else {
      writer.key("auth")
      authentication.writeCanonical(to: &writer)
    }
    if !allow.isEmpty {
      writer.key("allow")
      allow.writeCanonical(to: &writer)
    }
    if methods != AllowedMethods() {
      writer.key("methods")
      methods.writeCanonical(to: &writer)
    }
    if let rateLimits {
      writer.key("rate_limit")
      rateLimits.writeCanonical(to: &writer)
    }
    if let deadline {
      writer.key("deadline")
      writer.string(DurationText.text(deadline))
    }
    if let split {
      writer.key("split")
      split.writeCanonical(to: &writer)
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
    if let deduplication {
      writer.key("dedup")
      deduplication.writeCanonical(to: &writer)
    }
    if let orderBy {
      writer.key("order_by")
      writer.string(orderBy.text)
    }
    binding?.writeCanonicalFields(to: &writer)
    if response != ResponseSettings() {
      writer.key("response")
      response.writeCanonical(to: &writer)
    }
  }
}
