import HeadgateProto
import Identifiers
import Rules
import Store

extension IngestEntry {
  /// What is recorded of a decision, with the runs that it starts.
  init(
    _ decision: Decision, row: RequestRow, _ nodes: DecidedNodes, maximumAttempts: Int16, deadline: ContinuousClock.Instant
  ) {
    // Without claims, bindings and divisions nothing is settled later: this is the way of most requests.
    guard decision.isDivided || decision.parts.contains(where: { $0.delivery != nil || $0.binding != nil }) else {
      self.init(
        request: row, runs: decision.parts.compactMap { NewRun($0, nodes, request: row.id, maximumAttempts: maximumAttempts) },
        deadline: deadline)
      return
    }
    var row = row
    row.deliveryID = decision.parts.lazy.compactMap(\.delivery?.id).first
    let hasClaims = decision.parts.contains { $0.delivery != nil }
    // A part without a claim keeps the request from being a duplicate, also when it starts no run.
    let recorded = decision.parts.indices.filter { index in
      let part = decision.parts[index]
      return part.cause == nil && part.repeats == nil && (part.kind == .accepted || part.binding != nil || hasClaims)
    }
    let parts = recorded.map { index in
      let part = decision.parts[index]
      return IngestPart(
        run: NewRun(part, nodes, request: row.id, maximumAttempts: maximumAttempts),
        claim: part.delivery.map { delivery in
          DeliveryClaim(trigger: nodes.trigger(of: part), deliveryID: delivery.id, window: delivery.window)
        }, binding: part.binding)
    }
    let settlement = Settlement(decision: decision, recorded: recorded, nodes: nodes)
    self.init(request: row, parts: parts, deadline: deadline) { settlement.row($0, $1) }
  }
}

/// The nodes that parts belong to: the owner of the URL and its subscribers.
struct DecidedNodes: Sendable {
  let owner: LiveEntry
  /// Those that can be used, in the order in which the decision counts them.
  let subscribers: [LiveEntry]

  init(owner: LiveEntry, subscribers: [LiveEntry] = []) {
    self.owner = owner
    self.subscribers =
      subscribers.isEmpty
      ? [] : subscribers.filter { if case .usable = $0.state { true } else { false } }
  }

  /// The subscribers' rules, in the same order.
  var triggers: [CompiledTrigger] {
    subscribers.isEmpty
      ? [] : subscribers.compactMap { if case .usable(let trigger) = $0.state { trigger } else { nil } }
  }

  /// The flows that an entry starts runs of.
  func flows(of entry: IngestEntry) -> [UniqueID] {
    let runs = entry.parts.compactMap(\.run)
    guard runs.count > 1 else { return runs.map(\.flow) }
    return Array(Set(runs.map(\.flow)))
  }

  /// The node of a part.
  func entry(of part: DecisionPart) -> LiveEntry { part.subscriber.map { subscribers[$0] } ?? owner }

  /// The trigger of a part's node.
  func trigger(of part: DecisionPart) -> UniqueID { entry(of: part).trigger }

  /// FLOW/NODE of a part's node.
  func name(of part: DecisionPart) -> String {
    let entry = entry(of: part)
    guard case .usable(let trigger) = entry.state else { return entry.node }
    return "\(trigger.identity.flow)/\(trigger.identity.node)"
  }
}

extension NewRun {
  /// The run that a part starts; `nil` for every other part.
  init?(_ part: DecisionPart, _ nodes: DecidedNodes, request: UniqueID, maximumAttempts: Int16) {
    guard part.startsRun, let entryNode = part.entryNode else { return nil }
    let entry = nodes.entry(of: part)
    self.init(
      id: RunID.derive(request: request, trigger: entry.trigger, element: part.element), flow: entry.flow,
      flowVersion: entry.flowVersion, trigger: entry.trigger, node: entry.node, output: part.output, entryNode: entryNode,
      variables: part.variables, event: part.event ?? [], maxAttempts: maximumAttempts)
    element = Int16(clamping: part.element)
    orderKey = part.orderKey
  }
}
