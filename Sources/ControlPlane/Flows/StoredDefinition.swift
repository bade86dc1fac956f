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
  init(_ invalid: InvalidFlow, under prefix: String = "") {
    let count = invalid.faults.count == 1 ? "1 fault" : "\(invalid.faults.count) faults"
    self.init(.invalidArgument, "the definition has \(count)", faults: [Fault](invalid.faults, under: prefix))
  }
}
