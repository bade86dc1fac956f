// Without `import Rules`: it has a `FlowChange` of its own, and the module's name is also that of a type.
package import Store

/// A change of a flow as the store takes it.
package typealias FlowSaving = FlowChange
