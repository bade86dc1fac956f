/// The place that a ciphertext is bound to. Moved anywhere else, it does not open.
///
/// An older ciphertext put back into its own place does open: only a version of the row, as part of `record`, would tell.
package struct SecretContext: Sendable, Hashable {
  /// Identifier of the trigger.
  package var trigger: [UInt8]
  /// Name of the field, such as "secret".
  package var field: String
  /// Identifier of the row.
  package var record: [UInt8]

  /// Names a place in a workspace.
  package init(trigger: [UInt8], field: String, record: [UInt8]) {
    self.trigger = trigger
    self.field = field
    self.record = record
  }

  func associated(workspace: [UInt8]) -> AssociatedData {
    AssociatedData(purpose: "headgate secret", fields: [workspace, trigger, Array(field.utf8), record])
  }
}
