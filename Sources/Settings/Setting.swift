import Configuration

/// One configuration key of a program: where it is read from, of what type it is, and what it does.
///
/// The key `statementTimeoutMs` of `headgate-control` is the flag `--statement-timeout-ms`, the environment variable
/// `HEADGATE_CONTROL_STATEMENT_TIMEOUT_MS` and the member `"statementTimeoutMs"` of the configuration file. Flags win over
/// the environment, the environment over the file, the file over the default.
package struct Setting: Sendable {
  /// What values a key takes.
  package enum Kind: Sendable, Equatable {
    /// Any text; `hint` stands for it in the help.
    case text(hint: String)
    /// A whole number within bounds.
    case number(ClosedRange<Int>)
    /// Yes or no; a flag without a value means yes.
    case toggle
  }

  /// In camelCase.
  package let key: String
  package let kind: Kind
  /// What holds when nothing is set; empty: no value.
  package let standard: String
  /// The value is not printed.
  package let isSecret: Bool
  /// What it does, one or two sentences.
  package let summary: String

  package init(_ key: String, _ kind: Kind, standard: String = "", isSecret: Bool = false, _ summary: String) {
    self.key = key
    self.kind = kind
    self.standard = standard
    self.isSecret = isSecret
    self.summary = summary
  }

  /// The key's words: "statement", "timeout", "ms".
  private var words: [String] {
    key.reduce(into: [""]) { words, character in
      if character.isUppercase { words.append("") }
      words[words.count - 1] += character.lowercased()
    }
  }

  /// "--statement-timeout-ms"
  package var flag: String { "--" + words.joined(separator: "-") }

  /// "STATEMENT_TIMEOUT_MS": what follows the program's prefix in the environment.
  package var environmentSuffix: String { words.map { $0.uppercased() }.joined(separator: "_") }

  /// The key as swift-configuration takes it.
  var configKey: ConfigKey { ConfigKey(key) }
}
