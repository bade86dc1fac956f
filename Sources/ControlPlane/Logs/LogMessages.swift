import HeadgateProto
import Identifiers
import NIOCore
import Postgres
import Store

extension LogEntry {
  /// A request in a list.
  init(_ row: RequestSummaryRow) {
    self.init(
      id: row.id.description, triggerId: row.trigger.description, trigger: "\(row.flowName)/\(row.node)",
      receivedAtUs: row.receivedAt.microseconds, method: row.method, path: row.path, query: row.query,
      clientAddress: row.clientAddress, origin: row.origin, outcome: Outcome(number: Int32(row.outcome)),
      cause: Cause(number: Int32(row.cause)), status: UInt32(clamping: row.status), event: row.event, output: row.output,
      bodyBytes: UInt32(clamping: row.bodyLength), flowVersion: UInt32(clamping: row.flowVersion),
      processingUs: UInt32(clamping: row.processingMicroseconds))
  }

  /// A request as a whole.
  ///
  /// - Parameter trigger: also of one that has been deleted.
  /// - Throws: `internal` when what is stored cannot be read.
  init(_ row: RequestRow, runs: [RunRow], trigger: TriggerPosition?) throws(RPCError) {
    let headers: HeaderList
    let explanation: Explanation
    do {
      headers = try HeaderList(decoding: ByteBuffer(bytes: row.headers))
      explanation = try Explanation(decoding: ByteBuffer(bytes: row.explanation))
    } catch {
      throw Incident.internalError("request \(row.id) is not readable: \(error)")
    }
    self.init(
      id: row.id.description, triggerId: row.trigger.description, trigger: trigger.map { "\($0.flowName)/\($0.node)" } ?? "",
      receivedAtUs: row.receivedAt.microseconds, method: row.method, path: row.path, query: row.query,
      clientAddress: row.clientAddress, origin: row.origin, outcome: Outcome(number: Int32(row.outcome)),
      cause: Cause(number: Int32(row.cause)), status: UInt32(clamping: row.status), event: row.event, output: row.output,
      bodyBytes: UInt32(clamping: row.bodyLength), flowVersion: UInt32(clamping: row.flowVersion),
      processingUs: UInt32(clamping: row.processingMicroseconds), headers: headers.headers, body: row.body ?? [],
      bodyAbsent: row.body == nil && row.bodyLength > 0 ? "not_stored" : "", explanation: explanation,
      runs: runs.map { run in
        LogRun(
          id: run.id.description, flow: run.flowName, entryNode: run.entryNode, state: run.progress.word,
          attempt: UInt32(clamping: run.attempt), variables: run.variables)
      })
  }
}
