import Addresses
package import HeadgateProto
import Identifiers
package import Logging
import Metrics
import Observability
package import Postgres
import Rules
package import Store

/// `IngestService`: the way of a request. Runs on the connection's event loop; everything until the batch is pure.
package struct IngestService: IngestServiceHandler {
  private let triggers: LiveTriggers
  private let readiness: Readiness
  private let writer: IngestWriter
  private let bell: RunBell
  private let listening: ListenWatch
  private let sealed: SealedParts
  private let limits: SubmitLimits
  private let maximumAttempts: Int16
  private let metrics: IngestMetrics
  private let logger: Logger
  private let clock: @Sendable () -> UnixTime

  package init(
    triggers: LiveTriggers, readiness: Readiness, writer: IngestWriter, bell: RunBell, listening: ListenWatch,
    sealed: SealedParts, limits: SubmitLimits, maximumAttempts: Int, metrics: IngestMetrics, logger: Logger,
    clock: @escaping @Sendable () -> UnixTime = { .now() }
  ) {
    self.triggers = triggers
    self.readiness = readiness
    self.writer = writer
    self.bell = bell
    self.listening = listening
    self.sealed = sealed
    self.limits = limits
    self.maximumAttempts = Int16(clamping: maximumAttempts)
    self.metrics = metrics
    self.logger = logger
    self.clock = clock
  }

  package func submit(_ request: SubmitRequest, context: CallContext, reply: Reply<SubmitResponse>) {
    // An edge node serves every workspace; a certificate that may see only one is not an edge node's.
    guard context.principal.workspace == nil else {
      return reply.fail(RPCError(.permissionDenied, "an edge node's credential must not be confined to a workspace"))
    }
    let start = ContinuousClock.now
    let now = clock()
    let incoming: IncomingRequest
    do {
      incoming = try limits.check(request, now: now)
    } catch {
      metrics.count(.invalid)
      return reply.fail(error)
    }
    guard triggers.isLoaded else {
      metrics.count(.unavailable)
      return reply.fail(RPCError(.unavailable, readiness.notReadyBecause ?? "the configuration is not loaded yet"))
    }
    guard let entry = triggers.entry(request.triggerKey) else {
      metrics.count(.unknownKey)
      return reply.succeed(.unknownKey)
    }
    let watch = listening.mode(of: entry.trigger, at: start)
    switch entry.state {
    case .usable(let trigger):
      let nodes = DecidedNodes(owner: entry, subscribers: entry.subscribers)
      let decision = trigger.evaluate(
        incoming, credentials: entry.credentials(at: now), verifyTokens: entry.verifyTokens(at: now),
        environment: entry.environment, subscribers: nodes.triggers, nowUs: request.receivedAtUs)
      metrics.evaluation.record(duration: .now - start)
      finish(decision, of: incoming, nodes, watch, now, since: start, context.deadline, reply)
    case .disabled(let redactions):
      reject(incoming, entry, redactions, watch, now)
      reply.succeed(.unknownKey)
    case .unusable:
      metrics.count(.unusable)
      // A fault of ours, perhaps of this process alone: the edge node holds the request and tries another control plane.
      reply.fail(RPCError(.unavailable, "the trigger's configuration or secret cannot be read here"))
    }
  }

  /// Records what was decided and answers: after COMMIT where a caller may rely on the record, else at once.
  private func finish(
    _ decision: Decision, of request: IncomingRequest, _ nodes: DecidedNodes, _ watch: ListenSessionMode?, _ now: UnixTime,
    since start: ContinuousClock.Instant, _ deadline: ContinuousClock.Instant, _ reply: Reply<SubmitResponse>
  ) {
    var response = SubmitResponse(decision)
    guard let decided = decision.outcome else {
      metrics.count(.notRecorded)
      return reply.succeed(response)
    }
    // Captured requests claim nothing either: the same delivery is to run when it comes again after the session.
    let isCaptured = watch == .capture && (decided == .accepted || decided == .unrouted)
    let outcome = isCaptured ? .captured : decided
    response.outcome = Outcome(number: outcome.rawValue)
    var row = RequestRow(decision, outcome: outcome, of: request, nodes, now: now)
    if let mode = nodes.owner.compiled?.configuration.authentication.mode, SealedParts.areKept(outcome, decision.cause, mode) {
      row.sealed = sealed.seal(decision, of: request, nodes.owner)
    }
    let trace = request.callersTrace
    // Nobody relies on the record of a refusal or a handshake: it is written when there is room.
    if outcome == .rejected || outcome == .handshake {
      metrics.count(response.outcome, cause: response.cause)
      record(IngestEntry(request: row, runs: [], deadline: deadline).traced(by: trace), watch)
      return reply.succeed(response)
    }
    let untraced =
      isCaptured
      ? IngestEntry(request: row, runs: [], deadline: deadline)
      : IngestEntry(decision, row: row, nodes, maximumAttempts: maximumAttempts, deadline: deadline)
    let entry = untraced.traced(by: trace)
    let shown = watch == nil ? nil : ListenWatch.Shown(entry)
    writer.submit(entry) {
      [logger, metrics, bell, listening, flows = nodes.flows(of: entry), workspace = row.workspace, id = row.id, response]
      result in
      switch result {
      case .success(let recorded):
        metrics.latency.record(.now - start)
        if case .duplicate(let first) = recorded {
          metrics.count(.duplicate)
          if let shown { listening.recorded(shown) }
          return reply.succeed(SubmitResponse(decision, duplicateOf: first))
        }
        metrics.count(response.outcome)
        reply.succeed(response)
        if let shown { listening.recorded(shown) }
        for flow in flows { bell.ring(workspace, flow: flow) }
      case .failure(let failure):
        metrics.count(failure == .overloaded ? .overloaded : .unavailable)
        logger.debug(
          "request not recorded",
          metadata: [
            "request": "\(id)", "trace": "\(TraceContext(of: id, continuing: trace).traceIDText)", "cause": "\(failure)",
          ])
        reply.fail(RPCError(failure))
      }
    }
  }

  /// Logs a request to a trigger that is disabled; the caller is answered as if there were none.
  private func reject(
    _ request: IncomingRequest, _ entry: LiveEntry, _ redactions: Redactions?, _ watch: ListenSessionMode?, _ now: UnixTime
  ) {
    metrics.count(.rejected, cause: .disabled)
    let row = RequestRow(disabled: request, entry, redactions, now: now)
    record(IngestEntry(request: row, runs: [], deadline: .now), watch)
  }

  /// Records what nobody relies on; listeners hear of it once it is committed.
  private func record(_ entry: IngestEntry, _ watch: ListenSessionMode?) {
    guard watch != nil else { return writer.record(entry) }
    let shown = ListenWatch.Shown(entry)
    writer.record(entry) { [listening] result in
      if case .success = result { listening.recorded(shown) }
    }
  }
}

extension RPCError {
  init(_ failure: IngestFailure) {
    switch failure {
    case .overloaded: self.init(.resourceExhausted, "too many requests wait to be recorded")
    case .unavailable: self.init(.unavailable, "the database is not available")
    case .recordedOtherwise:
      self.init(
        .failedPrecondition, "the request is recorded with another verdict: the configuration changed between two attempts")
    case .shutDown: self.init(.unavailable, "this control plane is shutting down")
    case .refused(let sqlState): self = Incident.internalError("the database refused a request: \(sqlState)")
    }
  }
}
