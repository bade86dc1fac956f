internal import JSON

/// A way from a node's output to a node.
package struct FlowConnection: Hashable, Sendable {
  /// The node it starts at.
  package var from: String
  /// The output; empty: the node's only one. Never empty for a trigger.
  package var output: String
  /// The node it leads to.
  package var to: String

  /// `node` or `node.output`.
  package var source: String { output.isEmpty ? from : "\(from).\(output)" }

  /// Reads `connections: [{from, to}]` and checks that both ends exist.
  ///
  /// What is checked and what not:
  /// - An output of a trigger leads to one node: a request becomes one run, which has one entry node. `from: hook` is
  ///   `from: hook.else`. Nothing leads to a trigger, because a trigger starts runs.
  /// - Outputs of other nodes are the platform's: any name, any number of connections, and ways may lead back.
  static func parse(
    _ fields: FieldReader, nodes: [FlowNode], faults: inout [ConfigurationFault]
  ) -> [FlowConnection] {
    let byID = Dictionary(nodes.map { ($0.id, $0) }) { first, _ in first }
    var connections: [FlowConnection] = []
    var places: [FlowConnection: String] = [:]
    var taken: [String: FlowConnection] = [:]
    for (element, path) in fields.elements("connections", limit: FlowLimits.connections, faults: &faults) {
      guard let ends = FieldReader(element, at: path, known: ["from", "to"], faults: &faults) else { continue }
      let from = ends.string("from", required: true, faults: &faults)
      let to = ends.string("to", required: true, faults: &faults)
      let start = from.flatMap { source($0, ends, nodes: byID, faults: &faults) }
      let end = to.flatMap { target($0, ends, nodes: byID, faults: &faults) }
      guard let start, let end else { continue }
      let connection = FlowConnection(from: start.node, output: start.output, to: end)
      if let first = places[connection] {
        faults.append(ConfigurationFault(path, .duplicate, "This connection is \(first) already."))
        continue
      }
      if byID[start.node]?.trigger != nil, let other = taken[connection.source] {
        let message =
          "\(connection.source) leads to \(Spelling.quoted(other.to)) already, and a run has one entry node. "
          + "Connect that node to \(Spelling.quoted(end))."
        faults.append(ends.fault("from", .duplicate, message))
        continue
      }
      places[connection] = path
      taken[connection.source] = connection
      connections.append(connection)
    }
    return connections
  }

  private static func source(
    _ text: String, _ ends: FieldReader, nodes: [String: FlowNode], faults: inout [ConfigurationFault]
  ) -> (node: String, output: String)? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let node = nodes[parts[0]] else {
      faults.append(ends.fault("from", .unknownReference, unknown(parts[0], nodes)))
      return nil
    }
    let output = parts.count > 1 ? parts[1] : ""
    guard let trigger = node.trigger else {
      if parts.count > 1, let fault = FlowNames.fault(ofID: output) {
        faults.append(ends.fault("from", .invalidValue, "After the dot stands an output's name. \(fault)"))
        return nil
      }
      return (node.id, output)
    }
    if parts.count == 1 { return (node.id, EventRouting.elseOutput) }
    guard trigger.outputs.contains(output) else {
      let message =
        "\(Spelling.quoted(node.id)) has no output \(Spelling.quoted(output))."
        + (Spelling.nearest(to: output, in: trigger.outputs).map { " Did you mean \"\($0)\"?" }
          ?? " It has \(Spelling.alternatives(trigger.outputs.suffix(20))).")
      faults.append(ends.fault("from", .unknownReference, message))
      return nil
    }
    return (node.id, output)
  }

  private static func target(
    _ text: String, _ ends: FieldReader, nodes: [String: FlowNode], faults: inout [ConfigurationFault]
  ) -> String? {
    guard let node = nodes[text] else {
      faults.append(ends.fault("to", .unknownReference, unknown(text, nodes)))
      return nil
    }
    guard node.trigger == nil else {
      let message = "\(Spelling.quoted(text)) is a trigger: it starts runs, nothing leads to it."
      faults.append(ends.fault("to", .invalidValue, message))
      return nil
    }
    return node.id
  }

  private static func unknown(_ id: String, _ nodes: [String: FlowNode]) -> String {
    "There is no node \(Spelling.quoted(id))." + Spelling.suggestion(for: id, in: nodes.keys.sorted())
  }
}
