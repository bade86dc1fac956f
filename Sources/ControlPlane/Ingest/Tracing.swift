import Identifiers
import Observability
import Rules
import Store

extension IncomingRequest {
  /// The trace that the caller wants to see go on; `nil`: it names none, several, or none that is valid.
  var callersTrace: TraceContext? {
    var value: [UInt8]?
    for index in headers.indices where headers[index].name.count == Self.traceparent.count {
      guard headers[index].name == Self.traceparent else { continue }
      guard value == nil else { return nil }
      value = headers[index].value
    }
    return value.flatMap { TraceContext($0) }
  }

  private static let traceparent = Array("traceparent".utf8)
}

extension TraceContext {
  /// The span of a request.
  init(of request: UniqueID, continuing caller: TraceContext?) {
    self.init(ofRequest: request.high, request.low, continuing: caller)
  }
}

extension IngestEntry {
  /// The entry with the caller's trace at the request and its runs. Without one nothing is recorded: the request's id is the
  /// trace's.
  func traced(by caller: TraceContext?) -> IngestEntry {
    guard let caller else { return self }
    var entry = self
    entry.request.traceID = caller.traceIDBytes
    let traceparent = TraceContext(of: request.id, continuing: caller).description
    for index in parts.indices { entry.parts[index].run?.traceparent = traceparent }
    return entry
  }
}

extension RunRow {
  /// The `traceparent` to hand to who executes the run: the caller's trace, or the request's own.
  var span: String { traceparent.isEmpty ? TraceContext(of: request, continuing: nil).description : traceparent }
}
