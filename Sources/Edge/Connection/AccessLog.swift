import HeadgateProto
import Identifiers
import Logging
import NIOCore
import Observability

/// The record of one request, where requests are logged at all. Says what was decided, never what was sent: no query, no
/// header, no body, and of the key only as much as tells triggers apart.
enum AccessLog {
  /// Characters of a key that are logged, its prefix included.
  static let keyCharacters = 9

  private static let traceparent = Array("traceparent".utf8)

  /// A request that will be logged when it is answered.
  final class Entry {
    private let request: SubmitRequest

    init(request: SubmitRequest) { self.request = request }

    func record(_ result: SubmitResult, took: TimeAmount, _ logger: Logger) {
      AccessLog.record(request, result, took: took, logger)
    }
  }

  private static func record(_ request: SubmitRequest, _ result: SubmitResult, took: TimeAmount, _ logger: Logger) {
    var metadata: Logger.Metadata = [
      "request": "\(UniqueID(bytes: request.requestId).map { "\($0)" } ?? "")",
      "key": "\(String(decoding: request.triggerKey.prefix(keyCharacters), as: UTF8.self))…",
      "method": "\(String(decoding: request.method, as: UTF8.self))",
      "bytes": .stringConvertible(request.body.count),
      "ms": .stringConvertible(Double(took.nanoseconds / 10_000) / 100),
    ]
    if let id = UniqueID(bytes: request.requestId) {
      let lines = request.headers.filter { $0.name == traceparent }
      let caller = lines.count == 1 ? TraceContext(lines[0].value) : nil
      metadata["trace"] = .string(TraceContext(ofRequest: id.high, id.low, continuing: caller).traceIDText)
    }
    switch result {
    case .answered(let response):
      metadata["status"] = .stringConvertible(Int(response.status))
      metadata["outcome"] = .string("\(response.outcome)".snakeCased)
      if response.cause != .unspecified { metadata["cause"] = .string("\(response.cause)".snakeCased) }
    case .unavailable(let reason):
      metadata["status"] = .stringConvertible(503)
      metadata["unavailable"] = "\(reason)"
    }
    logger.info("request", metadata: metadata)
  }
}
