package import HeadgateProto

/// The differences between two definitions, one line each: "+" new, "-" gone, "~" changed.
package enum ChangeLines {
  /// Characters of a value that are shown.
  private static let valueLimit = 200

  package static func lines(_ changes: [Change], isColoured: Bool) -> [String] {
    changes.map { change in
      let path = TerminalText.escaped(change.path)
      switch (change.before.isEmpty, change.after.isEmpty) {
      case (true, _): return Ink.green("+ \(path): \(shown(change.after))", on: isColoured)
      case (_, true): return Ink.red("- \(path): \(shown(change.before))", on: isColoured)
      default: return Ink.yellow("~ \(path): \(shown(change.before)) → \(shown(change.after))", on: isColoured)
      }
    }
  }

  private static func shown(_ value: [UInt8]) -> String {
    DisplayWidth.truncated(TerminalText.escaped(value), to: valueLimit)
  }
}
