package import HeadgateProto
package import Identifiers
import JSON
package import Store

extension CallContext {
  /// The audit row of what this call does.
  ///
  /// - Parameters:
  ///   - action: such as "trigger.reveal".
  ///   - object: such as "orders/hook". Never a secret.
  ///   - details: texts by name; never a secret.
  ///   - concernsAll: it concerns no workspace alone.
  package func audit(
    in workspace: UniqueID, _ action: String, object: String, details: KeyValuePairs<String, String> = [:],
    concernsAll: Bool = false
  ) -> AuditEntry {
    var writer = JSONWriter()
    writer.beginObject()
    for (name, value) in details {
      writer.key(name)
      writer.string(value)
    }
    writer.endObject()
    return AuditEntry(
      workspace: workspace, principal: principal.name, peer: peer, action: action, object: object, details: writer.bytes,
      concernsAll: concernsAll)
  }
}
