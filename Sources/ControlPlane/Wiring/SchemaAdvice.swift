package import Store

/// What to do about a database whose schema is not this program's.
package enum SchemaAdvice {
  /// For people; `nil`: the error is about something else.
  package static func text(for error: StoreError) -> String? {
    switch error {
    case .schemaMismatch(let found, let needed) where found < needed:
      "the database's schema has version \(found), this program needs \(needed): run headgate-control migrate"
    case .schemaMismatch(let found, let needed):
      "the database's schema has version \(found), which is not compatible with this program (it knows up to \(needed)): "
        + "a newer version of headgate-control has migrated it; start that version"
    case .migrationChanged(let version):
      "migration \(version) in the database is not the one of this program: the database was made by another build; "
        + "start the build it was made by, or restore a backup"
    default: nil
    }
  }
}
