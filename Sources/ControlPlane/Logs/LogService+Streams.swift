package import HeadgateProto
import Identifiers
import Postgres
import Store

extension LogService {
  /// The shortest time from one look of a tail to the next, and the longest.
  private static let tailPause = (shortest: Duration.milliseconds(100), longest: Duration.seconds(1))

  package func tail(_ request: TailLogsRequest, context: CallContext, writer: MessageWriter<LogEntry>) async throws {
    let query = request.filter ?? QueryLogsRequest()
    var checks = RequestChecks()
    for (path, isGiven) in [
      ("filter.page_size", query.pageSize != 0), ("filter.cursor", !query.cursor.isEmpty),
      ("filter.until_us", query.untilUs != 0),
    ] where isGiven {
      checks.fault(path, "conflict", "\(path) has no meaning in a stream")
    }
    let unresolved = LogFilter(query, prefix: "filter.", &checks)
    let after = request.after.isEmpty ? nil : checks.identifier(request.after, "after")
    try checks.finish()
    let workspace = try await directory.workspace(query.workspace, for: context.principal)
    let tail = Tail(
      service: self, workspace: workspace.id, filter: try await unresolved.resolved(by: references, in: workspace.id),
      isWhole: request.whole, writer: writer)
    let now = UnixTime.now().microseconds / 1000
    // Before the first look: what is recorded from now on rings.
    var ticket = bell.ticket
    var window: TailWindow
    if let floor = after?.successor ?? tail.filter.since.map({ .first(ofMilliseconds: $0.microseconds / 1000) }) {
      window = TailWindow(floor: floor, nowMs: now)
      try await tail.catchUp(from: floor, &window)
    } else {
      window = TailWindow(floor: .first(ofMilliseconds: 0), nowMs: now)
      try await tail.skipPresent(&window)
    }
    while true {
      try await tail.look(&window)
      let pause = ContinuousClock.now + Self.tailPause.shortest
      await bell.wait(since: ticket, atMost: Self.tailPause.longest)
      if bell.isClosed { throw RPCError(.unavailable, "this control plane is shutting down; tail another") }
      try await Task.sleep(until: pause)
      ticket = bell.ticket
    }
  }

  package func export(_ request: ExportLogsRequest, context: CallContext, writer: MessageWriter<ExportedLog>) async throws {
    let query = request.filter ?? QueryLogsRequest()
    var checks = RequestChecks()
    if query.pageSize != 0 { checks.fault("filter.page_size", "conflict", "filter.page_size has no meaning in an export") }
    checks.optional(query.cursor, "filter.cursor")
    let unresolved = LogFilter(query, prefix: "filter.", &checks)
    try checks.finish()
    let workspace = try await directory.workspace(query.workspace, for: context.principal)
    let filter = try await unresolved.resolved(by: references, in: workspace.id)
    let scope = Self.scope("LogService.Export", workspace.id, query)
    var before = try cursors.openID(query.cursor, scope)
    var estimate = UInt64(
      clamping: try await store.answer { store throws(StoreError) in
        try await store.estimateRequests(in: workspace.id, matching: filter)
      })
    repeat {
      let position = before
      let chunk = try await store.answer { store throws(StoreError) in
        try await store.searchWholeRequests(
          in: workspace.id, matching: filter, before: position, limit: LogLimits.chunk, within: LogLimits.exportChunkTime,
          runs: LogLimits.runs)
      }
      for found in chunk.requests {
        try await writer.write(
          ExportedLog(
            entry: try LogEntry(found), cursor: cursors.seal(found.row.id.bytes, scope), totalEstimate: estimate))
        estimate = 0
      }
      before = chunk.next
      try Task.checkCancellation()
    } while before != nil
  }
}

/// A tail under way.
private struct Tail {
  let service: LogService
  let workspace: UniqueID
  var filter: RequestFilter
  let isWhole: Bool
  let writer: MessageWriter<LogEntry>

  /// Shows what was recorded up to now, from an id on.
  func catchUp(from floor: UniqueID, _ window: inout TailWindow) async throws {
    var least = floor
    while true {
      let ids = try await find(TailWindow.Look(least: least, seen: []))
      try await show(ids)
      // What the window does not reach back to, it forgets by itself.
      window.add(ids)
      guard ids.count == LogLimits.chunk, let last = ids.last else { return }
      least = last.successor
    }
  }

  /// Takes what is there already as shown.
  func skipPresent(_ window: inout TailWindow) async throws {
    let reach = TailWindow.Reach()
    let now = UnixTime.now() - reach.deep
    var least = UniqueID.first(ofMilliseconds: now.microseconds / 1000)
    while true {
      let ids = try await find(TailWindow.Look(least: least, seen: []))
      window.add(ids)
      guard ids.count == LogLimits.chunk, let last = ids.last else { return }
      least = last.successor
    }
  }

  /// Shows what is new.
  func look(_ window: inout TailWindow) async throws {
    var look = window.look(nowMs: UnixTime.now().microseconds / 1000)
    while true {
      let ids = try await find(look)
      try await show(ids)
      window.add(ids)
      guard ids.count == LogLimits.chunk, let last = ids.last else { return }
      look.least = last.successor
      look.seen.removeAll { $0 <= last }
    }
  }

  private func find(_ look: TailWindow.Look) async throws(RPCError) -> [UniqueID] {
    try await service.store.answer { store throws(StoreError) in
      try await store.newRequests(
        in: workspace, matching: filter, from: look.least, except: look.seen, limit: LogLimits.chunk)
    }
  }

  private func show(_ ids: [UniqueID]) async throws {
    guard !ids.isEmpty else { return }
    if isWhole {
      let found = try await service.store.answer { store throws(StoreError) in
        try await store.wholeRequests(ids, in: workspace, runs: LogLimits.runs)
      }
      for request in found { try await writer.write(try LogEntry(request)) }
    } else {
      let rows = try await service.store.answer { store throws(StoreError) in try await store.requestSummaries(ids, in: workspace)
      }
      for row in rows { try await writer.write(LogEntry(row)) }
    }
  }
}
