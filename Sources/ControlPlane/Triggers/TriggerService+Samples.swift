import Cryptography
package import HeadgateProto
import Identifiers
import Postgres
import Rules
import Store

/// What a recorded or made-up request is used for: amending the trigger, and trying it out.
extension TriggerService {
  package func amend(_ request: AmendTriggerRequest, context: CallContext) async throws -> Trigger {
    var checks = RequestChecks()
    checks.required(request.trigger, "trigger")
    for (count, path) in [
      (request.map.count, "map"), (request.allowIps.count, "allow_ips"), (request.allowOrigins.count, "allow_origins"),
    ] where count > SampleLimits.additions {
      checks.fault(path, "too_many", "\(path) must be at most \(SampleLimits.additions)")
    }
    if request.map.isEmpty, request.allowIps.isEmpty, request.allowOrigins.isEmpty {
      checks.fault("map", "required", "map, allow_ips or allow_origins must be given")
    }
    try checks.finish()
    let (workspace, row) = try await find(request.workspace, request.trigger, context)
    let amendment = TriggerAmendment(
      map: request.map.map { TriggerAmendment.Line(variable: $0.variable, from: $0.from) }, addresses: request.allowIps,
      origins: request.allowOrigins)
    try await applier.repeatingWhenStale(row.flowName, in: workspace.id) { () throws(RPCError) in
      let flow = try await references.flow(row.flow.description, in: workspace.id)
      let draft = try StoredDefinition.draft(flow)
      guard draft.node(row.node) != nil else {
        throw RPCError(.failedPrecondition, "the draft of \(row.flowName) has no node \(row.node) any more")
      }
      let parsed: ParsedFlow
      do throws(InvalidFlow) { parsed = try draft.amending(node: row.node, with: amendment) } catch { throw RPCError(error) }
      _ = try await applier.apply(
        FlowApplier.Order(
          workspace: workspace, parsed: parsed, publishes: request.publish, revision: flow.revision, action: "trigger.amend",
          object: "\(row.flowName)/\(row.node)"),
        context: context)
    }
    return try await descriptions.describe(try await references.trigger(row.id.description, in: workspace.id), in: workspace.id)
  }

  package func signSample(_ request: SignSampleRequest, context: CallContext) async throws -> SignSampleResponse {
    try SampleLimits.check(request)
    let (workspace, row) = try await find(request.workspace, request.trigger, context)
    let name = "\(row.flowName)/\(row.node)"
    let configuration = try await published(row, in: workspace.id)
    let audit = context.audit(in: workspace.id, "trigger.sign_sample", object: name)
    // Newest first. The audit row is written before anything is signed.
    let rows = try await store.answer(about: request.trigger) { store throws(StoreError) in
      try await store.secrets(of: row.id, in: workspace.id, audit: audit)
    }
    var secret: SecretBytes?
    if configuration.authentication.mode.needsSecret, let newest = rows.first(where: { $0.purpose == .credential }) {
      secret = try await secrets.open(newest, in: workspace.id)
    }
    let methods = configuration.methods.methods
    let usual = methods.contains(.post) ? .post : methods.first ?? .post
    let method = request.method.isEmpty ? Array(usual.rawValue.utf8) : request.method
    let sample = IncomingRequest(
      method: method, path: request.path, query: request.query,
      headers: request.headers.map { HeaderField(name: $0.name, value: $0.value) }, body: request.body,
      receivedAtUs: UnixTime.now().microseconds, baseURL: request.baseUrl, triggerKey: Array(row.key.utf8))
    let signed: IncomingRequest
    do throws(RequestSigner.Failure) {
      signed = try RequestSigner.sign(
        sample, by: configuration.authentication, secret: secret, nowUs: sample.receivedAtUs)
    } catch {
      throw RPCError(.failedPrecondition, "a request to \(name) cannot be signed: \(error.message)")
    }
    var target = Array("/w/\(row.key)".utf8) + signed.path
    if !signed.query.isEmpty { target += [UInt8(ascii: "?")] + signed.query }
    return SignSampleResponse(
      method: signed.method, target: target, headers: signed.headers.map { Header(name: $0.name, value: $0.value) },
      body: signed.body)
  }

  /// What requests to the trigger meet now.
  private func published(_ row: TriggerRow, in workspace: UniqueID) async throws(RPCError) -> TriggerConfiguration {
    let name = "\(row.flowName)/\(row.node)"
    let flow = try await references.flow(row.flow.description, in: workspace)
    guard let version = flow.publishedVersion else {
      throw RPCError(.failedPrecondition, "the flow \(row.flowName) is not published; publish it to try \(name) out")
    }
    let definition = try await store.answer { store throws(StoreError) in
      try await store.version(version, of: flow.id, in: workspace)?.definition
    }
    guard let definition, let configuration = try? FlowDefinition.parse(definition).definition.node(row.node)?.trigger else {
      throw RPCError(.failedPrecondition, "the published version of \(row.flowName) has no trigger \(row.node)")
    }
    if let source = configuration.source {
      throw RPCError(.failedPrecondition, "\(name) has no URL of its own; send to \(source)")
    }
    guard row.isEnabled else {
      throw RPCError(.failedPrecondition, "\(name) is disabled; enable it to try it out")
    }
    return configuration
  }
}

/// Limits of samples and amendments.
enum SampleLimits {
  /// Lines, addresses or origins that are added at once.
  static let additions = 100
  static let headerFields = 100
  static let headerBytes = 32 << 10
  static let targetBytes = 8 << 10
  static let bodyBytes = 3 << 20
  static let methodBytes = 32

  /// Throws `invalidArgument` with every fault of a sample.
  static func check(_ request: SignSampleRequest) throws(RPCError) {
    var checks = RequestChecks()
    checks.required(request.trigger, "trigger")
    let isMethod = request.method.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    if !isMethod || request.method.count > methodBytes {
      checks.fault("method", "invalid_value", "method must be upper-case letters")
    }
    if let first = request.path.first, first != UInt8(ascii: "/") {
      checks.fault("path", "invalid_value", "path must start with \"/\"")
    }
    for (bytes, path) in [(request.path, "path"), (request.query, "query"), (request.baseUrl, "base_url")] {
      if bytes.count > targetBytes { checks.fault(path, "too_long", "\(path) must be at most \(targetBytes) bytes") }
      if !bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }) {
        checks.fault(path, "invalid_value", "\(path) must be percent-encoded")
      }
    }
    if request.headers.count > headerFields {
      checks.fault("headers", "too_many", "headers must be at most \(headerFields)")
    }
    if request.headers.reduce(0, { $0 + $1.name.count + $1.value.count }) > headerBytes {
      checks.fault("headers", "too_long", "headers must be at most \(headerBytes) bytes")
    }
    for (index, header) in request.headers.prefix(headerFields).enumerated() {
      let isName = !header.name.isEmpty && header.name.allSatisfy { isNameByte($0) }
      let isValue = header.value.allSatisfy { ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 }
      if !isName {
        checks.fault("headers[\(index)].name", "invalid_value", "headers[\(index)].name must be a field name in lower case")
      }
      if !isValue {
        checks.fault("headers[\(index)].value", "invalid_value", "headers[\(index)].value must have no control characters")
      }
    }
    if request.body.count > bodyBytes { checks.fault("body", "too_long", "body must be at most \(bodyBytes) bytes") }
    try checks.finish()
  }

  /// Of a token (RFC 9110 §5.6.2), lower-case.
  private static func isNameByte(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}
