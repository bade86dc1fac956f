package import HeadgateProto
package import Identifiers
package import Store

/// Finds what callers name: flows by name or id, triggers as FLOW/NODE, by id or by key.
package struct ObjectReferences: Sendable {
  private let store: Store

  package init(store: Store) { self.store = store }

  /// A live flow by name or id.
  ///
  /// - Throws: `notFound`.
  package func flow(_ reference: String, in workspace: UniqueID) async throws(RPCError) -> FlowRow {
    let row = try await store.answer { store throws(StoreError) -> FlowRow? in
      if let row = try await store.flow(named: reference, in: workspace) { return row }
      guard let id = UniqueID(reference) else { return nil }
      return try await store.flow(id, in: workspace)
    }
    guard let row else { throw RPCError(.notFound, "there is no flow \(reference)") }
    return row
  }

  /// A live trigger as FLOW/NODE, by id or by key.
  ///
  /// - Throws: `notFound`.
  package func trigger(_ reference: String, in workspace: UniqueID) async throws(RPCError) -> TriggerRow {
    let row = try await store.answer { store throws(StoreError) -> TriggerRow? in
      if let slash = reference.firstIndex(of: "/") {
        return try await store.trigger(
          node: String(reference[reference.index(after: slash)...]), ofFlowNamed: String(reference[..<slash]), in: workspace)
      }
      if let id = UniqueID(reference) { return try await store.trigger(id, in: workspace) }
      return try await store.trigger(key: reference, in: workspace)
    }
    guard let row else { throw RPCError(.notFound, "there is no trigger \(reference)") }
    return row
  }
}
