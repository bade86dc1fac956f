internal import JSON

extension FlowDefinition {
  /// Reads a flow file as JSON and checks all of it.
  ///
  /// - Throws: Every fault, each with its path; secrets are in none of them.
  package static func parse(_ bytes: [UInt8]) throws(InvalidFlow) -> ParsedFlow {
    let document: JSONDocument
    do throws(JSONError) {
      document = try JSONDocument(
        bytes, limits: JSONLimits(depth: FlowLimits.depth, bytes: FlowLimits.bytes), acceptsByteOrderMark: true)
    } catch {
      let code: ConfigurationFault.Code = error.code == .tooLarge ? .tooLong : .invalidJSON
      throw InvalidFlow(faults: [ConfigurationFault("", code, "The flow is not JSON that can be read: \(error)")])
    }
    var faults: [ConfigurationFault] = []
    let parsed = parse(document.root, faults: &faults)
    guard faults.isEmpty, let parsed else { throw InvalidFlow(faults: faults) }
    return parsed
  }

  private static func parse(_ json: JSONValue, faults: inout [ConfigurationFault]) -> ParsedFlow? {
    let known = ["flow", "constants", "nodes", "connections"]
    guard let fields = FieldReader(json, at: "", known: known, faults: &faults) else { return nil }
    let name = fields.string("flow", required: true, faults: &faults) ?? ""
    if !name.isEmpty, let fault = FlowNames.fault(ofFlow: name) { faults.append(fields.fault("flow", .invalidValue, fault)) }
    let constants = constants(fields, faults: &faults)
    let constantNames = Set(constants.map(\.name))

    var nodes: [FlowNode] = []
    var secrets: [String: SecretInput] = [:]
    var verifyTokens: [String: SecretInput] = [:]
    var warnings: [String] = []
    var places: [String: String] = [:]
    if fields.value("nodes") == nil {
      faults.append(fields.fault("nodes", .required, "The field must be there: the list of the flow's nodes."))
    }
    for (element, path) in fields.elements("nodes", limit: FlowLimits.nodes, faults: &faults) {
      guard let parsed = FlowNode.parse(element, at: path, constants: constantNames, faults: &faults) else { continue }
      let (node, secret) = (parsed.node, parsed.secrets.secret)
      if let other = places[node.id] {
        faults.append(ConfigurationFault("\(path).id", .duplicate, "\(other) has the id \(Spelling.quoted(node.id)) too."))
        continue
      }
      places[node.id] = path
      nodes.append(node)
      if let trigger = node.trigger, trigger.source == nil {
        secrets[node.id] = secret
        if trigger.authentication.usesVerifyToken { verifyTokens[node.id] = parsed.secrets.verifyToken }
      }
      if node.isProbablyTrigger {
        let type = Spelling.quoted(node.type)
        warnings.append("\(path).type is \(type), which has no URL. Did you mean \"\(FlowNode.triggerType)\"?")
      }
      if case .given(let value) = secret, value.count < SecretInput.shortBytes {
        warnings.append("\(path).auth.secret is shorter than \(SecretInput.shortBytes) characters.")
      }
    }
    checkSources(nodes, places: places, flow: name, faults: &faults)
    let connections = FlowConnection.parse(fields, nodes: nodes, faults: &faults)
    let definition = FlowDefinition(name: name, nodes: nodes, connections: connections, constants: constants)
    if definition.triggers.isEmpty { warnings.append("The flow has no node of the type \(FlowNode.triggerType), so no URL.") }
    warnings += definition.unconnectedOutputs
    return ParsedFlow(definition: definition, secrets: secrets, verifyTokens: verifyTokens, warnings: warnings)
  }

  private static func constants(_ fields: FieldReader, faults: inout [ConfigurationFault]) -> [FlowConstant] {
    guard let json = fields.value("constants"), let list = FieldReader(open: json, at: "constants", faults: &faults) else {
      return []
    }
    if json.count > FlowLimits.constants {
      faults.append(fields.fault("constants", .tooMany, "There are at most \(FlowLimits.constants) constants."))
    }
    var constants: [FlowConstant] = []
    for (key, value) in json.members.prefix(FlowLimits.constants) {
      let name = key.string ?? ""
      if let fault = FlowNames.fault(ofVariable: name) {
        faults.append(list.fault(name, .invalidValue, fault))
        continue
      }
      switch value.kind {
      case .string, .number, .boolean: constants.append(FlowConstant(name: name, json: CanonicalJSON.bytes(value)))
      case .null, .array, .object:
        let message = "A constant is a text, a number, true or false, not \(FieldReader.typeName(value))."
        faults.append(list.fault(name, .wrongType, message))
      }
    }
    return constants.sorted { $0.name < $1.name }
  }

  /// A warning for each case whose requests would start nothing.
  private var unconnectedOutputs: [String] {
    let connected = Set(connections.map(\.source))
    return triggers.flatMap { node in
      (node.trigger?.events?.cases ?? []).compactMap { option in
        connected.contains("\(node.id).\(option.id)")
          ? nil : "\(node.id).\(option.id) leads nowhere: its requests are recorded and start no run."
      }
    }
  }
}
