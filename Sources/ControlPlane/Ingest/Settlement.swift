import HeadgateProto
import Identifiers
import Rules
import Store

/// Makes the record of a decision once it is known which of its parts repeat an earlier delivery and whom they are bound to.
struct Settlement: Sendable {
  let decision: Decision
  /// Which of the decision's parts the results are of.
  let recorded: [Int]
  let nodes: DecidedNodes

  /// The row as it is recorded.
  func row(_ row: RequestRow, _ results: [IngestPartResult]) -> RequestRow {
    var row = row
    var byPart: [Int: IngestPartResult] = [:]
    for (index, result) in zip(recorded, results) { byPart[index] = result }
    let isDuplicate = !results.isEmpty && results.allSatisfy { $0.duplicateOf != nil }
    let outcome = isDuplicate ? RequestOutcome.duplicate : outcome(byPart)
    row.outcome = Int16(clamping: outcome.rawValue)
    row.duplicateOf = isDuplicate ? results.first?.duplicateOf : nil
    let reports = recorded.compactMap { index in byPart[index].flatMap { report($0, of: decision.parts[index]) } }
    row.binding = reports.isEmpty ? nil : BindingReportList(reports: reports).encoded
    let bound = recorded.lazy.compactMap { byPart[$0]?.binding }
    row.customer = bound.compactMap(\.customer).first
    row.chat = bound.compactMap(\.chat).first
    if decision.isDivided {
      row.explanation = Explanation(decision, nodes) { byPart[$0]?.duplicateOf != nil }.encoded
    }
    return row
  }

  /// Accepted if a run starts; unrouted if all that would start one are repetitions.
  private func outcome(_ results: [Int: IngestPartResult]) -> RequestOutcome {
    let starts = recorded.contains { decision.parts[$0].startsRun && results[$0]?.duplicateOf == nil }
    return starts ? .accepted : .unrouted
  }

  private func report(_ result: IngestPartResult, of part: DecisionPart) -> BindingReport? {
    result.binding.map { BindingReport($0, node: nodes.name(of: part), element: part.element) }
  }
}

extension BindingReport {
  init(_ outcome: BindingOutcome, node: String, element: Int) {
    self.init(
      node: node, element: UInt32(clamping: element), customerOutcome: outcome.customerManner?.rawValue ?? "",
      customerId: outcome.customer?.description ?? "", foundBy: outcome.foundBy?.rawValue ?? "",
      fields: outcome.fields.map {
        BoundField(
          field: $0.field, original: $0.original, value: $0.value, action: $0.action.rawValue, message: $0.message)
      },
      otherMatches: outcome.otherMatches.map { OtherMatch(customerId: $0.customer.description, field: $0.field.rawValue) },
      chatOutcome: outcome.chatManner?.rawValue ?? "", chatId: outcome.chat?.description ?? "",
      chatConflictCustomerId: outcome.chatConflict?.description ?? "", failure: outcome.failure)
  }
}
