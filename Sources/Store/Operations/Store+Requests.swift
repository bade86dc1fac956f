package import Identifiers
import Postgres

extension Store {
  /// A recorded request with headers, body and explanation.
  package func request(_ id: UniqueID, in workspace: UniqueID) async throws(StoreError) -> RequestRow? {
    try await read { session in
      try session.query(Statements.requestById, [.id(workspace), .id(id)]).first { try RequestRow(&$0) }
    }
  }
}

extension RequestRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      workspace: try row.id(), id: try row.id(), trigger: try row.id(), flowVersion: try row.int32(),
      receivedAt: try row.time(), method: try row.bytes(), path: try row.bytes(), query: try row.bytes(),
      headers: try row.bytes(), body: try row.optionalBytes(), bodyLength: try row.int32(), clientAddress: try row.address(),
      origin: try row.bytes(), outcome: try row.int16(), cause: try row.int16(), status: try row.int16(),
      event: try row.bytes(), output: try row.text(), explanation: try row.bytes(), processingMicroseconds: try row.int32(),
      deliveryID: try row.optionalBytes(), duplicateOf: try row.optionalID(), customer: try row.optionalID(),
      chat: try row.optionalID(), replayOf: try row.optionalID(), traceID: try row.optionalBytes(),
      binding: try row.optionalBytes(), sealed: try row.optionalBytes())
  }
}

extension RequestSummaryRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      id: try row.id(), trigger: try row.id(), flowName: try row.text(), node: try row.text(), flowVersion: try row.int32(),
      receivedAt: try row.time(), method: try row.bytes(), path: try row.bytes(), query: try row.bytes(),
      clientAddress: try row.address(), origin: try row.bytes(), outcome: try row.int16(), cause: try row.int16(),
      status: try row.int16(), event: try row.bytes(), output: try row.text(), bodyLength: try row.int32(),
      processingMicroseconds: try row.int32(), deliveryID: try row.optionalBytes(), duplicateOf: try row.optionalID(),
      customer: try row.optionalID(), chat: try row.optionalID(), replayOf: try row.optionalID(),
      traceID: try row.optionalBytes())
  }
}
