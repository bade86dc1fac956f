import Addresses
package import HeadgateProto
import Identifiers
import Postgres
package import Store

/// `LogService`: the log of requests to known triggers.
package struct LogService: LogServiceHandler {
  private let store: Store
  private let directory: WorkspaceDirectory
  private let references: ObjectReferences
  private let cursors: CursorSeal

  package init(store: Store, directory: WorkspaceDirectory, cursors: CursorSeal) {
    self.store = store
    self.directory = directory
    references = ObjectReferences(store: store)
    self.cursors = cursors
  }

  package func query(_ request: QueryLogsRequest, context: CallContext) async throws -> QueryLogsResponse {
    var checks = RequestChecks()
    checks.optional(request.trigger, "trigger")
    checks.optional(request.flow, "flow")
    checks.optional(request.cursor, "cursor")
    let size = checks.pageSize(request.pageSize, zero: LogLimits.standardPage)
    var filter = Self.filter(request, &checks)
    try checks.finish()

    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    if !request.trigger.isEmpty { filter.trigger = try await trigger(request.trigger, in: workspace.id) }
    if !request.flow.isEmpty {
      // A deleted flow's requests are found by its id.
      filter.flow =
        if let id = UniqueID(request.flow) { id } else { try await references.flow(request.flow, in: workspace.id).id }
    }
    var query = request
    query.cursor = ""
    query.pageSize = 0
    // They only narrow, and a time that is told as "an hour ago" is another one with each page.
    query.sinceUs = 0
    query.untilUs = 0
    let scope = CursorSeal.Scope(list: "LogService.Query", workspace: workspace.id, query: query)
    let before = try cursors.openID(request.cursor, scope)
    let wanted = filter
    var rows = try await store.answer { store throws(StoreError) in
      try await store.requests(in: workspace.id, matching: wanted, before: before, limit: size + 1)
    }
    let next = cursors.cut(&rows, to: size, scope) { $0.id.bytes }
    return QueryLogsResponse(entries: rows.map(LogEntry.init), nextCursor: next)
  }

  package func get(_ request: GetLogRequest, context: CallContext) async throws -> LogEntry {
    var checks = RequestChecks()
    let id = checks.identifier(request.id, "id")
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let found = try await store.answer { store throws(StoreError) -> (RequestRow, [RunRow], TriggerPosition?)? in
      guard let id, let row = try await store.request(id, in: workspace.id) else { return nil }
      let runs = try await store.runs(in: workspace.id, matching: RunFilter(request: id), limit: LogLimits.runs)
      return (row, runs, try await store.position(ofTrigger: row.trigger, in: workspace.id))
    }
    guard let (row, runs, trigger) = found else { throw RPCError(.notFound, "there is no request \(request.id)") }
    return try LogEntry(row, runs: runs, trigger: trigger)
  }

  /// A trigger's id; one that is deleted is found by its id only.
  private func trigger(_ reference: String, in workspace: UniqueID) async throws(RPCError) -> UniqueID {
    if let id = UniqueID(reference) { return id }
    return try await references.trigger(reference, in: workspace).id
  }

  private static func filter(_ request: QueryLogsRequest, _ checks: inout RequestChecks) -> RequestFilter {
    for (path, count) in [("outcomes", request.outcomes.count), ("causes", request.causes.count)]
    where count > RequestLimits.values {
      checks.fault(path, "too_many", "\(path) must be at most \(RequestLimits.values)")
    }
    for (index, outcome) in request.outcomes.enumerated() where outcome == .unspecified {
      checks.fault("outcomes[\(index)]", "invalid_value", "outcomes[\(index)] is not an outcome")
    }
    for (index, cause) in request.causes.enumerated() where cause == .unspecified {
      checks.fault("causes[\(index)]", "invalid_value", "causes[\(index)] is not a cause")
    }
    if request.status != 0, !(100...599).contains(request.status) {
      checks.fault("status", "out_of_range", "status must be from 100 to 599")
    }
    if let event = request.event, event.count > LogLimits.eventBytes {
      checks.fault("event", "too_long", "event must be at most \(LogLimits.eventBytes) bytes")
    }
    var address: RequestFilter.AddressBlock?
    if !request.address.isEmpty {
      if let block = CIDRBlock(request.address) {
        address = RequestFilter.AddressBlock(address: block.base.bytes, prefixLength: block.prefixLength)
      } else {
        checks.fault("address", "invalid_value", "address must be an IP address or a CIDR block")
      }
    }
    for (path, time) in [("since_us", request.sinceUs), ("until_us", request.untilUs)]
    where !LogLimits.timeUs.contains(time) {
      checks.fault(path, "out_of_range", "\(path) must be from the years 1970 to 9999")
    }
    if request.sinceUs > 0, request.untilUs > 0, request.sinceUs >= request.untilUs {
      checks.fault("until_us", "conflict", "until_us must be after since_us")
    }
    return RequestFilter(
      outcomes: request.outcomes.map { Int16(clamping: $0.rawValue) },
      causes: request.causes.map { Int16(clamping: $0.rawValue) },
      status: request.status == 0 ? nil : Int16(clamping: request.status), event: request.event, address: address,
      since: request.sinceUs == 0 ? nil : UnixTime(microseconds: request.sinceUs),
      until: request.untilUs == 0 ? nil : UnixTime(microseconds: request.untilUs))
  }
}

/// Limits of `LogService`'s fields.
enum LogLimits {
  static let standardPage: UInt32 = 50
  static let eventBytes = 1024
  /// Microseconds since 1970 UTC: to the end of the year 9999. PostgreSQL's times end later.
  static let timeUs: ClosedRange<Int64> = 0...253_402_300_799_999_999
  /// Runs that one request is shown with.
  static let runs = 100
}
