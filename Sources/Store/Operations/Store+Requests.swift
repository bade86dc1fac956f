package import Identifiers
import Postgres

extension Store {
  /// Recorded requests, newest first.
  ///
  /// - Parameters:
  ///   - id: only those older than this one; `nil`: from the newest.
  ///   - limit: rows at most.
  package func requests(
    in workspace: UniqueID, matching filter: RequestFilter, before id: UniqueID? = nil, limit: Int
  ) async throws(StoreError) -> [RequestSummaryRow] {
    var parameters = filter.parameters(workspace, before: id, limit: limit)
    let statement: PostgresStatement
    if filter.trigger == nil, filter.flow == nil {
      statement = Statements.listRequests
    } else {
      statement = Statements.listRequestsOfTriggers
      parameters += [.optional(filter.trigger, PostgresValue.id), .optional(filter.flow, PostgresValue.id)]
    }
    return try await read { [parameters] session in try session.query(statement, parameters).map { try RequestSummaryRow(&$0) } }
  }

  /// A recorded request with headers, body and explanation.
  package func request(_ id: UniqueID, in workspace: UniqueID) async throws(StoreError) -> RequestRow? {
    try await read { session in
      try session.query(Statements.requestById, [.id(workspace), .id(id)]).first { try RequestRow(&$0) }
    }
  }
}

extension RequestFilter {
  /// The parameters that both list statements share.
  fileprivate func parameters(_ workspace: UniqueID, before id: UniqueID?, limit: Int) -> [PostgresValue] {
    // The id's time is the edge node's clock in milliseconds and close to `received_at`: it chooses the partitions, with a
    // margin, and `received_at` decides.
    var least = UniqueID.least
    var bound = id ?? .greatest
    if let since { least = .first(atUnixMilliseconds: (since - Self.idMargin).microseconds / 1000) }
    if let until { bound = min(bound, .first(atUnixMilliseconds: (until + Self.idMargin).microseconds / 1000)) }
    return [
      .id(workspace), .int32(Int32(clamping: limit)), .id(bound), .id(least), .optional(since) { .time($0) },
      .optional(until) { .time($0) }, outcomes.isEmpty ? .null : .int16s(outcomes), causes.isEmpty ? .null : .int16s(causes),
      .optional(status) { .int16($0) }, .optional(event) { .bytes($0) },
      .optional(address) { .inet($0.address, prefixLength: $0.prefixLength) },
    ]
  }

  private static let idMargin = Duration.seconds(60)
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
      processingMicroseconds: try row.int32())
  }
}
