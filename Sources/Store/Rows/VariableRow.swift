package import Identifiers
package import Postgres

/// A variable of a workspace, which templates see as `env.NAME`.
package struct VariableRow: Hashable, Sendable {
  /// What it is.
  package enum Content: Hashable, Sendable {
    /// A value that everybody of the workspace may see.
    case plain(String)
    /// A secret one as the vault sealed it.
    case sealed([UInt8])
  }

  package var workspace: UniqueID
  package var name: String
  package var content: Content
  /// Set by the database.
  package var updatedAt: UnixTime

  /// Makes a variable.
  package init(
    workspace: UniqueID, name: String, content: Content, updatedAt: UnixTime = UnixTime(microseconds: 0)
  ) {
    self.workspace = workspace
    self.name = name
    self.content = content
    self.updatedAt = updatedAt
  }

  /// Whether its value is encrypted.
  package var isSecret: Bool {
    switch content {
    case .plain: false
    case .sealed: true
    }
  }
}

extension VariableRow: CustomStringConvertible {
  /// Without the value.
  package var description: String { "VariableRow(\(name) of workspace \(workspace))" }
}
