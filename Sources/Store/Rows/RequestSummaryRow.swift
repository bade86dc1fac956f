package import Identifiers
package import Postgres

/// A recorded request in a list: without headers, body and explanation.
package struct RequestSummaryRow: Hashable, Sendable {
  package var id: UniqueID
  package var trigger: UniqueID
  /// The name of the trigger's flow, also when it has been deleted.
  package var flowName: String
  package var node: String
  package var flowVersion: Int32
  package var receivedAt: UnixTime
  package var method: [UInt8]
  package var path: [UInt8]
  package var query: [UInt8]
  package var clientAddress: [UInt8]
  package var origin: [UInt8]
  package var outcome: Int16
  package var cause: Int16
  package var status: Int16
  package var event: [UInt8]
  package var output: String
  package var bodyLength: Int32
  package var processingMicroseconds: Int32
  package var deliveryID: [UInt8]?
  /// The request whose delivery this one repeats.
  package var duplicateOf: UniqueID?
  package var customer: UniqueID?
  package var chat: UniqueID?
  /// The request that this one replays.
  package var replayOf: UniqueID?
  package var traceID: [UInt8]?
}

/// A recorded request with everything that belongs to it.
package struct WholeRequest: Hashable, Sendable {
  package var row: RequestRow
  /// The name of the trigger's flow, also when it has been deleted.
  package var flowName: String
  package var node: String
  /// The body was stored and is not kept any more.
  package var isBodyExpired: Bool
  /// By element.
  package var runs: [RunRow]

  /// Makes one.
  package init(row: RequestRow, flowName: String, node: String, isBodyExpired: Bool = false, runs: [RunRow] = []) {
    self.row = row
    self.flowName = flowName
    self.node = node
    self.isBodyExpired = isBodyExpired
    self.runs = runs
  }
}
