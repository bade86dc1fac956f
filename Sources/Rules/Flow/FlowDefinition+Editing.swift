internal import JSON

extension FlowDefinition {
  /// This flow with one more node, or with the node of that id replaced, checked as a whole.
  ///
  /// - Parameters:
  ///   - id: Of the node that is replaced; `nil`: a node is added.
  ///   - json: The node as in a flow file. It may have a secret, and without an "id" it keeps that of the one replaced.
  /// - Throws: Every fault. Paths inside of the node start at the node: "auth.mode".
  package func replacing(node id: String?, with json: [UInt8]) throws(InvalidFlow) -> ParsedFlow {
    let position = id.flatMap { wanted in nodes.firstIndex { $0.id == wanted } }
    if let id, position == nil {
      throw InvalidFlow(faults: [ConfigurationFault("id", .unknownReference, "There is no node \(Spelling.quoted(id)).")])
    }
    do throws(InvalidFlow) {
      let node = try Self.node(json, id: id)
      var texts = nodes.map(\.canonicalJSON)
      if let position { texts[position] = node } else { texts.append(node) }
      return try Self.parse(text(nodes: texts, connections: connections))
    } catch {
      let prefix = "nodes[\(position ?? nodes.count)]"
      throw InvalidFlow(
        faults: error.faults.map { fault in
          guard fault.path.hasPrefix(prefix) else { return fault }
          let inside = fault.path.dropFirst(prefix.count)
          return ConfigurationFault(String(inside.hasPrefix(".") ? inside.dropFirst() : inside), fault.code, fault.message)
        })
    }
  }

  /// This flow without a node and the connections from and to it.
  ///
  /// - Throws: When there is no such node.
  package func removing(node id: String) throws(InvalidFlow) -> ParsedFlow {
    guard nodes.contains(where: { $0.id == id }) else {
      throw InvalidFlow(faults: [ConfigurationFault("id", .unknownReference, "There is no node \(Spelling.quoted(id)).")])
    }
    let rest = nodes.filter { $0.id != id }.map(\.canonicalJSON)
    return try Self.parse(text(nodes: rest, connections: connections.filter { $0.from != id && $0.to != id }))
  }

  /// A flow of that name with nothing in it.
  ///
  /// - Throws: When it cannot be a flow's name.
  package static func empty(name: String) throws(InvalidFlow) -> FlowDefinition {
    if let fault = FlowNames.fault(ofFlow: name) {
      throw InvalidFlow(faults: [ConfigurationFault("flow", .invalidValue, fault)])
    }
    return FlowDefinition(name: name, nodes: [], connections: [], constants: [])
  }

  /// Checks that the text is an object, so that nothing else of the flow can stand in it, and gives it an id and the
  /// trigger's type if it has none.
  private static func node(_ json: [UInt8], id: String?) throws(InvalidFlow) -> [UInt8] {
    let document: JSONDocument
    do throws(JSONError) {
      document = try JSONDocument(json, limits: JSONLimits(depth: FlowLimits.depth - 2, bytes: FlowLimits.bytes))
    } catch {
      throw InvalidFlow(faults: [ConfigurationFault("", .invalidJSON, "The node is not JSON that can be read: \(error)")])
    }
    guard document.root.kind == .object else {
      let message = "An object with fields is expected, not \(FieldReader.typeName(document.root))."
      throw InvalidFlow(faults: [ConfigurationFault("", .wrongType, message)])
    }
    var writer = JSONWriter(reservingCapacity: json.count + 64)
    writer.beginObject()
    if let id, document.root["id"] == nil {
      writer.key("id")
      writer.string(id)
    }
    if document.root["type"] == nil {
      writer.key("type")
      writer.string(FlowNode.triggerType)
    }
    writer.members(document.root.raw)
    writer.endObject()
    return writer.bytes
  }

  private func text(nodes: [[UInt8]], connections: [FlowConnection]) -> [UInt8] {
    let frame = FlowDefinition(name: name, nodes: [], connections: connections, constants: constants)
    guard let document = try? JSONDocument(frame.canonicalJSON) else { return frame.canonicalJSON }
    var writer = JSONWriter(reservingCapacity: canonicalJSON.count + 1024)
    writer.beginObject()
    for (key, value) in document.root.members {
      writer.key(key.stringBytes ?? [])
      guard key.equals(Array("nodes".utf8)) else {
        writer.value(value)
        continue
      }
      writer.beginArray()
      for node in nodes { writer.raw(node) }
      writer.endArray()
    }
    writer.endObject()
    return writer.bytes
  }
}
