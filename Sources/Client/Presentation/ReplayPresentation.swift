package import HeadgateProto

/// What became of a replay, for people.
package enum ReplayLines {
  /// A line for the request, then one for each difference.
  package static func lines(_ result: ReplayResult, isDryRun: Bool, isColoured: Bool) -> [String] {
    let id = TerminalText.escaped(result.id)
    if !result.skipped.isEmpty {
      return ["\(id)  \(Ink.yellow("skipped", on: isColoured)): \(TerminalText.escaped(result.message)) (\(result.skipped))"]
    }
    let before = word(result.outcomeBefore, result.causeBefore)
    let after = word(result.outcome, result.cause)
    var line = "\(id)  " + (before == after ? after : "\(before) → \(ink(result.outcome)(after, on: isColoured))")
    if !result.newId.isEmpty { line += "  as \(TerminalText.escaped(result.newId))" }
    if isDryRun, result.differences.isEmpty { line += ", nothing differs" }
    var lines = [line]
    if result.outcome == .rejected, !result.message.isEmpty { lines.append("  " + TerminalText.escaped(result.message)) }
    for difference in result.differences where difference.path != "outcome" && difference.path != "cause" {
      lines.append("  \(TerminalText.escaped(difference.path))")
      if !difference.before.isEmpty {
        lines.append("    " + Ink.red("- " + TerminalText.escaped(difference.before), on: isColoured))
      }
      if !difference.after.isEmpty {
        lines.append("    " + Ink.green("+ " + TerminalText.escaped(difference.after), on: isColoured))
      }
    }
    return lines
  }

  static func word(_ outcome: Outcome, _ cause: Cause) -> String {
    outcome == .rejected && cause != .unspecified
      ? snakeCase(cause) : outcome == .unspecified ? "not recorded" : snakeCase(outcome)
  }

  private static func ink(_ outcome: Outcome) -> Ink {
    switch outcome {
    case .accepted, .handshake: .green
    case .rejected: .red
    case .unrouted, .pending, .captured, .duplicate, .unspecified: .yellow
    }
  }
}

/// Replays counted.
struct ReplaySummary {
  let isDryRun: Bool
  private(set) var done: UInt64 = 0
  private(set) var total: UInt64 = 0
  private(set) var skipped: UInt64 = 0
  private var differing: UInt64 = 0
  private var outcomes: [(name: String, count: UInt64)] = []
  private var reasons: [(name: String, count: UInt64)] = []

  init(isDryRun: Bool) { self.isDryRun = isDryRun }

  mutating func add(_ result: ReplayResult) {
    done += 1
    if result.total > 0 { total = result.total }
    if !result.differences.isEmpty { differing += 1 }
    if result.skipped.isEmpty {
      Self.count(ReplayLines.word(result.outcome, result.cause), in: &outcomes)
    } else {
      skipped += 1
      Self.count(result.skipped, in: &reasons)
    }
  }

  private static func count(_ name: String, in counts: inout [(name: String, count: UInt64)]) {
    if let index = counts.firstIndex(where: { $0.name == name }) {
      counts[index].count += 1
    } else {
      counts.append((name, 1))
    }
  }

  /// "12 replayed: 10 accepted, 2 signature_wrong; 1 skipped: 1 body_expired".
  var line: String {
    guard done > 0 else { return "no requests match" }
    func list(_ counts: [(name: String, count: UInt64)]) -> String {
      counts.sorted { $0.count > $1.count }.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
    }
    var line = "\(done - skipped) \(isDryRun ? "would be replayed" : "replayed")"
    if !outcomes.isEmpty { line += ": \(list(outcomes))" }
    if isDryRun { line += "; \(differing) would differ" }
    if skipped > 0 { line += "; \(skipped) skipped: \(list(reasons))" }
    return TerminalText.escaped(line)
  }
}

extension ReplayResult {
  /// The form for scripts.
  package var json: JSONValue {
    [
      "id": .string(id), "new_id": .textOrNull(newId),
      "outcome_before": .string(snakeCase(outcomeBefore)), "outcome": .string(snakeCase(outcome)),
      "cause_before": causeBefore == .unspecified ? .null : .string(snakeCase(causeBefore)),
      "cause": cause == .unspecified ? .null : .string(snakeCase(cause)),
      "output_before": .textOrNull(outputBefore), "output": .textOrNull(output),
      "differences": .array(
        differences.map { ["path": .string($0.path), "before": .embedded($0.before), "after": .embedded($0.after)] }),
      "skipped": .textOrNull(skipped), "message": .textOrNull(message), "runs": .array(runs.map(\.json)),
      "bindings": .array(bindings.map(\.json)),
    ]
  }
}
