package import Identifiers
import Postgres

/// Some requests that a search found, newest first.
package struct RequestPage: Hashable, Sendable {
  package var rows: [RequestSummaryRow]
  /// Where the search goes on: with what is older than this; `nil`: everything was searched.
  package var next: UniqueID?
}

extension Store {
  /// Recorded requests, newest first. May hold fewer than wanted, even none, and still have a place to go on from: then the time
  /// was over.
  ///
  /// - Parameters:
  ///   - id: only those older than this one; `nil`: from the newest.
  ///   - limit: rows at most.
  ///   - time: after which it tells what it has found so far; `nil`: none, so it is full or the last one.
  package func searchRequests(
    in workspace: UniqueID, matching filter: RequestFilter, before id: UniqueID? = nil, limit: Int, within time: Duration? = nil
  ) async throws(StoreError) -> RequestPage {
    try await search { session in
      let (ids, next) = try session.findRequests(filter, in: workspace, before: id, limit: limit, within: time)
      return RequestPage(rows: try session.summaries(of: ids, in: workspace), next: next)
    }
  }

  /// Recorded requests, newest first, however long it takes to find them.
  package func requests(
    in workspace: UniqueID, matching filter: RequestFilter, before id: UniqueID? = nil, limit: Int
  ) async throws(StoreError) -> [RequestSummaryRow] {
    try await searchRequests(in: workspace, matching: filter, before: id, limit: limit).rows
  }

  /// Like `searchRequests`, with everything that belongs to the requests.
  ///
  /// - Parameter runs: of one request at most.
  package func searchWholeRequests(
    in workspace: UniqueID, matching filter: RequestFilter, before id: UniqueID? = nil, limit: Int, within time: Duration? = nil,
    runs: Int
  ) async throws(StoreError) -> (requests: [WholeRequest], next: UniqueID?) {
    try await search { session in
      let (ids, next) = try session.findRequests(filter, in: workspace, before: id, limit: limit, within: time)
      return (try session.wholeRequests(ids, in: workspace, runs: runs), next)
    }
  }

  /// Ids of matching requests that are new, oldest first.
  ///
  /// - Parameters:
  ///   - least: only this id and greater ones.
  ///   - seen: not these.
  package func newRequests(
    in workspace: UniqueID, matching filter: RequestFilter, from least: UniqueID, except seen: [UniqueID], limit: Int
  ) async throws(StoreError) -> [UniqueID] {
    try await search { session in
      var query = SearchQuery(workspace, filter, triggers: try session.triggers(of: filter, in: workspace))
      guard query.triggers?.isEmpty != true else { return [] }
      query.least = max(query.least, least)
      return try session.query(Statements.tailRequests, query.parameters(limit: limit) + [.ids(seen)]).map { try $0.id() }
    }
  }

  /// Requests as lists show them, in the order of the ids; those that do not exist are left out.
  package func requestSummaries(_ ids: [UniqueID], in workspace: UniqueID) async throws(StoreError) -> [RequestSummaryRow] {
    try await search { session in try session.summaries(of: ids, in: workspace) }
  }

  /// Requests with everything that belongs to them, in the order of the ids; those that do not exist are left out.
  ///
  /// - Parameter runs: of one request at most.
  package func wholeRequests(_ ids: [UniqueID], in workspace: UniqueID, runs: Int) async throws(StoreError) -> [WholeRequest] {
    try await search { session in try session.wholeRequests(ids, in: workspace, runs: runs) }
  }

  /// How many requests match, about: what PostgreSQL's planner believes.
  package func estimateRequests(in workspace: UniqueID, matching filter: RequestFilter) async throws(StoreError) -> Int64 {
    try await search { session in
      let triggers = try session.triggers(of: filter, in: workspace)
      if triggers?.isEmpty == true { return 0 }
      let query = SearchQuery(workspace, filter, triggers: triggers)
      let plan = try session.planned { () throws(PostgresError) in
        try session.query(Statements.estimateRequests, query.parameters(limit: 1))
      }
      let line = try plan.first { try $0.text() } ?? ""
      return line.firstRange(of: "rows=").flatMap { Int64(line[$0.upperBound...].prefix { $0.isNumber }) } ?? 0
    }
  }

  /// Runs statements of the log on connections of their own, so that nobody's search keeps runs or triggers waiting.
  func search<Value: Sendable>(_ body: @escaping @Sendable (PostgresSession) throws -> Value) async throws(StoreError) -> Value {
    do { return try await read(on: searchPool, body) } catch {
      if case .unavailable(let cause) = error, cause.isStatementTimeout { throw .searchTooLong }
      if case .database(let cause) = error, cause.sqlState.hasPrefix("22") { throw .searchNotUnderstood }
      throw error
    }
  }
}

extension PostgresSession {
  /// The ids of a search, and where it goes on.
  fileprivate func findRequests(
    _ filter: RequestFilter, in workspace: UniqueID, before id: UniqueID?, limit: Int, within time: Duration?
  ) throws(PostgresError) -> ([UniqueID], UniqueID?) {
    let query = SearchQuery(workspace, filter, triggers: try triggers(of: filter, in: workspace), before: id)
    var search = RequestSearch(query, on: self)
    try search.run(until: time.map { .now + $0 }, wanting: limit)
    return (search.found, search.isDone ? nil : search.position)
  }

  /// The triggers that a filter restricts to; `nil`: it does not.
  func triggers(of filter: RequestFilter, in workspace: UniqueID) throws(PostgresError) -> [UniqueID]? {
    guard let flow = filter.flow else { return filter.trigger.map { [$0] } }
    let rows = try query(Statements.triggerIdsOfFlow, [.id(workspace), .id(flow)])
    var triggers: [UniqueID] = []
    for index in 0..<rows.count {
      var row = rows[index]
      let id = try row.id()
      if filter.trigger == nil || filter.trigger == id { triggers.append(id) }
    }
    return triggers
  }

  fileprivate func summaries(of ids: [UniqueID], in workspace: UniqueID) throws -> [RequestSummaryRow] {
    guard let least = ids.min(), let greatest = ids.max() else { return [] }
    return try query(Statements.requestsByIds, [.id(workspace), .ids(ids), .id(least), .id(greatest)]).map {
      try RequestSummaryRow(&$0)
    }
  }

  fileprivate func wholeRequests(_ ids: [UniqueID], in workspace: UniqueID, runs: Int) throws -> [WholeRequest] {
    guard let least = ids.min(), let greatest = ids.max() else { return [] }
    var requests = try query(Statements.wholeRequestsByIds, [.id(workspace), .ids(ids), .id(least), .id(greatest)]).map { row in
      WholeRequest(
        row: try RequestRow(&row), flowName: try row.text(), node: try row.text(), isBodyExpired: try row.bool(), runs: [])
    }
    // A run's first 48 bits are its request's: a range of one millisecond in the primary key.
    let rows = try query(
      Statements.runsOfRequests,
      [
        .id(workspace), .ids(ids), .ids(ids.map { .first(atUnixMilliseconds: $0.unixMilliseconds) }),
        .ids(ids.map { .first(atUnixMilliseconds: $0.unixMilliseconds + 1) }), .int32(Int32(clamping: runs)),
      ]
    ).map { try RunRow(&$0) }
    let byRequest = Dictionary(grouping: rows, by: \.request)
    for index in requests.indices { requests[index].runs = byRequest[requests[index].row.id] ?? [] }
    return requests
  }
}
