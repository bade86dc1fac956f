import HeadgateProto

/// What binding did, for people.
enum BindingWords {
  /// "binding", or where there are several "binding at orders/hook, element 2".
  static func title(_ report: BindingReport, of count: Int) -> String {
    count == 1 ? "binding" : TerminalText.escaped("binding at \(report.node), element \(report.element)")
  }

  static func lines(_ report: BindingReport) -> [String] {
    var lines: [String] = []
    switch report.customerOutcome {
    case "": break
    case "found": lines.append("Customer \(report.customerId) was found by \(report.foundBy).")
    case "created": lines.append("Customer \(report.customerId) was created.")
    case "unbound": lines.append("No customer: no key had a value.")
    default: lines.append("The customer was not bound.")
    }
    for match in report.otherMatches { lines.append("\(match.field) leads to another customer, \(match.customerId).") }
    switch report.chatOutcome {
    case "": break
    case "found": lines.append("Chat \(report.chatId) was found.")
    case "created": lines.append("Chat \(report.chatId) was created.")
    case "unbound": lines.append("No chat: its contact had no value.")
    default: lines.append("The chat was not bound.")
    }
    if !report.chatConflictCustomerId.isEmpty {
      lines.append("The chat stays linked to its customer, \(report.chatConflictCustomerId).")
    }
    for field in report.fields {
      let original = String(decoding: field.original, as: UTF8.self)
      let change = field.value.isEmpty || field.value == original ? original : "\(original) as \(field.value)"
      lines.append(
        "\(field.field): \(field.action)" + (change.isEmpty ? "" : ", \(change)")
          + (field.message.isEmpty ? "" : " (\(field.message))"))
    }
    if !report.failure.isEmpty { lines.append("Failed: \(report.failure)") }
    return lines.map { TerminalText.escaped($0) }
  }
}
