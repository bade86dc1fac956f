internal import JSON

extension EventRouting {
  /// Reads `events: {path, cases: [{id, value, label}]}`.
  ///
  /// - Parameter mayOmitPath: Whether the preset says where the event is.
  static func parse(
    _ json: JSONValue, at path: String, mayOmitPath: Bool, constants: Set<String>, hasElement: Bool,
    faults: inout [ConfigurationFault]
  ) -> EventRouting? {
    guard let fields = FieldReader(json, at: path, known: ["path", "cases"], faults: &faults) else { return nil }
    var routing = EventRouting(path: nil)
    if let text = fields.string("path", faults: &faults) {
      routing.path = SourceReader.path(text, at: fields.path("path"), hasElement: hasElement, faults: &faults)
    } else if fields.value("path") == nil, !mayOmitPath {
      faults.append(fields.fault("path", .required, "The field must be there, such as body.event or headers[\"x-event\"]."))
    }
    var ids: Set<String> = []
    var values: Set<String> = []
    for (element, at) in fields.elements("cases", limit: FlowLimits.cases, faults: &faults) {
      let before = faults.count
      guard let option = parseCase(element, at: at, constants: constants, hasElement: hasElement, faults: &faults) else {
        continue
      }
      if !option.id.isEmpty, !ids.insert(option.id).inserted {
        faults.append(ConfigurationFault("\(at).id", .duplicate, "Another case has the id \(Spelling.quoted(option.id))."))
      }
      if faults.count == before, !values.insert(option.value.text).inserted {
        let message = "Another case has the value \(Spelling.quoted(option.value.text)); the first one would always win."
        faults.append(ConfigurationFault("\(at).value", .duplicate, message))
      }
      routing.cases.append(option)
    }
    return routing
  }

  private static func parseCase(
    _ json: JSONValue, at path: String, constants: Set<String>, hasElement: Bool, faults: inout [ConfigurationFault]
  ) -> Case? {
    guard let fields = FieldReader(json, at: path, known: ["id", "value", "label"], faults: &faults) else { return nil }
    let id = fields.string("id", required: true, faults: &faults)
    if let id {
      if id == elseOutput {
        faults.append(fields.fault("id", .conflict, "\"else\" is the output that is taken when no case is equal."))
      } else if let fault = FlowNames.fault(ofID: id) {
        faults.append(fields.fault("id", .invalidValue, fault))
      }
    }
    var template: Template?
    if let value = fields.value("value") {
      switch value.kind {
      // YAML reads an unquoted 200 or true as one; the event is compared as text.
      case .number, .boolean: template = try? Template(String(decoding: value.raw, as: UTF8.self))
      case .string:
        template = SourceReader.template(
          value.string ?? "", at: fields.path("value"), constants: constants, hasElement: hasElement, faults: &faults)
      case .null, .array, .object:
        faults.append(fields.fault("value", .wrongType, "A text is expected, not \(FieldReader.typeName(value))."))
      }
    } else {
      faults.append(fields.fault("value", .required, "The field must be there: what the event is compared with."))
    }
    let label = LabelReader.label(fields, faults: &faults)
    // A case with faults stays known, so that connections from it are no further faults.
    guard let id, let empty = try? Template("") else { return nil }
    return Case(id: id, value: template ?? empty, label: label)
  }

  func writeCanonical(to writer: inout JSONWriter) {
    writer.beginObject()
    if let path {
      writer.key("path")
      writer.string(path.text)
    }
    if !cases.isEmpty {
      writer.key("cases")
      writer.beginArray()
      for option in cases {
        writer.beginObject()
        writer.key("id")
        writer.string(option.id)
        writer.key("value")
        writer.string(option.value.text)
        if !option.label.isEmpty {
          writer.key("label")
          writer.string(option.label)
        }
        writer.endObject()
      }
      writer.endArray()
    }
    writer.endObject()
  }
}

/// Reads labels.
enum LabelReader {
  static func label(_ fields: FieldReader, faults: inout [ConfigurationFault]) -> String {
    let label = fields.string("label", faults: &faults) ?? ""
    if label.unicodeScalars.count > FlowLimits.label {
      faults.append(fields.fault("label", .tooLong, "A label has at most \(FlowLimits.label) characters."))
    }
    return label
  }
}
