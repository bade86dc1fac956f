/// Which trigger a request came to, as paths see it: `trigger.id`, `trigger.flow`, `trigger.node`.
package struct TriggerIdentity: Hashable, Sendable {
  /// The trigger's id.
  package var id: String
  /// The flow's name.
  package var flow: String
  /// The node's id in the flow.
  package var node: String

  /// Makes an identity.
  package init(id: String, flow: String, node: String) {
    self.id = id
    self.flow = flow
    self.node = node
  }

  static let parts = ["id", "flow", "node"]
}
