/// FLOW/NODE: another trigger, whose URL a node subscribes to.
package struct TriggerReference: Hashable, Sendable, CustomStringConvertible {
  /// The flow's name.
  package var flow: String
  /// The node's id.
  package var node: String

  /// Makes a reference.
  package init(flow: String, node: String) {
    self.flow = flow
    self.node = node
  }

  /// Reads the text form; `nil` when it is none.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, FlowNames.fault(ofFlow: parts[0]) == nil, FlowNames.fault(ofID: parts[1]) == nil else { return nil }
    self.init(flow: parts[0], node: parts[1])
  }

  package var description: String { "\(flow)/\(node)" }

  /// Reads `source: FLOW/NODE`.
  static func parse(_ fields: FieldReader, faults: inout [ConfigurationFault]) -> TriggerReference? {
    guard let text = fields.string("source", required: true, faults: &faults) else { return nil }
    guard let reference = TriggerReference(text) else {
      let message = "\(Spelling.quoted(text)) is no trigger's name; FLOW/NODE is expected, such as orders/hook."
      faults.append(fields.fault("source", .invalidValue, message))
      return nil
    }
    return reference
  }
}

extension FlowDefinition {
  /// Checks what nodes of this flow subscribe to, as far as it is in this flow; of other flows nothing is known here.
  static func checkSources(
    _ nodes: [FlowNode], places: [String: String], flow: String, faults: inout [ConfigurationFault]
  ) {
    for node in nodes {
      guard let source = node.trigger?.source, source.flow == flow, let place = places[node.id] else { continue }
      func fault(_ code: ConfigurationFault.Code, _ message: String) {
        faults.append(ConfigurationFault("\(place).source", code, message))
      }
      guard let owner = nodes.first(where: { $0.id == source.node }) else {
        let triggers = nodes.filter { $0.trigger != nil && $0.id != node.id }.map(\.id)
        fault(
          .unknownReference,
          "This flow has no node \(Spelling.quoted(source.node)).\(Spelling.suggestion(for: source.node, in: triggers))")
        continue
      }
      if owner.id == node.id {
        fault(.conflict, "A node cannot subscribe to itself; leave out source to give it a URL of its own.")
      } else if owner.trigger == nil {
        fault(.invalidValue, "\(Spelling.quoted(source.node)) is no \(FlowNode.triggerType).")
      } else if let other = owner.trigger?.source {
        fault(.invalidValue, "\(source) has no URL of its own: it subscribes to \(other). Subscribe to that.")
      }
    }
  }
}
