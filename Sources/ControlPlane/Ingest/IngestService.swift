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
      let arrival = Arrival(
        request: incoming, nodes: nodes, watch: watch, now: now, start: start, deadline: context.deadline,
        isRepeated: request.attempt > 0)
      finish(decision, arrival, reply)
    case .disabled(let redactions):
      metrics.count(.rejected, cause: .disabled)
      let row = RequestRow(disabled: incoming, entry, redactions, now: now)
      let record = IngestEntry(request: row, runs: [], deadline: request.attempt > 0 ? context.deadline : .now)
      refuse(record, .unknownKey, .refusal(.unknownKey), watch, isRepeated: request.attempt > 0, reply)
    case .unusable:
      metrics.count(.unusable)
      // A fault of ours, perhaps of this process alone: the edge node holds the request and tries another control plane.
      reply.fail(RPCError(.unavailable, "the trigger's configuration or secret cannot be read here"))
    }
  }

  /// A request with what is known of its coming.
  private struct Arrival {
    var request: IncomingRequest
    var nodes: DecidedNodes
    var watch: ListenSessionMode?
    var now: UnixTime
    var start: ContinuousClock.Instant
    var deadline: ContinuousClock.Instant
    /// The edge node has sent it before and does not know what came of it.
    var isRepeated: Bool
  }

  /// Records what was decided and answers: after COMMIT where a caller may rely on the record, else at once.
  private func finish(_ decision: Decision, _ arrival: Arrival, _ reply: Reply<SubmitResponse>) {
    let (request, nodes, watch) = (arrival.request, arrival.nodes, arrival.watch)
    var response = SubmitResponse(decision)
    guard let decided = decision.outcome else {
      metrics.count(.notRecorded)
      return reply.succeed(response)
    }
    // Captured requests claim nothing either: the same delivery is to run when it comes again after the session.
    let isCaptured = watch == .capture && (decided == .accepted || decided == .unrouted)
    let outcome = isCaptured ? .captured : decided
    response.outcome = Outcome(number: outcome.rawValue)
    var row = RequestRow(decision, outcome: outcome, of: request, nodes, now: arrival.now)
    if let mode = nodes.owner.compiled?.configuration.authentication.mode, SealedParts.areKept(outcome, decision.cause, mode) {
      row.sealed = sealed.seal(decision, of: request, nodes.owner)
      if row.sealed != nil { metrics.sealed.increment() }
    }
    let trace = request.callersTrace
    if outcome == .rejected || outcome == .handshake {
      metrics.count(response.outcome, cause: response.cause)
      let record = IngestEntry(request: row, runs: [], deadline: arrival.deadline).traced(by: trace)
      return refuse(record, response, decision.answer, watch, isRepeated: arrival.isRepeated, reply)
    }
    let untraced =
      isCaptured
      ? IngestEntry(request: row, runs: [], deadline: arrival.deadline)
      : IngestEntry(decision, row: row, nodes, maximumAttempts: maximumAttempts, deadline: arrival.deadline)
    let entry = untraced.traced(by: trace)
    let shown = watch == nil ? nil : ListenWatch.Shown(entry)
    writer.submit(entry) {
      [
        logger, metrics, bell, listening, flows = nodes.flows(of: entry), workspace = row.workspace, id = row.id,
        start = arrival.start, response
      ]
      result in
      switch result {
      case .success(let recorded):
        metrics.latency.record(.now - start)
        switch recorded {
        case .duplicate(let first):
          metrics.count(.duplicate)
          if let shown { listening.recorded(shown) }
          return reply.succeed(SubmitResponse(decision, duplicateOf: first))
        case .recordedBefore(let verdict):
          let answer = SubmitResponse(recorded: verdict, now: decision.answer, id: id)
          metrics.count(answer.outcome, cause: answer.cause)
          return reply.succeed(answer)
        case .recorded, .alreadyRecorded: break
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

  /// Answers what starts no run. Nobody relies on the record of a refusal or a handshake: it is written when there is room. But
  /// an attempt before this one may have been accepted, and must then not be refused: that is looked for.
  private func refuse(
    _ entry: IngestEntry, _ response: SubmitResponse, _ answer: HTTPAnswer, _ watch: ListenSessionMode?, isRepeated: Bool,
    _ reply: Reply<SubmitResponse>
  ) {
    guard isRepeated else {
      record(entry, watch)
      return reply.succeed(response)
    }
    let shown = watch == nil ? nil : ListenWatch.Shown(entry)
    writer.submit(entry) { [metrics, listening, id = entry.request.id] result in
      switch result {
      case .success(.recordedBefore(let verdict)):
        reply.succeed(SubmitResponse(recorded: verdict, now: answer, id: id))
      case .success:
        reply.succeed(response)
        if let shown { listening.recorded(shown) }
      case .failure(let failure):
        metrics.count(failure == .overloaded ? .overloaded : .unavailable)
        reply.fail(RPCError(failure))
      }
    }
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
    case .recordedOtherwise: self.init(.failedPrecondition, "the request's id is another trigger's request's")
    case .shutDown: self.init(.unavailable, "this control plane is shutting down")
    case .refused(let sqlState): self = Incident.internalError("the database refused a request: \(sqlState)")
    }
  }
}
