internal import Addresses
internal import Cryptography
internal import JSON

/// A trigger ready for requests: built once per published flow version, then shared by all threads.
package final class CompiledTrigger: Sendable {
  /// Which trigger it is.
  package let identity: TriggerIdentity
  /// What it is configured to do.
  package let configuration: TriggerConfiguration
  private let eventPath: ValuePath?
  private let targets: [String: String]
  private let constants: [String: JSONValue]
  private let redactions: Redactions
  private let limits: RequestBody.Limits

  /// Compiles a node of a flow; `nil` when the flow has no trigger of that id.
  ///
  /// - Parameter triggerID: Of the trigger's row, as paths see it in `trigger.id`.
  package init?(_ flow: FlowDefinition, node: String, triggerID: String, limits: RequestBody.Limits = RequestBody.Limits()) {
    guard let configuration = flow.node(node)?.trigger else { return nil }
    identity = TriggerIdentity(id: triggerID, flow: flow.name, node: node)
    self.configuration = configuration
    eventPath = configuration.eventPath
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
  /// In this order: method (405), address (403), handshake of the preset's provider, origin (403; a browser's preflight of
  /// an allowed origin 204), credential (401), signed handshake, body (400, 413, 415), variables (422), output. A handshake
  /// may have a method and lack an origin that the trigger demands of requests that start runs.
  ///
  /// - Parameters:
  ///   - credentials: The secrets accepted now.
  ///   - environment: The workspace's variables.
  ///   - nowUs: Microseconds since 1970 UTC, for signed timestamps.
  package func evaluate(
    _ request: IncomingRequest, credentials: TriggerCredentials, environment: [String: [UInt8]] = [:], nowUs: Int64
  ) -> Decision {
    var decision = undecided(request)
    var body = LazyBody(request, limits: limits)
    if let admission = admission(of: request, secrets: credentials.secrets, body: &body) {
      apply(admission, to: &decision)
      return decision
    }
    verifyAndEvaluate(request, credentials, environment, nowUs: nowUs, body: &body, &decision)
    if !configuration.allow.origins.isEmpty { decision.answer.headers += CrossOrigin.fields(for: request) }
    return decision
  }

  private func verifyAndEvaluate(
    _ request: IncomingRequest, _ credentials: TriggerCredentials, _ environment: [String: [UInt8]], nowUs: Int64,
    body: inout LazyBody, _ decision: inout Decision
  ) {
    if !credentials.isPending {
      let result = configuration.authentication.verify(request, secrets: credentials.secrets, nowUs: nowUs, body: &body)
      if case .refused(let refusal) = result {
        refuse(&decision, refusal.cause, at: refusal.at, because: refusal.because)
        let misplaced = MisplacedSecrets(credentials.secrets)
        decision.storedQuery = misplaced.removed(fromQuery: decision.storedQuery)
        decision.storedHeaders = misplaced.removed(fromHeaders: decision.storedHeaders)
        return
      }
      if let handshake = configuration.authentication.handshake, handshake.signsForAnyone(request.body) {
        let because = "The provider's handshake signs such a text for anyone who asks, so its signature proves nothing."
        refuse(&decision, .signatureWrong, at: "body", because: because)
        return
      }
    }
    if configuration.methods.answersHead(request.method) {
      decision.kind = .headOnly
      // Whole, because HEAD tells the length that GET would have (RFC 9110 §8.6); the edge node leaves the body out.
      decision.answer = .accepted(configuration.response, id: request.id)
      return
    }
    body.advance(to: credentials.isPending ? .pending : .verified)
    if let answer = handshakeAnswer(to: request, verified: true, secrets: credentials.secrets, body: &body) {
      apply(answer, to: &decision)
      return
    }
    do throws(RequestBody.Fault) {
      evaluate(try body.parsed(), of: request, isPending: credentials.isPending, environment, &decision)
    } catch {
      refuse(&decision, error.cause, at: "body", because: error.message)
    }
  }

  private func undecided(_ request: IncomingRequest) -> Decision {
    Decision(
      kind: .unrouted, answer: HTTPAnswer(status: 200), event: nil, output: "", entryNode: nil, variables: [],
      explanation: DecisionExplanation(), storedQuery: redactions.apply(toQuery: request.query),
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

  /// The answer to a handshake of the preset's provider, which may come with a method that starts no run; `nil`: it is none.
  ///
  /// - Parameter verified: Whether the credential has been checked; some providers sign their handshakes.
  private func handshakeAnswer(
    to request: IncomingRequest, verified: Bool, secrets: [SecretBytes], body: inout LazyBody
  ) -> Admission? {
    guard let handshake = configuration.authentication.handshake, handshake.isAnsweredAfterVerification == verified,
      let answer = handshake.answer(to: request, secret: secrets.first, verifyToken: nil, body: &body)
    else { return nil }
    guard answer.status == 200 else {
      return .refused(.handshakeRefused, at: "handshake", because: "The check value of the handshake is not the trigger's.")
    }
    let headers = [HeaderField("content-type", answer.contentType), HeaderField("x-content-type-options", "nosniff")]
    return .answered(.handshake, HTTPAnswer(status: 200, headers: headers, body: answer.body))
  }

  /// What is decided before the credential; `nil`: go on.
  private func admission(of request: IncomingRequest, secrets: [SecretBytes], body: inout LazyBody) -> Admission? {
    let allow = configuration.allow
    let isPreflight = !allow.origins.isEmpty && CrossOrigin.isPreflight(request)
    let handshake = handshakeAnswer(to: request, verified: false, secrets: secrets, body: &body)
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

  /// Variables and output of a request whose caller is known.
  private func evaluate(
    _ body: RequestBody, of request: IncomingRequest, isPending: Bool, _ environment: [String: [UInt8]],
    _ decision: inout Decision
  ) {
    decision.explanation.notes += body.notes
    // Variables and events are stored like the request, so paths see what is stored: no credential, no cookie.
    var visible = request
    visible.query = decision.storedQuery
    visible.headers = decision.storedHeaders
    var scope = TemplateScope(
      payload: Payload(visible, body: body, trigger: identity), constants: constants, environment: environment)
    decision.explanation.output = EventRouting.elseOutput
    if let eventPath {
      let event = EventRouting.route(
        path: eventPath, cases: configuration.events?.cases ?? [], in: &scope, explanation: &decision.explanation)
      decision.event = event == nil ? nil : decision.explanation.eventValue
    }
    let mapped = configuration.map.evaluate(in: &scope, limits: limits.json)
    decision.explanation.notes += scope.payload.notes + mapped.notes
    for path in scope.payload.duplicateKeys {
      let message = "A name on this path stands there several times; the last one was taken."
      decision.explanation.notes.append(DecisionNote(at: path, code: "duplicate_key", message: message))
    }
    decision.explanation.notes = Array(decision.explanation.notes.prefix(DecisionExplanation.noteLimit))
    if isPending {
      decision.explanation.output = ""
      decision.kind = .pending
      decision.answer = .accepted(configuration.response, id: request.id)
      return
    }
    if let first = mapped.faults.first {
      decision.explanation.output = ""
      let because = mapped.faults.prefix(DecisionExplanation.noteLimit).map { "\($0.at): \($0.message)" }.joined(separator: " ")
      refuse(&decision, first.cause, at: first.at, because: mapped.faults.count == 1 ? first.message : because)
      return
    }
    decision.output = decision.explanation.output
    decision.variables = mapped.json
    decision.entryNode = targets[decision.output]
    decision.explanation.entryNode = decision.entryNode ?? ""
    decision.kind = decision.entryNode == nil ? .unrouted : .accepted
    decision.answer = .accepted(configuration.response, id: request.id)
  }

  private func refuse(_ decision: inout Decision, _ cause: RefusalCause, at: String, because: String) {
    decision.kind = .rejected(cause)
    decision.answer = .refusal(cause)
    if cause == .encodingUnsupported { decision.answer.headers.append(ContentCoding.acceptField) }
    decision.explanation.refusedAt = at
    decision.explanation.refusedBecause = because
  }
}
