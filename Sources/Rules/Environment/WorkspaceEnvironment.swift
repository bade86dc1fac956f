/// What a workspace gives the rules of its flows: the variables that templates see as `env.NAME`, and its region.
package struct WorkspaceEnvironment: Hashable, Sendable {
  /// A variable. A secret one can be compared with and answered, and is never stored with a request or a run.
  package struct Variable: Hashable, Sendable {
    /// Its text, UTF-8.
    package var value: [UInt8]
    /// Whether it must not be seen.
    package var isSecret: Bool

    /// Makes a variable.
    package init(value: [UInt8], isSecret: Bool = false) {
      self.value = value
      self.isSecret = isSecret
    }

    /// Makes a variable of a text.
    package init(_ text: String, isSecret: Bool = false) {
      self.init(value: Array(text.utf8), isSecret: isSecret)
    }
  }

  /// By name.
  package var variables: [String: Variable]
  /// The region of telephone numbers without a country code, such as "BR" (ISO 3166-1 alpha-2); empty: none.
  package var defaultRegion: String

  /// Makes an environment.
  package init(variables: [String: Variable] = [:], defaultRegion: String = "") {
    self.variables = variables
    self.defaultRegion = defaultRegion
  }

  /// Nothing.
  package static let empty = WorkspaceEnvironment()

  /// What stands for a secret's value wherever it would be seen.
  package static let shownSecret = Array("<secret>".utf8)
}

extension WorkspaceEnvironment.Variable: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The value, unless it is a secret.
  package var description: String { isSecret ? "<secret>" : String(decoding: value, as: UTF8.self) }

  /// The value, unless it is a secret.
  package var debugDescription: String { description }

  /// Shows no children, so that `dump` prints no secret.
  package var customMirror: Mirror { Mirror(self, children: []) }
}
