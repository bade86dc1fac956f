import HeadgateProto
package import JSON
import Rules
import Store

/// A definition as it is stored.
package enum StoredDefinition {
  /// The node of that id; `nil`: there is none. Also reads definitions that today's rules would refuse.
  package static func node(_ id: String, in definition: JSONDocument) -> JSONValue? {
    definition.root["nodes"]?.elements.first { $0["id"]?.string == id }
  }

  /// The ids of its nodes.
  package static func nodes(_ definition: [UInt8]) -> Set<String> {
    guard let document = try? JSONDocument(definition), let nodes = document.root["nodes"] else { return [] }
    return Set(nodes.elements.compactMap { $0["id"]?.string })
  }

  /// The `auth` object of a node.
  struct Rule: Sendable {
    /// `nil`: one that is not known any more.
    var mode: AuthenticationMode?
    var canonicalJSON: [UInt8]
  }

  /// The `auth` objects of its nodes, by node. Also reads definitions that today's rules would refuse.
  static func rules(_ definition: [UInt8]) -> [String: Rule] {
    guard let document = try? JSONDocument(definition), let nodes = document.root["nodes"] else { return [:] }
    var rules: [String: Rule] = [:]
    for node in nodes.elements where node["type"]?.string == FlowNode.triggerType {
      guard let id = node["id"]?.string, let auth = node["auth"] else { continue }
      rules[id] = Rule(
        mode: auth["mode"]?.string.flatMap(AuthenticationMode.init(rawValue:)), canonicalJSON: Array(auth.raw))
    }
    return rules
  }

  /// The draft of a flow, to be changed.
  ///
  /// - Throws: `failedPrecondition` when the rules have changed since it was saved so that it does not pass any more.
  static func draft(_ row: FlowRow) throws(RPCError) -> FlowDefinition {
    do {
      return try FlowDefinition.parse(row.draft).definition
    } catch {
      throw RPCError(
        .failedPrecondition, "the draft of \(row.name) does not pass today's rules; apply the whole flow",
        faults: [Fault](error.faults, under: ""))
    }
  }
}

extension [Fault] {
  /// Faults of a definition.
  ///
  /// - Parameter prefix: the request's field that the definition was given in; empty: paths stay as they are.
  init(_ faults: [ConfigurationFault], under prefix: String) {
    self = faults.map { fault in
      let separator = prefix.isEmpty || fault.path.isEmpty || fault.path.hasPrefix("[") ? "" : "."
      return Fault(path: prefix + separator + fault.path, code: fault.code.rawValue, message: fault.message)
    }
  }
}

extension RPCError {
  /// Every fault of a definition.
  ///
  /// - Parameter prefix: the request's field that the definition was given in; empty: paths stay as they are.
  init(_ invalid: InvalidFlow, under prefix: String = "") { self.init(invalid.faults, under: prefix) }

  /// Every fault of a definition.
  init(_ faults: [ConfigurationFault], under prefix: String = "") {
    let count = faults.count == 1 ? "1 fault" : "\(faults.count) faults"
    self.init(.invalidArgument, "\(count) in the configuration; nothing was changed", faults: [Fault](faults, under: prefix))
  }
}
