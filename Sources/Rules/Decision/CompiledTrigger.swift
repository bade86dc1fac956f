internal import Addresses
package import Cryptography
internal import JSON

/// A trigger ready for requests: built once per published flow version, then shared by all threads.
package final class CompiledTrigger: Sendable {
  /// Which trigger it is.
  package let identity: TriggerIdentity
  /// What it is configured to do.
  package let configuration: TriggerConfiguration
  let targets: [String: String]
  let limits: RequestBody.Limits
  private let rules: NodeRules
  private let constants: [String: JSONValue]
  private let redactions: Redactions

  /// Compiles a node of a flow; `nil` when the flow has no trigger of that id.
  ///
  /// - Parameter triggerID: Of the trigger's row, as paths see it in `trigger.id`.
  package init?(_ flow: FlowDefinition, node: String, triggerID: String, limits: RequestBody.Limits = RequestBody.Limits()) {
    guard let configuration = flow.node(node)?.trigger else { return nil }
    identity = TriggerIdentity(id: triggerID, flow: flow.name, node: node)
    self.configuration = configuration
    rules = NodeRules(configuration, owner: configuration.authentication)
    targets = Dictionary(
      flow.connections.filter { $0.from == node }.map { ($0.output, $0.to) }, uniquingKeysWith: { first, _ in first })
    constants = Dictionary(
      flow.constants.compactMap { constant in (try? JSONDocument(constant.json)).map { (constant.name, $0.root) } },
      uniquingKeysWith: { first, _ in first })
    redactions = configuration.authentication.redactions
    self.limits = limits
  }

  /// Decides about a request, without I/O.
  ///
  /// In this order: method (405), address (403), handshake, origin (403; a browser's preflight of
  /// an allowed origin 204), credential (401), signed handshake, body (400, 413, 415), variables (422), output. A handshake
  /// may have a method and lack an origin that the trigger demands of requests that start runs.
  ///
  /// - Parameters:
  ///   - credentials: The secrets accepted now.
  ///   - verifyTokens: What a handshake's check value may be now; none: such a handshake is refused.
  ///   - environment: The workspace's variables and region.
  ///   - subscribers: The nodes with this trigger as their source, in a fixed order.
  ///   - nowUs: Microseconds since 1970 UTC, for signed timestamps.
  package func evaluate(
    _ request: IncomingRequest, credentials: TriggerCredentials, verifyTokens: [SecretBytes] = [],
    environment: WorkspaceEnvironment = .empty, subscribers: [CompiledTrigger] = [], nowUs: Int64
  ) -> Decision {
    var decision = undecided(request)
    // A subscriber checks nothing, so nothing must come in by a key of its own.
    guard configuration.source == nil else {
      refuse(&decision, .disabled, at: "source", because: "The node has no URL of its own; it subscribes to another's.")
      return decision
    }
    let surroundings = Surroundings(
      credentials: credentials, verifyTokens: verifyTokens, environment: environment, subscribers: subscribers, nowUs: nowUs)
    var body = LazyBody(request, limits: limits)
    if let admission = admission(of: request, surroundings, body: &body) {
      apply(admission, to: &decision)
      if decision.cause != nil { hideMisplaced(surroundings, in: &decision) }
      return decision
    }
    verifyAndEvaluate(request, surroundings, body: &body, &decision)
    if !configuration.allow.origins.isEmpty { decision.answer.headers += CrossOrigin.fields(for: request) }
    return decision
  }

  /// What a request is judged with, besides the trigger.
  private struct Surroundings {
    let credentials: TriggerCredentials
    let verifyTokens: [SecretBytes]
    let environment: WorkspaceEnvironment
    let subscribers: [CompiledTrigger]
    let nowUs: Int64
  }

  private func verifyAndEvaluate(
    _ request: IncomingRequest, _ surroundings: Surroundings, body: inout LazyBody, _ decision: inout Decision
  ) {
    let credentials = surroundings.credentials
    if !credentials.isPending, !credentials.isVerified {
      let result = configuration.authentication.verify(
        request, secrets: credentials.secrets, nowUs: surroundings.nowUs, body: &body)
      if case .refused(let refusal) = result {
        refuse(&decision, refusal.cause, at: refusal.at, because: refusal.because)
        hideMisplaced(surroundings, in: &decision)
        return
      }
    }
    if configuration.methods.answersHead(request.method) {
      decision.kind = .headOnly
      // Whole, because HEAD tells the length that GET would have (RFC 9110 §8.6); the edge node leaves the body out.
      var scope = scope(of: request, .empty, surroundings, decision)
      decision.answer = answer(request, in: &scope)
      return
    }
    body.advance(to: credentials.isPending ? .pending : .verified)
    if let answer = handshakeAnswer(to: request, verified: true, surroundings, body: &body) {
      apply(answer, to: &decision)
      return
    }
    do throws(RequestBody.Fault) {
      evaluate(try body.parsed(), of: request, surroundings, &decision)
    } catch {
      refuse(&decision, error.cause, at: "body", because: error.message)
    }
  }

  private func undecided(_ request: IncomingRequest) -> Decision {
    Decision(
      kind: .unrouted, answer: HTTPAnswer(status: 200), storedQuery: redactions.apply(toQuery: request.query),
      storedHeaders: redactions.apply(toHeaders: request.headers))
  }

  private enum Admission {
    case answered(Decision.Kind, HTTPAnswer)
    case refused(RefusalCause, at: String, because: String)
  }

  private func apply(_ admission: Admission, to decision: inout Decision) {
    switch admission {
    case .answered(let kind, let answer):
      decision.kind = kind
      decision.answer = answer
    case .refused(let cause, let at, let because):
      refuse(&decision, cause, at: at, because: because)
      if cause == .methodNotAllowed { decision.answer = .methodNotAllowed(configuration.methods) }
    }
  }

  /// The answer to a handshake, which may come with a method that starts no run; `nil`: it is none.
  ///
  /// - Parameter verified: Whether the credential has been checked; some providers sign their handshakes.
  private func handshakeAnswer(
    to request: IncomingRequest, verified: Bool, _ surroundings: Surroundings, body: inout LazyBody
  ) -> Admission? {
    guard let handshake = configuration.authentication.handshake, handshake.isAnsweredAfterVerification == verified,
      let answer = handshake.answer(
        to: request, secret: surroundings.credentials.secrets.first, form: configuration.authentication.secretForm,
        verifyTokens: surroundings.verifyTokens, body: &body)
    else { return nil }
    guard (200...299).contains(answer.status) else {
      return .refused(.handshakeRefused, at: "handshake", because: "The check value of the handshake is not the trigger's.")
    }
    guard answer.status != 204, answer.status != 205 else {
      return .answered(.handshake, HTTPAnswer(status: answer.status, headers: answer.headers))
    }
    let headers = [HeaderField("content-type", answer.contentType), HeaderField("x-content-type-options", "nosniff")]
    return .answered(.handshake, HTTPAnswer(status: answer.status, headers: headers + answer.headers, body: answer.body))
  }

  /// What is decided before the credential; `nil`: go on.
  private func admission(of request: IncomingRequest, _ surroundings: Surroundings, body: inout LazyBody) -> Admission? {
    let allow = configuration.allow
    let isPreflight = !allow.origins.isEmpty && CrossOrigin.isPreflight(request)
    let handshake = handshakeAnswer(to: request, verified: false, surroundings, body: &body)
    if !isPreflight, handshake == nil, !configuration.methods.allows(request.method),
      !configuration.methods.answersHead(request.method)
    {
      return .refused(.methodNotAllowed, at: "method", because: "Only \(configuration.methods.allowField) is allowed.")
    }
    if !allow.addresses.isEmpty {
      guard let address = request.clientAddress else {
        return .refused(.addressNotAllowed, at: "ip", because: "The edge node did not tell the client's address.")
      }
      guard allow.addresses.contains(where: { $0.contains(address) }) else {
        return .refused(.addressNotAllowed, at: "ip", because: "\(address) is not in the list of allowed addresses.")
      }
    }
    if let handshake { return handshake }
    guard CrossOrigin.isAllowed(request, by: allow.origins) else {
      let because =
        request.origin == nil
        ? "The request has no single Origin, and the trigger allows listed origins only."
        : "The Origin is not in the list of allowed origins."
      return .refused(.originNotAllowed, at: "origin", because: because)
    }
    return isPreflight ? .answered(.preflight, CrossOrigin.permission(for: request, methods: configuration.methods)) : nil
  }

  /// What paths see of a request. Variables and events are stored like the request, so this is what is stored: no credential,
  /// no cookie.
  private func scope(
    of request: IncomingRequest, _ body: RequestBody, _ surroundings: Surroundings, _ decision: Decision
  ) -> TemplateScope {
    var visible = request
    visible.query = decision.storedQuery
    visible.headers = decision.storedHeaders
    return TemplateScope(
      payload: Payload(visible, body: body, trigger: identity), constants: constants, environment: surroundings.environment)
  }

  private func answer(_ request: IncomingRequest, in scope: inout TemplateScope) -> HTTPAnswer {
    configuration.response.isTemplated
      ? .accepted(configuration.response, id: request.id, in: &scope) : .accepted(configuration.response, id: request.id)
  }

  /// Parts of a request whose caller is known, and what they amount to.
  private func evaluate(
    _ body: RequestBody, of request: IncomingRequest, _ surroundings: Surroundings, _ decision: inout Decision
  ) {
    var scope = scope(of: request, body, surroundings, decision)
    let isPending = surroundings.credentials.isPending
    appendParts(
      in: &scope, rules, subscriber: nil, notes: body.notes, limit: isPending ? 1 : .max, to: &decision.parts)
    decision.isDivided = configuration.split != nil || !surroundings.subscribers.isEmpty
    if isPending {
      decision.suspend()
      decision.answer = answer(request, in: &scope)
      return
    }
    for (index, subscriber) in surroundings.subscribers.enumerated() {
      var own = scope.payload
      own.trigger = subscriber.identity
      var inner = TemplateScope(payload: own, constants: subscriber.constants, environment: surroundings.environment)
      subscriber.appendParts(
        in: &inner, NodeRules(subscriber.configuration, owner: configuration.authentication), subscriber: index, notes: [],
        to: &decision.parts)
    }
    decision.conclude()
    if let cause = decision.cause {
      decision.answer = .refusal(cause)
    } else {
      decision.answer = answer(request, in: &scope)
    }
  }

  private func hideMisplaced(_ surroundings: Surroundings, in decision: inout Decision) {
    let misplaced = MisplacedSecrets(surroundings.credentials.secrets + surroundings.verifyTokens)
    decision.storedQuery = misplaced.removed(fromQuery: decision.storedQuery)
    decision.storedHeaders = misplaced.removed(fromHeaders: decision.storedHeaders)
  }

  private func refuse(_ decision: inout Decision, _ cause: RefusalCause, at: String, because: String) {
    decision.kind = .rejected(cause)
    decision.answer = .refusal(cause)
    if cause == .encodingUnsupported { decision.answer.headers.append(ContentCoding.acceptField) }
    decision.explanation.refusedAt = at
    decision.explanation.refusedBecause = because
  }
}
