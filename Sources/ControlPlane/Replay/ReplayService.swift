package import HeadgateProto
import Identifiers
import Postgres
import Rules
package import Store

/// `ReplayService`: recorded requests through the configuration of now.
package struct ReplayService: ReplayServiceHandler {
  /// What it works with.
  package struct Parts: Sendable {
    package var store: Store
    package var directory: WorkspaceDirectory
    package var triggers: LiveTriggers
    package var writer: IngestWriter
    package var bell: RunBell
    package var sealed: SealedParts
    package var maximumAttempts: Int
    /// Of the edge nodes, for schemes that sign the URL.
    package var publicBaseURL: String

    package init(
      store: Store, directory: WorkspaceDirectory, triggers: LiveTriggers, writer: IngestWriter, bell: RunBell,
      sealed: SealedParts, maximumAttempts: Int, publicBaseURL: String
    ) {
      self.store = store
      self.directory = directory
      self.triggers = triggers
      self.writer = writer
      self.bell = bell
      self.sealed = sealed
      self.maximumAttempts = maximumAttempts
      self.publicBaseURL = publicBaseURL
    }
  }

  let parts: Parts
  private let references: ObjectReferences
  private let identifiers = RequestIDGenerator()

  package init(_ parts: Parts) {
    self.parts = parts
    references = ObjectReferences(store: parts.store)
  }

  package func replay(_ request: ReplayRequest, context: CallContext, writer: MessageWriter<ReplayResult>) async throws {
    var checks = RequestChecks()
    if request.ids.isEmpty, request.filter == nil { checks.fault("ids", "required", "ids or filter must be given") }
    if !request.ids.isEmpty, request.filter != nil { checks.fault("filter", "conflict", "ids and filter exclude each other") }
    if request.ids.count > ReplayLimits.ids { checks.fault("ids", "too_many", "ids must be at most \(ReplayLimits.ids)") }
    var ids: [UniqueID] = []
    for (index, id) in request.ids.prefix(ReplayLimits.ids).enumerated() {
      if let id = checks.identifier(id, "ids[\(index)]") { ids.append(id) }
    }
    let rate = checks.number(request.rate, "rate", 1...ReplayLimits.rate, zero: ReplayLimits.standardRate)
    let most = checks.number(
      request.maxRequests, "max_requests", 1...ReplayLimits.requests, zero: ReplayLimits.standardRequests)
    let filter = request.filter.map { query in
      if query.pageSize != 0 { checks.fault("filter.page_size", "conflict", "filter.page_size has no meaning here") }
      if !query.cursor.isEmpty { checks.fault("filter.cursor", "conflict", "filter.cursor has no meaning here") }
      return LogFilter(query, prefix: "filter.", &checks)
    }
    try checks.finish()
    let workspace = try await parts.directory.workspace(request.workspace, for: context.principal).id
    if let filter {
      ids = try await find(try await filter.resolved(by: references, in: workspace), in: workspace, atMost: Int(most))
    }
    // Ids grow with time: oldest first, each once.
    ids = Array(Set(ids)).sorted()
    if !request.dryRun, !ids.isEmpty {
      let what = request.ids.count == 1 ? request.ids[0] : "\(ids.count) requests"
      let entry = context.audit(in: workspace, "request.replay", object: what, details: ["count": "\(ids.count)"])
      try await parts.store.answer { store throws(StoreError) in try await store.record(entry) }
    }
    var total = UInt64(ids.count)
    var next = ContinuousClock.now
    for start in stride(from: 0, to: ids.count, by: ReplayLimits.chunk) {
      let chunk = Array(ids[start..<min(start + ReplayLimits.chunk, ids.count)])
      let found = try await parts.store.answer { store throws(StoreError) in
        try await store.wholeRequests(chunk, in: workspace, runs: LogLimits.runs)
      }
      let byID = Dictionary(found.map { ($0.row.id, $0) }, uniquingKeysWith: { first, _ in first })
      for id in chunk {
        try await Task.sleep(until: next)
        next = max(next, .now - .seconds(1)) + .seconds(1) / Double(rate)
        var result = try await replay(id, byID[id], isDryRun: request.dryRun, until: context.deadline)
        result.total = total
        total = 0
        try await writer.write(result)
      }
    }
  }

  /// The newest matches.
  private func find(_ filter: RequestFilter, in workspace: UniqueID, atMost limit: Int) async throws -> [UniqueID] {
    var ids: [UniqueID] = []
    var before: UniqueID?
    repeat {
      let position = before
      let wanted = min(limit - ids.count, LogLimits.chunk)
      let page = try await parts.store.answer { store throws(StoreError) in
        try await store.searchRequests(
          in: workspace, matching: filter, before: position, limit: wanted, within: LogLimits.exportChunkTime)
      }
      ids += page.rows.map(\.id)
      before = page.next
      try Task.checkCancellation()
    } while before != nil && ids.count < limit
    return ids
  }

  // MARK: One request

  private func replay(
    _ id: UniqueID, _ found: WholeRequest?, isDryRun: Bool, until deadline: ContinuousClock.Instant
  ) async throws -> ReplayResult {
    guard let found else { return Self.skipped(id, "not_found", "there is no such request") }
    let before = ReplayPicture(try LogEntry(found))
    func skipped(_ code: String, _ message: String) -> ReplayResult {
      var result = Self.skipped(id, code, message)
      result.outcomeBefore = before.outcome
      result.causeBefore = before.cause
      result.outputBefore = before.output
      return result
    }
    if found.row.body == nil, found.row.bodyLength > 0 {
      return skipped("body_expired", found.isBodyExpired ? "its body is not kept any more" : "its body was not stored")
    }
    guard let nodes = try await nodes(of: found.row) else {
      return skipped("trigger_gone", "its trigger was deleted, is disabled or is not published")
    }
    guard case .usable(let trigger) = nodes.owner.state else {
      throw RPCError(.unavailable, "the configuration or secret of the trigger of request \(id) cannot be read here")
    }
    let verification = ReplayVerification(found.row)
    let baseURL = Array(parts.publicBaseURL.utf8)
    var request = try IncomingRequest(found.row)
    request.baseURL = baseURL
    request.triggerKey = nodes.owner.key
    // What is verified again needs what redaction took out, where that was kept.
    if verification == .again {
      do throws(SealedParts.Loss) {
        request = try parts.sealed.restored(found.row, key: nodes.owner.key, baseURL: baseURL)
      } catch .keyUnknown {
        throw RPCError(.unavailable, "the data key of the credential of request \(id) is not loaded here yet")
      } catch {
        // Without it the verification says what is missing.
      }
    }
    let now = UnixTime.now()
    if !isDryRun { request.id = identifiers.next(unixMilliseconds: now.microseconds / 1000) }
    var credentials = nodes.owner.credentials(at: now)
    credentials.isVerified = verification == .done
    let decision = trigger.evaluate(
      request, credentials: credentials, verifyTokens: nodes.owner.verifyTokens(at: now), environment: nodes.owner.environment,
      subscribers: nodes.triggers, nowUs: request.receivedAtUs)
    if verification == .again, let cause = decision.cause, Self.isOfCredential(cause), request.holdsRedactions,
      !trigger.configuration.authentication.mode.isSigned
    {
      return skipped("credential_not_kept", "its credential, which has to be checked again, is not in the record")
    }
    return try await result(of: decision, request, nodes, found, before, isDryRun: isDryRun, now, until: deadline)
  }

  private func result(
    of decision: Decision, _ request: IncomingRequest, _ nodes: DecidedNodes, _ found: WholeRequest, _ before: ReplayPicture,
    isDryRun: Bool, _ now: UnixTime, until deadline: ContinuousClock.Instant
  ) async throws -> ReplayResult {
    guard let outcome = decision.outcome, outcome != .handshake else {
      var result = Self.skipped(found.row.id, "", "it is a question of the provider or a browser: nothing follows from it")
      result.outcomeBefore = before.outcome
      result.outcome = decision.outcome == nil ? .unspecified : .handshake
      return result
    }
    var row = RequestRow(decision, outcome: outcome, of: request, nodes, now: now)
    // A record of now, with an id of now.
    row.receivedAt = now
    row.processingMicroseconds = 0
    row.replayOf = found.row.id
    var entry = IngestEntry(
      decision, row: row, nodes, maximumAttempts: Int16(clamping: parts.maximumAttempts),
      deadline: min(deadline, .now + ReplayLimits.commitTime))
    for index in entry.parts.indices {
      // The delivery is the original's; a replay is wanted all the same.
      entry.parts[index].claim = nil
      entry.parts[index].run?.replayOf = found.row.id
    }
    var result = ReplayResult(id: found.row.id.description)
    result.outcomeBefore = before.outcome
    result.causeBefore = before.cause
    result.outputBefore = before.output
    result.outcome = Outcome(number: outcome.rawValue)
    result.cause = decision.cause.map { Cause(number: $0.rawValue) } ?? .unspecified
    result.output = decision.output
    result.message = decision.explanation.refusedBecause
    var after = ReplayPicture(
      outcome: result.outcome, cause: result.cause, output: decision.output, entryNode: decision.entryNode ?? "",
      variables: entry.runs.isEmpty ? [] : decision.variables, runs: entry.runs.count, customer: "", chat: "")
    if isDryRun {
      result.runs = decision.parts.filter(\.startsRun).map { part in
        LogRun(
          flow: nodes.entry(of: part).name.split(separator: "/").first.map(String.init) ?? "", entryNode: part.entryNode ?? "",
          variables: part.variables, node: nodes.name(of: part), element: UInt32(clamping: part.element))
      }
      result.bindings = try await preview(decision, nodes)
      let customer = result.bindings.first { Self.isBound($0.customerOutcome) }
      let chat = result.bindings.first { Self.isBound($0.chatOutcome) }
      // One that is to be made has no id yet.
      after.customer = customer.map { $0.customerId.isEmpty ? $0.customerOutcome : $0.customerId } ?? ""
      after.chat = chat.map { $0.chatId.isEmpty ? $0.chatOutcome : $0.chatId } ?? ""
    } else {
      try await record(entry, nodes)
      let recorded = try await parts.store.answer { store throws(StoreError) in
        try await store.wholeRequests([row.id], in: row.workspace, runs: LogLimits.runs).first
      }
      result.newId = row.id.description
      if let recorded {
        let shown = try LogEntry(recorded)
        result.runs = shown.runs
        result.bindings = shown.bindings
        result.outcome = shown.outcome
        after = ReplayPicture(shown)
      }
    }
    result.differences = before.differences(to: after)
    return result
  }

  /// What binding would do, by what is there now.
  private func preview(_ decision: Decision, _ nodes: DecidedNodes) async throws(RPCError) -> [BindingReport] {
    let binding = decision.parts.filter { $0.cause == nil && $0.repeats == nil && $0.binding != nil }
    let outcomes = try await parts.store.answer { store throws(StoreError) in
      try await store.previewBindings(binding.compactMap(\.binding), in: nodes.owner.workspace)
    }
    return zip(binding, outcomes).map { BindingReport($1, node: nodes.name(of: $0), element: $0.element) }
  }

  private func record(_ entry: IngestEntry, _ nodes: DecidedNodes) async throws(RPCError) {
    let result = await withCheckedContinuation { continuation in
      parts.writer.submit(entry) { continuation.resume(returning: $0) }
    }
    switch result {
    case .success: for flow in nodes.flows(of: entry) { parts.bell.ring(entry.request.workspace, flow: flow) }
    case .failure(let failure): throw RPCError(failure)
    }
  }

  /// The live nodes of a request's URL; `nil`: the trigger is gone.
  private func nodes(of row: RequestRow) async throws(RPCError) -> DecidedNodes? {
    let trigger = try await parts.store.answer { store throws(StoreError) in
      try await store.trigger(row.trigger, in: row.workspace)
    }
    guard let trigger, let entry = parts.triggers.entry(Array(trigger.key.utf8)) else { return nil }
    if case .disabled = entry.state { return nil }
    return DecidedNodes(owner: entry, subscribers: entry.subscribers)
  }

  /// Whether a binding came about; one without any value is none, as its request's record says it.
  private static func isBound(_ outcome: String) -> Bool { !outcome.isEmpty && outcome != "unbound" }

  private static func skipped(_ id: UniqueID, _ code: String, _ message: String) -> ReplayResult {
    var result = ReplayResult(id: id.description)
    result.skipped = code
    result.message = message
    return result
  }

  private static func isOfCredential(_ cause: RefusalCause) -> Bool {
    cause == .credentialMissing || cause == .credentialWrong || cause == .credentialDoubled
  }
}

/// Limits of a replay.
enum ReplayLimits {
  static let ids = 10_000
  static let requests: UInt32 = 100_000
  static let standardRequests: UInt32 = 1000
  /// Requests per second.
  static let rate: UInt32 = 1000
  static let standardRate: UInt32 = 50
  /// Requests that are read at a time.
  static let chunk = 50
  /// How long one request may take to be recorded.
  static let commitTime = Duration.seconds(10)
}
