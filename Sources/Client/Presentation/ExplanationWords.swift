package import HeadgateProto

/// What happened to a request and why, in sentences.
package enum ExplanationWords {
  package static func lines(_ entry: LogEntry) -> [String] {
    guard let explanation = entry.explanation else { return [conclusion(entry)] }
    var lines: [String] = []
    if !explanation.eventPath.isEmpty {
      let path = TerminalText.escaped(explanation.eventPath)
      lines.append(
        explanation.eventPresent
          ? "The event at \(path) is \(quoted(explanation.eventValue))." : "There is no event: \(path) has no value.")
      for comparison in explanation.cases {
        let verdict = comparison.matched ? "equal" : "not equal"
        lines.append("Case \(TerminalText.escaped(comparison.caseId)), \(quoted(comparison.value)): \(verdict).")
      }
    }
    if !explanation.output.isEmpty {
      let output = TerminalText.escaped(explanation.output)
      lines.append(
        explanation.entryNode.isEmpty
          ? "Output \(output) leads nowhere."
          : "Output \(output) leads to the node \(TerminalText.escaped(explanation.entryNode)).")
    }
    for note in explanation.notes {
      lines.append(TerminalText.escaped("Note on \(note.at): \(note.message.isEmpty ? note.code : note.message)"))
    }
    if !explanation.refusedBecause.isEmpty {
      let place = explanation.refusedAt.isEmpty ? "" : " at \(explanation.refusedAt)"
      lines.append(TerminalText.escaped("Refused\(place): \(explanation.refusedBecause)"))
    }
    for part in explanation.parts { lines += partLines(part, isSplit: explanation.parts.contains { $0.element > 0 }) }
    lines.append(conclusion(entry))
    return lines
  }

  /// What became of one element at one node.
  private static func partLines(_ part: ExplainedPart, isSplit: Bool) -> [String] {
    let place = (isSplit ? "Element \(part.element) at " : "At ") + TerminalText.escaped(part.node)
    let event = part.eventPresent ? ", event \(quoted(part.eventValue))" : ""
    let verdict =
      switch part.outcome {
      case .accepted: "output \(part.output) leads to \(part.entryNode)."
      case .unrouted: "output \(part.output) leads nowhere."
      case .duplicate: "the same delivery was recorded before."
      case .rejected:
        "refused" + (part.refusedAt.isEmpty ? "" : " at \(part.refusedAt)") + ": "
          + (part.refusedBecause.isEmpty ? reason(part.cause) + "." : part.refusedBecause)
      case .handshake, .captured, .pending, .unspecified: "\(snakeCase(part.outcome))."
      }
    return ["\(place)\(event): \(TerminalText.escaped(verdict))"]
      + part.notes.map { TerminalText.escaped("  Note on \($0.at): \($0.message.isEmpty ? $0.code : $0.message)") }
  }

  private static func conclusion(_ entry: LogEntry) -> String {
    switch entry.outcome {
    case .accepted:
      switch entry.runs.count {
      case 0: "Accepted."
      case 1: "Accepted; 1 run was started."
      default: "Accepted; \(entry.runs.count) runs were started."
      }
    case .unrouted: "Accepted, but no run was started: connect this output to a node to start one."
    case .duplicate: "The same delivery was recorded before; it was answered like the first one and started no run."
    case .rejected where entry.explanation?.refusedBecause.isEmpty == false:
      "Refused with status \(entry.status) (\(snakeCase(entry.cause)))."
    case .rejected: "Refused with status \(entry.status): \(reason(entry.cause))."
    case .handshake: "The provider's handshake was answered; it starts no run."
    case .captured: "Recorded for a listen session; it starts no run."
    case .pending: "Recorded; the trigger's secret is not known yet, so it could not be verified and started no run."
    case .unspecified: "Answered with status \(entry.status)."
    }
  }

  private static func reason(_ cause: Cause) -> String {
    switch cause {
    case .unspecified: "no cause was recorded"
    case .unknownKey: "no trigger has this key"
    case .disabled: "the trigger is disabled or its flow is not published"
    case .methodNotAllowed: "the method is not one of the trigger's"
    case .ipNotAllowed: "the caller's address is not on the trigger's list"
    case .originNotAllowed: "the origin is not on the trigger's list"
    case .credentialMissing: "there is no credential or signature where the trigger looks for it"
    case .credentialWrong: "the credential is not the trigger's"
    case .credentialDoubled: "the credential occurs more than once"
    case .signatureMalformed: "the signature does not have the form that the scheme states"
    case .signatureWrong: "the signature does not match the bytes received"
    case .timestampMalformed: "the signed timestamp is missing or not a time"
    case .timestampStale: "the signed timestamp is too far from now"
    case .bodyUnparseable: "the body is not what its content type says"
    case .requiredMissing: "a required variable has no value"
    case .typeMismatch: "a value does not fit the type of its variable"
    case .rateLimited: "too many requests"
    case .bodyTooLarge: "the body is too large"
    case .encodingUnsupported: "the content encoding is not supported"
    case .handshakeRefused: "the handshake's check value is wrong"
    case .splitRefused: "the path to split the body at leads to no list, or to one that is too long"
    }
  }

  private static func quoted(_ bytes: [UInt8]) -> String { "\"\(TerminalText.escaped(bytes))\"" }
}
