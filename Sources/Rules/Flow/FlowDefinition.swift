internal import JSON

/// A valid flow: what a flow file says, without secrets.
package struct FlowDefinition: Hashable, Sendable {
  /// Unique in the workspace.
  package let name: String
  /// In the order of the file.
  package let nodes: [FlowNode]
  /// In the order of the file.
  package let connections: [FlowConnection]
  /// What templates see as `flow.<name>`: a text, number or truth value as JSON, sorted by name.
  package let constants: [FlowConstant]
  /// The whole flow as one line of JSON: the same text for the same flow. Reading it gives this flow again.
  package let canonicalJSON: [UInt8]

  /// The nodes that requests come to: by a URL of their own, or by that of another trigger (`source`).
  package var triggers: [FlowNode] { nodes.filter { $0.trigger != nil } }

  /// The node of that id.
  package func node(_ id: String) -> FlowNode? { nodes.first { $0.id == id } }

  /// The node that an output leads to; `nil` when it leads nowhere.
  package func target(of node: String, output: String) -> String? {
    connections.first { $0.from == node && $0.output == output }?.to
  }

  init(name: String, nodes: [FlowNode], connections: [FlowConnection], constants: [FlowConstant]) {
    self.name = name
    self.nodes = nodes
    self.connections = connections
    self.constants = constants
    var writer = JSONWriter(reservingCapacity: 1024)
    writer.beginObject()
    writer.key("flow")
    writer.string(name)
    if !constants.isEmpty {
      writer.key("constants")
      writer.beginObject()
      for constant in constants {
        writer.key(constant.name)
        writer.raw(constant.json)
      }
      writer.endObject()
    }
    writer.key("nodes")
    writer.beginArray()
    for node in nodes { node.writeCanonical(to: &writer) }
    writer.endArray()
    if !connections.isEmpty {
      writer.key("connections")
      writer.beginArray()
      for connection in connections {
        writer.beginObject()
        writer.key("from")
        writer.string(connection.source)
        writer.key("to")
        writer.string(connection.to)
        writer.endObject()
      }
      writer.endArray()
    }
    writer.endObject()
    canonicalJSON = writer.bytes
  }
}

/// A constant of a flow.
package struct FlowConstant: Hashable, Sendable {
  /// What stands after `flow.`.
  package var name: String
  /// A text, number or truth value.
  package var json: [UInt8]
}

/// Everything that is wrong with a flow file.
package struct InvalidFlow: Error, Hashable, Sendable {
  /// In the order in which they were found; at least one.
  package let faults: [ConfigurationFault]
}

/// What a flow file said.
package struct ParsedFlow: Sendable {
  /// The flow.
  package var definition: FlowDefinition
  /// What was said of the secret of each trigger that has a URL, by node id.
  package var secrets: [String: SecretInput]
  /// What was said of the verify token of each trigger whose handshake asks for one, by node id; never `pending`.
  package var verifyTokens: [String: SecretInput] = [:]
  /// What is allowed but probably not meant, such as "nodes[0].auth.secret is shorter than 16 characters".
  package var warnings: [String]
}
