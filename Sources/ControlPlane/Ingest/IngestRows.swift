import Addresses
import Cryptography
import HeadgateProto
package import Identifiers
import NIOCore
import Postgres
import Rules
import Store

extension RequestRow {
  /// The record of a request that was decided about.
  init(_ decision: Decision, outcome: RequestOutcome, of request: IncomingRequest, _ entry: LiveEntry, now: UnixTime) {
    self.init(
      workspace: entry.workspace, id: request.id, trigger: entry.trigger, flowVersion: entry.flowVersion,
      receivedAt: UnixTime(microseconds: request.receivedAtUs), method: request.method, path: request.path,
      query: decision.storedQuery, headers: Self.encoded(decision.storedHeaders), body: request.body,
      bodyLength: Int32(clamping: request.body.count), clientAddress: request.clientAddress?.bytes ?? [],
      origin: request.origin ?? [], outcome: Int16(clamping: outcome.rawValue),
      cause: Int16(clamping: decision.cause?.rawValue ?? 0), status: Int16(clamping: decision.answer.status),
      event: decision.event ?? [], output: decision.output, explanation: Explanation(decision.explanation).encoded,
      processingMicroseconds: Self.processing(request, now))
  }

  /// The record of a request to a disabled trigger.
  ///
  /// - Parameter redactions: `nil`: it is not known where a credential could be, so nothing is kept that may hold one.
  init(disabled request: IncomingRequest, _ entry: LiveEntry, _ redactions: Redactions?, now: UnixTime) {
    self.init(
      workspace: entry.workspace, id: request.id, trigger: entry.trigger, flowVersion: entry.flowVersion,
      receivedAt: UnixTime(microseconds: request.receivedAtUs), method: request.method, path: request.path,
      query: redactions?.apply(toQuery: request.query) ?? [],
      headers: Self.encoded(redactions?.apply(toHeaders: request.headers) ?? []), body: request.body,
      bodyLength: Int32(clamping: request.body.count), clientAddress: request.clientAddress?.bytes ?? [],
      origin: request.origin ?? [], outcome: Int16(clamping: RequestOutcome.rejected.rawValue),
      cause: Int16(clamping: RefusalCause.disabled.rawValue), status: Int16(clamping: RefusalCause.disabled.status),
      explanation: Explanation(refusedBecause: "The trigger is disabled or not published.").encoded,
      processingMicroseconds: Self.processing(request, now))
  }

  private static func encoded(_ fields: [HeaderField]) -> [UInt8] {
    HeaderList(headers: fields.map { Header(name: $0.name, value: $0.value) }).encoded
  }

  private static func processing(_ request: IncomingRequest, _ now: UnixTime) -> Int32 {
    Int32(clamping: max(0, now.microseconds - request.receivedAtUs))
  }
}

extension NewRun {
  /// The run that an accepted request starts; `nil` for every other decision.
  init?(_ decision: Decision, of request: IncomingRequest, _ entry: LiveEntry, maximumAttempts: Int16) {
    guard decision.kind == .accepted, let entryNode = decision.entryNode else { return nil }
    self.init(
      id: RunID.derive(request: request.id, trigger: entry.trigger), flow: entry.flow, flowVersion: entry.flowVersion,
      trigger: entry.trigger, node: entry.node, output: decision.output, entryNode: entryNode, variables: decision.variables,
      event: decision.event ?? [], maxAttempts: maximumAttempts)
  }
}

/// Identifiers of runs: the same request and subscribed trigger always give the same one, so that the primary key of the
/// runs is what keeps a request from starting two.
package enum RunID {
  /// UUID version 8 (RFC 9562 §5.8): the request's 48 bits of time, then bits of SHA-256(request ‖ trigger).
  package static func derive(request: UniqueID, trigger: UniqueID) -> UniqueID {
    let digest = Digest.of(request.bytes + trigger.bytes, .sha256)
    let middle = UInt64(digest[0]) << 8 | UInt64(digest[1])
    let low = digest[2..<10].reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    return UniqueID(
      high: request.high & ~0xffff | 0x8000 | middle & 0x0fff, low: low & ~(0b11 << 62) | 0b10 << 62)
  }
}

extension Explanation {
  init(_ explanation: DecisionExplanation) {
    self.init(
      eventPath: explanation.eventPath, eventValue: explanation.eventValue, eventPresent: explanation.eventPresent,
      cases: explanation.cases.map { CaseComparison(caseId: $0.caseID, value: $0.value, matched: $0.matched) },
      output: explanation.output, entryNode: explanation.entryNode,
      notes: explanation.notes.map { Note(at: $0.at, code: $0.code, message: $0.message) }, refusedAt: explanation.refusedAt,
      refusedBecause: explanation.refusedBecause)
  }
}

extension ProtoMessage {
  /// The message as bytes for the database.
  var encoded: [UInt8] {
    var buffer = ByteBuffer()
    encode(into: &buffer)
    return Array(buffer.readableBytesView)
  }
}
