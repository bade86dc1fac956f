import Cryptography
package import HeadgateProto
import Identifiers
import Postgres
import Rules
import Store

extension TriggerService {
  package func reveal(_ request: RevealTriggerRequest, context: CallContext) async throws -> RevealTriggerResponse {
    var checks = RequestChecks()
    checks.optional(request.reason, "reason", atMost: RequestLimits.reasonBytes)
    try checks.finish()
    let (workspace, row) = try await find(request.workspace, request.trigger, context)
    let audit = context.audit(
      in: workspace.id, "trigger.reveal", object: "\(row.flowName)/\(row.node)", details: ["reason": request.reason])
    // The audit row is written before anything is shown, also when opening fails afterwards.
    let rows = try await store.answer(about: request.trigger) { store throws(StoreError) in
      try await store.secrets(of: row.id, in: workspace.id, audit: audit)
    }
    var revealed: [RevealedSecret] = []
    for secret in rows { revealed.append(RevealedSecret(secret, try await secrets.open(secret, in: workspace.id))) }
    return RevealTriggerResponse(secrets: revealed)
  }

  package func rotate(_ request: RotateTriggerRequest, context: CallContext) async throws -> RotateTriggerResponse {
    var checks = RequestChecks()
    checks.optional(request.reason, "reason", atMost: RequestLimits.reasonBytes)
    if request.secret.count > RequestLimits.secretBytes {
      checks.fault("secret", "too_long", "secret must be at most \(RequestLimits.secretBytes) bytes")
    }
    let overlap = request.overlapSeconds ?? TriggerLimits.standardOverlapSeconds
    if overlap > TriggerLimits.overlapSeconds {
      checks.fault("overlap_seconds", "out_of_range", "overlap_seconds must be at most \(TriggerLimits.overlapSeconds)")
    }
    try checks.finish()
    let (workspace, row) = try await find(request.workspace, request.trigger, context)
    let purpose: StoredSecretPurpose = request.purpose == .verifyToken ? .verifyToken : .credential
    let audit = context.audit(
      in: workspace.id, "trigger.rotate", object: "\(row.flowName)/\(row.node)",
      details: [
        "reason": request.reason, "overlap_seconds": "\(overlap)", "secret": request.secret.isEmpty ? "generated" : "given",
        "purpose": purpose == .verifyToken ? "verify_token" : "credential",
      ])
    // The secret is checked against the rule of the draft, which must still be the one when it is stored.
    let (added, secret, waiting) = try await applier.repeatingWhenStale(row.flowName, in: workspace.id) {
      () throws(RPCError) -> (SecretRow, SecretBytes, UInt64) in
      let flow = try await references.flow(row.flow.description, in: workspace.id)
      let secret = try await newSecret(request, purpose, of: row, flow, keepsOthers: overlap > 0, in: workspace.id)
      let sealed = try await secrets.seal(secret, purpose: purpose, trigger: row.id, in: workspace.id)
      let waiting = try await store.answer { store throws(StoreError) in
        purpose == .credential ? try await store.pendingRequests(of: row.id, in: workspace.id) : 0
      }
      let rotation = SecretRotation(
        workspace: workspace.id, added: sealed, overlap: .seconds(Int64(overlap)), expectedRevision: flow.revision)
      let added = try await store.answer(about: request.trigger) { store throws(StoreError) in
        try await store.rotateSecret(rotation, audit: audit)
      }
      return (added, secret, UInt64(clamping: waiting))
    }
    await live.reload(row.flow, in: workspace.id)
    applier.secretWasSet()
    let isShort = !request.secret.isEmpty && request.secret.count < SecretInput.shortBytes
    return RotateTriggerResponse(
      secret: RevealedSecret(added, secret),
      warnings: isShort ? ["secret is shorter than \(SecretInput.shortBytes) characters"] : [],
      pendingRequests: waiting)
  }

  /// The secret that is given or generated, of the form that the trigger's scheme needs.
  ///
  /// - Parameter keepsOthers: whether the secrets that are accepted now stay so for a while.
  private func newSecret(
    _ request: RotateTriggerRequest, _ purpose: StoredSecretPurpose, of row: TriggerRow, _ flow: FlowRow, keepsOthers: Bool,
    in workspace: UniqueID
  ) async throws(RPCError) -> SecretBytes {
    guard let trigger = try StoredDefinition.draft(flow).node(row.node)?.trigger else {
      throw RPCError(.failedPrecondition, "the draft of \(row.flowName) has no node \(row.node) any more")
    }
    if let source = trigger.source {
      throw RPCError(.failedPrecondition, "the trigger has no secret: it subscribes to \(source), which verifies callers")
    }
    let rule = trigger.authentication
    if purpose == .verifyToken { return try newVerifyToken(request, rule) }
    guard rule.mode.needsSecret else {
      throw RPCError(.failedPrecondition, "the trigger's mode is \(rule.mode.rawValue): it has no secret")
    }
    let id = row.id
    let secrets = try await store.answer { store throws(StoreError) in try await store.secrets(of: id, in: workspace) }
    let current = secrets.filter { $0.purpose == .credential }
    if keepsOthers, current.count >= TriggerLimits.secrets {
      throw RPCError(
        .failedPrecondition,
        "the trigger has \(current.count) secrets that are still accepted; wait until some have ended, or end all of them now "
          + "with an overlap of 0")
    }
    if request.secret.isEmpty {
      if let secret = rule.generateSecret() { return secret }
      throw RPCError(
        .invalidArgument, "the sender's public key must be given",
        faults: [Fault(path: "secret", code: "required", message: "the sender's public key cannot be generated here")])
    }
    let secret = SecretBytes(copying: request.secret)
    if let fault = rule.fault(ofSecret: secret, at: "secret") {
      throw RPCError(.invalidArgument, fault.message, faults: [Fault]([fault], under: ""))
    }
    return secret
  }
}

extension TriggerService {
  private func newVerifyToken(_ request: RotateTriggerRequest, _ rule: AuthenticationRule) throws(RPCError) -> SecretBytes {
    guard let generated = rule.generateVerifyToken() else {
      throw RPCError(.failedPrecondition, "the trigger's provider asks for no verify token")
    }
    if request.secret.isEmpty { return generated }
    let lengths = AuthenticationRule.verifyTokenLengths
    guard lengths.contains(request.secret.count) else {
      let message = "secret must be \(lengths.lowerBound) to \(lengths.upperBound) bytes"
      throw RPCError(.invalidArgument, message, faults: [Fault(path: "secret", code: "too_long", message: message)])
    }
    return SecretBytes(copying: request.secret)
  }
}

extension RevealedSecret {
  /// A secret in clear: only for the answer to an administrator.
  init(_ row: SecretRow, _ secret: SecretBytes) {
    self.init(
      id: row.id.description, value: secret.revealed(), createdAtUs: row.createdAt.microseconds,
      expiresAtUs: row.expiresAt?.microseconds ?? 0, purpose: SecretPurpose(row.purpose))
  }
}
