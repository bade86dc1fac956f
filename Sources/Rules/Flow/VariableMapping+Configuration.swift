internal import JSON

extension VariableMapping {
  /// Reads `map: [{variable, from, type, default, required}]`.
  static func parse(
    _ fields: FieldReader, constants: Set<String>, hasElement: Bool, faults: inout [ConfigurationFault]
  ) -> [VariableMapping] {
    var lines: [VariableMapping] = []
    var seen: Set<String> = []
    for (element, path) in fields.elements("map", limit: FlowLimits.mappings, faults: &faults) {
      let line = parseLine(
        element, at: path, constants: constants, hasElement: hasElement, seen: &seen, faults: &faults)
      if let line { lines.append(line) }
    }
    return lines
  }

  private static func parseLine(
    _ json: JSONValue, at path: String, constants: Set<String>, hasElement: Bool, seen: inout Set<String>,
    faults: inout [ConfigurationFault]
  ) -> VariableMapping? {
    let known = ["variable", "from", "type", "default", "required"]
    guard let fields = FieldReader(json, at: path, known: known, faults: &faults) else { return nil }
    let variable = fields.string("variable", required: true, faults: &faults)
    if let variable {
      if let fault = FlowNames.fault(ofVariable: variable) { faults.append(fields.fault("variable", .invalidValue, fault)) }
      if !seen.insert(variable).inserted {
        faults.append(fields.fault("variable", .duplicate, "\(Spelling.quoted(variable)) is mapped already."))
      }
    }
    let source = fields.string("from", required: true, faults: &faults).flatMap { text in
      SourceReader.source(text, at: fields.path("from"), constants: constants, hasElement: hasElement, faults: &faults)
    }
    var type = VariableType.auto
    if let word = fields.string("type", faults: &faults) {
      let names = VariableType.allCases.map(\.rawValue)
      if let known = VariableType(rawValue: word) {
        type = known
      } else {
        let message = "\(Spelling.quoted(word)) is none of \(Spelling.alternatives(names))."
        faults.append(fields.fault("type", .invalidValue, message + Spelling.suggestion(for: word, in: names)))
      }
    }
    let isRequired = fields.boolean("required", faults: &faults) ?? false
    // `default: null` says that the variable is null when there is no value.
    let defaultValue = fields.object["default"]
    if let defaultValue {
      if let fault = fault(ofDefault: defaultValue, for: type) { faults.append(fields.fault("default", .wrongType, fault)) }
      if isRequired {
        let message = "A variable with a default always has a value; leave out default or required."
        faults.append(fields.fault("default", .conflict, message))
      }
    }
    guard let variable, let source else { return nil }
    return VariableMapping(
      variable: variable, source: source, type: type, defaultValue: defaultValue.map(CanonicalJSON.bytes), isRequired: isRequired)
  }

  private static func fault(ofDefault value: JSONValue, for type: VariableType) -> String? {
    let fits: Bool =
      switch type {
      case .auto, .json: true
      case .string: value.kind == .string || value.isNull
      case .number: value.kind == .number || value.isNull
      case .boolean: value.kind == .boolean || value.isNull
      }
    return fits ? nil : "The default of a \(type.rawValue) variable is a \(type.rawValue), not \(FieldReader.typeName(value))."
  }

  func writeCanonical(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("variable")
    writer.string(variable)
    writer.key("from")
    writer.string(source.text)
    if type != .auto {
      writer.key("type")
      writer.string(type.rawValue)
    }
    if let defaultValue {
      writer.key("default")
      writer.raw(defaultValue)
    }
    if isRequired {
      writer.key("required")
      writer.boolean(true)
    }
    writer.endObject()
  }
}
