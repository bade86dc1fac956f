import HeadgateProto
import Identifiers
import Postgres
import Store

extension RunState {
  init(_ progress: RunProgress) {
    switch progress {
    case .ready: self = .ready
    case .leased: self = .leased
    case .completed: self = .completed
    case .dead: self = .dead
    }
  }
}

extension RunProgress {
  /// Lower-case, for people.
  var word: String {
    switch self {
    case .ready: "ready"
    case .leased: "leased"
    case .completed: "completed"
    case .dead: "dead"
    }
  }
}

extension Run {
  init(_ row: RunRow) {
    self.init(
      id: row.id.description, requestId: row.request.description, flowId: row.flow.description, flow: row.flowName,
      flowVersion: UInt32(clamping: row.flowVersion), triggerId: row.trigger.description, node: row.node, output: row.output,
      entryNode: row.entryNode, variables: row.variables, state: RunState(row.progress),
      attempt: UInt32(clamping: row.attempt), maxAttempts: UInt32(clamping: row.maxAttempts),
      leaseEpoch: UInt64(clamping: row.leaseEpoch), worker: row.worker,
      leaseExpiresAtUs: row.leaseExpiresAt?.microseconds ?? 0, createdAtUs: row.createdAt.microseconds,
      availableAtUs: row.availableAt.microseconds, finishedAtUs: row.finishedAt?.microseconds ?? 0,
      lastError: row.lastError, event: row.event, customerId: row.customer?.description ?? "",
      chatId: row.chat?.description ?? "", orderKey: row.orderKey ?? [], element: UInt32(clamping: row.element),
      replayOf: row.replayOf?.description ?? "", traceparent: row.span)
  }
}

extension String {
  /// The text cut to at most so many bytes of UTF-8, at a character's end.
  func cut(toBytes limit: Int) -> String {
    if utf8.count <= limit { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: limit)
    while end > utf8.startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
    return String(self[..<end])
  }
}
