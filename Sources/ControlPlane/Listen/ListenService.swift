package import HeadgateProto
import Identifiers
import JSON
import Postgres
package import Store

/// `ListenService`: requests shown as they arrive. Sessions are rows, so that any control plane serves any session.
package struct ListenService: ListenServiceHandler {
  private let store: Store
  private let directory: WorkspaceDirectory
  private let references: ObjectReferences
  private let descriptions: TriggerDescriptions
  private let exchange: ListenExchange
  private let follower: ListenFollower
  private let queueLimits: ListenQueue.Limits

  package init(
    store: Store, directory: WorkspaceDirectory, descriptions: TriggerDescriptions, exchange: ListenExchange,
    follower: ListenFollower, queueLimits: ListenQueue.Limits = ListenQueue.Limits()
  ) {
    self.store = store
    self.directory = directory
    references = ObjectReferences(store: store)
    self.descriptions = descriptions
    self.exchange = exchange
    self.follower = follower
    self.queueLimits = queueLimits
  }

  // MARK: Listening

  package func listen(_ request: ListenRequest, context: CallContext, writer: MessageWriter<ListenEvent>) async throws {
    var checks = RequestChecks()
    let after = request.after.isEmpty ? nil : checks.identifier(request.after, "after")
    if request.seen.count > ListenLimits.seen {
      checks.fault("seen", "too_many", "seen must be at most \(ListenLimits.seen)")
    }
    var seen: Set<UniqueID> = []
    for (index, bytes) in request.seen.prefix(ListenLimits.seen).enumerated() {
      if let id = UniqueID(bytes: bytes) {
        seen.insert(id)
      } else {
        checks.fault("seen[\(index)]", "invalid_value", "seen[\(index)] must be 16 bytes")
      }
    }
    let session: ListenSessionRow
    if request.sessionId.isEmpty {
      if !request.after.isEmpty { checks.fault("after", "conflict", "after has no meaning for a new session") }
      session = try await open(request, context, checks)
    } else {
      session = try await goOn(request, context, checks)
    }
    try await ListenStream(
      store: store, exchange: exchange, descriptions: descriptions, queueLimits: queueLimits, writer: writer, session: session,
      after: after
    ).run(seen: seen)
  }

  /// Opens a session.
  private func open(
    _ request: ListenRequest, _ context: CallContext, _ checks: RequestChecks
  ) async throws(RPCError) -> ListenSessionRow {
    var checks = checks
    checks.required(request.trigger, "trigger")
    let limit = checks.number(
      request.timeLimitSeconds, "time_limit_seconds", ListenLimits.timeSeconds, zero: ListenLimits.standardTimeSeconds)
    let maximum = checks.number(request.maxRequests, "max_requests", ListenLimits.maximumRequests, zero: 0)
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let trigger = try await references.trigger(request.trigger, in: workspace.id)
    try await checkURL(trigger, in: workspace.id)
    let mode: ListenSessionMode = request.mode == .capture ? .capture : .tap
    let new = NewListenSession(
      workspace: workspace.id, id: .random(), trigger: trigger.id, mode: mode, timeLimit: .seconds(Int64(limit)),
      maximumRequests: Int(maximum), principal: context.principal.name)
    let audit = context.audit(
      in: workspace.id, "listen.open", object: "\(trigger.flowName)/\(trigger.node)",
      details: ["mode": mode == .capture ? "capture" : "tap", "seconds": "\(limit)", "session": "\(new.id)"])
    let session = try await store.answer(about: request.trigger) { store throws(StoreError) in
      try await store.createListenSession(new, limit: ListenLimits.sessionsPerWorkspace, audit: audit)
    }
    guard let session else {
      throw RPCError(
        .resourceExhausted, "the workspace has \(ListenLimits.sessionsPerWorkspace) open listen sessions; cancel some first")
    }
    // This replica knows at once; the notification brings it to the others.
    try? await follower.reload()
    return session
  }

  /// The session of a stream that was cut.
  private func goOn(
    _ request: ListenRequest, _ context: CallContext, _ checks: RequestChecks
  ) async throws(RPCError) -> ListenSessionRow {
    var checks = checks
    let id = checks.identifier(request.sessionId, "session_id")
    checks.optional(request.trigger, "trigger")
    if request.mode != .unspecified { checks.fault("mode", "conflict", "mode is that of the session; leave it out") }
    for (path, value) in [("time_limit_seconds", request.timeLimitSeconds), ("max_requests", request.maxRequests)]
    where value != 0 {
      checks.fault(path, "conflict", "\(path) is that of the session; leave it out")
    }
    try checks.finish()
    let session = try await find(id, request.sessionId, in: request.workspace, context)
    if !request.trigger.isEmpty {
      let trigger = try await references.trigger(request.trigger, in: session.workspace)
      guard trigger.id == session.trigger else {
        throw RPCError(.notFound, "there is no listen session \(request.sessionId) of \(request.trigger)")
      }
    }
    return session
  }

  /// A node that subscribes to another's URL gets no requests of its own.
  private func checkURL(_ trigger: TriggerRow, in workspace: UniqueID) async throws(RPCError) {
    let flow = try await references.flow(trigger.flow.description, in: workspace)
    guard let draft = try? JSONDocument(flow.draft),
      let source = StoredDefinition.node(trigger.node, in: draft)?["source"]?.string
    else { return }
    throw RPCError(
      .failedPrecondition, "\(trigger.flowName)/\(trigger.node) has no URL of its own; listen to \(source)",
      faults: [Fault(path: "trigger", code: "invalid_value", message: "listen to \(source)")])
  }

  // MARK: Sessions

  package func get(_ request: GetListenSessionRequest, context: CallContext) async throws -> ListenSession {
    var checks = RequestChecks()
    let id = checks.identifier(request.id, "id")
    try checks.finish()
    return message(try await find(id, request.id, in: request.workspace, context))
  }

  package func list(_ request: ListListenSessionsRequest, context: CallContext) async throws -> ListListenSessionsResponse {
    var checks = RequestChecks()
    checks.optional(request.trigger, "trigger")
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let trigger = request.trigger.isEmpty ? nil : try await references.trigger(request.trigger, in: workspace.id).id
    let rows = try await store.answer { store throws(StoreError) in
      try await store.listenSessions(in: workspace.id, of: trigger, ended: request.ended, limit: ListenLimits.listed)
    }
    return ListListenSessionsResponse(sessions: rows.map(message))
  }

  package func cancel(_ request: CancelListenSessionRequest, context: CallContext) async throws -> ListenSession {
    var checks = RequestChecks()
    let id = checks.identifier(request.id, "id")
    try checks.finish()
    let session = try await find(id, request.id, in: request.workspace, context)
    let audit = context.audit(
      in: session.workspace, "listen.cancel", object: "\(session.flowName)/\(session.node)", details: ["session": request.id])
    // One that has ended stays as it is: cancelling twice is no error.
    let isEnded = try await store.answer { store throws(StoreError) in
      try await store.endListenSession(session.id, in: session.workspace, as: .cancelled, audit: audit)
    }
    if isEnded { try? await follower.reload() }
    return message(try await find(id, request.id, in: request.workspace, context))
  }

  private func find(
    _ id: UniqueID?, _ text: String, in workspaceName: String, _ context: CallContext
  ) async throws(RPCError) -> ListenSessionRow {
    let workspace = try await directory.workspace(workspaceName, for: context.principal)
    let row = try await store.answer { store throws(StoreError) -> ListenSessionRow? in
      guard let id else { return nil }
      return try await store.listenSession(id, in: workspace.id)
    }
    guard let row else { throw RPCError(.notFound, "there is no listen session \(text)") }
    return row
  }

  private func message(_ row: ListenSessionRow) -> ListenSession { ListenSession(row, url: descriptions.url(row.key)) }
}

/// Limits of `ListenService`'s fields.
enum ListenLimits {
  static let timeSeconds: ClosedRange<UInt32> = 1...86_400
  static let standardTimeSeconds: UInt32 = 600
  static let maximumRequests: ClosedRange<UInt32> = 1...10_000
  /// Requests of a resumed session are counted up to here.
  static let counted = 20_000
  /// Ids that a resuming listener may name.
  static let seen = 8192
  static let sessionsPerWorkspace = 1000
  /// Sessions that a list shows.
  static let listed = 1000
  static let idsPerRead = 1024
  /// Between two looks at a session whose time is over.
  static let clockInterval = Duration.milliseconds(250)
}
