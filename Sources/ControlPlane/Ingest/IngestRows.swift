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
  init(
    _ decision: Decision, outcome: RequestOutcome, of request: IncomingRequest, _ nodes: DecidedNodes, now: UnixTime
  ) {
    let entry = nodes.owner
    self.init(
      workspace: entry.workspace, id: request.id, trigger: entry.trigger, flowVersion: entry.flowVersion,
      receivedAt: UnixTime(microseconds: request.receivedAtUs), method: request.method, path: request.path,
      query: decision.storedQuery, headers: Self.encoded(decision.storedHeaders), body: request.body,
      bodyLength: Int32(clamping: request.body.count), clientAddress: request.clientAddress?.bytes ?? [],
      origin: request.origin ?? [], outcome: Int16(clamping: outcome.rawValue),
      cause: Int16(clamping: decision.cause?.rawValue ?? 0), status: Int16(clamping: decision.answer.status),
      event: decision.event ?? [], output: decision.output, explanation: Explanation(decision, nodes).encoded,
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

/// Identifiers of runs: the same request, subscribed trigger and element always give the same one, so that the primary key of
/// the runs is what keeps a request from starting two.
package enum RunID {
  /// UUID version 8 (RFC 9562 §5.8): the request's 48 bits of time, then bits of SHA-256(request ‖ trigger ‖ element), where
  /// the element is 4 bytes, and none for the first.
  package static func derive(request: UniqueID, trigger: UniqueID, element: Int = 0) -> UniqueID {
    var seed = request.bytes + trigger.bytes
    if element > 0 { for shift in [24, 16, 8, 0] { seed.append(UInt8(truncatingIfNeeded: element >> shift)) } }
    let digest = Digest.of(seed, .sha256)
    let middle = UInt64(digest[0]) << 8 | UInt64(digest[1])
    let low = digest[2..<10].reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    return UniqueID(
      high: request.high & ~0xffff | 0x8000 | middle & 0x0fff, low: low & ~(0b11 << 62) | 0b10 << 62)
  }
}

extension Explanation {
  /// What is said of a decision.
  ///
  /// - Parameter isDuplicate: whether the part of that index repeats an earlier request's delivery, as far as it is known.
  init(_ decision: Decision, _ nodes: DecidedNodes, isDuplicate: (Int) -> Bool = { _ in false }) {
    self.init(decision.explanation)
    guard decision.isDivided else { return }
    parts = decision.parts.enumerated().map { index, part in
      ExplainedPart(part, node: nodes.name(of: part), isDuplicate: isDuplicate(index))
    }
  }

  private init(_ explanation: DecisionExplanation) {
    self.init(
      eventPath: explanation.eventPath, eventValue: explanation.eventValue, eventPresent: explanation.eventPresent,
      cases: explanation.cases.map(CaseComparison.init), output: explanation.output, entryNode: explanation.entryNode,
      notes: explanation.notes.map(Note.init), refusedAt: explanation.refusedAt, refusedBecause: explanation.refusedBecause)
  }
}

extension ExplainedPart {
  init(_ part: DecisionPart, node: String, isDuplicate: Bool) {
    let explanation = part.explanation
    let outcome: Outcome =
      switch part.kind {
      case .rejected: .rejected
      case .accepted, .unrouted: isDuplicate || part.repeats != nil ? .duplicate : part.kind == .accepted ? .accepted : .unrouted
      }
    self.init(
      node: node, element: UInt32(clamping: part.element), eventValue: explanation.eventValue,
      eventPresent: explanation.eventPresent, cases: explanation.cases.map(CaseComparison.init), output: explanation.output,
      entryNode: explanation.entryNode, notes: explanation.notes.map(Note.init), outcome: outcome,
      cause: part.cause.map { Cause(number: $0.rawValue) } ?? .unspecified, refusedAt: explanation.refusedAt,
      refusedBecause: explanation.refusedBecause, deliveryId: part.delivery?.id ?? [])
  }
}

extension CaseComparison {
  init(_ compared: ComparedCase) {
    self.init(caseId: compared.caseID, value: compared.value, matched: compared.matched)
  }
}

extension Note {
  init(_ note: DecisionNote) { self.init(at: note.at, code: note.code, message: note.message) }
}

extension ProtoMessage {
  /// The message as bytes for the database.
  var encoded: [UInt8] {
    var buffer = ByteBuffer()
    encode(into: &buffer)
    return Array(buffer.readableBytesView)
  }
}
