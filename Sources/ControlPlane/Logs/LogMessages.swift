import HeadgateProto
import Identifiers
import NIOCore
import Postgres
import Rules
import Store

extension LogEntry {
  /// A request in a list.
  init(_ row: RequestSummaryRow) {
    self.init(
      id: row.id.description, triggerId: row.trigger.description, trigger: Self.name(row.flowName, row.node),
      receivedAtUs: row.receivedAt.microseconds, method: row.method, path: row.path, query: row.query,
      clientAddress: row.clientAddress, origin: row.origin, outcome: Outcome(number: Int32(row.outcome)),
      cause: Cause(number: Int32(row.cause)), status: UInt32(clamping: row.status), event: row.event, output: row.output,
      bodyBytes: UInt32(clamping: row.bodyLength), flowVersion: UInt32(clamping: row.flowVersion),
      processingUs: UInt32(clamping: row.processingMicroseconds))
    deliveryId = row.deliveryID ?? []
    duplicateOf = row.duplicateOf?.description ?? ""
    customerId = row.customer?.description ?? ""
    chatId = row.chat?.description ?? ""
    replayOf = row.replayOf?.description ?? ""
    traceId = Self.hexadecimal(row.traceID ?? [])
  }

  /// A request as a whole.
  ///
  /// - Throws: `internal` when what is stored cannot be read.
  init(_ found: WholeRequest) throws(RPCError) {
    let row = found.row
    self.init(
      id: row.id.description, triggerId: row.trigger.description, trigger: Self.name(found.flowName, found.node),
      receivedAtUs: row.receivedAt.microseconds, method: row.method, path: row.path, query: row.query,
      clientAddress: row.clientAddress, origin: row.origin, outcome: Outcome(number: Int32(row.outcome)),
      cause: Cause(number: Int32(row.cause)), status: UInt32(clamping: row.status), event: row.event, output: row.output,
      bodyBytes: UInt32(clamping: row.bodyLength), flowVersion: UInt32(clamping: row.flowVersion),
      processingUs: UInt32(clamping: row.processingMicroseconds))
    deliveryId = row.deliveryID ?? []
    duplicateOf = row.duplicateOf?.description ?? ""
    customerId = row.customer?.description ?? ""
    chatId = row.chat?.description ?? ""
    replayOf = row.replayOf?.description ?? ""
    traceId = Self.hexadecimal(row.traceID ?? [])
    body = row.body ?? []
    if row.body == nil, row.bodyLength > 0 { bodyAbsent = found.isBodyExpired ? "expired" : "not_stored" }
    runs = found.runs.map(LogRun.init)
    do {
      headers = try HeaderList(decoding: ByteBuffer(bytes: row.headers)).headers
      explanation = try Explanation(decoding: ByteBuffer(bytes: row.explanation))
      if let binding = row.binding { bindings = try BindingReportList(decoding: ByteBuffer(bytes: binding)).reports }
    } catch {
      throw Incident.internalError("request \(row.id) is not readable: \(error)")
    }
  }

  /// FLOW/NODE; empty when nothing is known of the trigger.
  private static func name(_ flow: String, _ node: String) -> String { node.isEmpty ? "" : "\(flow)/\(node)" }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension LogRun {
  init(_ run: RunRow) {
    self.init(
      id: run.id.description, flow: run.flowName, entryNode: run.entryNode, state: run.progress.word,
      attempt: UInt32(clamping: run.attempt), variables: run.variables)
    customerId = run.customer?.description ?? ""
    chatId = run.chat?.description ?? ""
    node = run.flowName.isEmpty ? run.node : "\(run.flowName)/\(run.node)"
    element = UInt32(clamping: run.element)
  }
}

extension IncomingRequest {
  /// A recorded request as it was stored: without what redaction took out.
  ///
  /// - Throws: `internal` when its headers cannot be read.
  init(_ row: RequestRow) throws(RPCError) {
    let headers: [Header]
    do { headers = try HeaderList(decoding: ByteBuffer(bytes: row.headers)).headers } catch {
      throw Incident.internalError("request \(row.id) is not readable: \(error)")
    }
    self.init(row, headers)
  }
}
