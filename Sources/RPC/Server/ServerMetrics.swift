import CoreMetrics
import HeadgateProto
import NIOConcurrencyHelpers

/// Calls of one method by status code, and how long they took. Success costs atomics alone; the counter of another code is
/// made when the code first occurs, and kept.
final class MethodMetrics: Sendable {
  private let method: String
  private let succeeded: Counter
  private let counters: NIOLockedValueBox<[Counter?]>
  /// Of a method that is called often.
  private let duration: CoreMetrics.Timer?
  private let laterDuration = NIOLockedValueBox<CoreMetrics.Timer?>(nil)

  /// - Parameter isHot: its timer is made now; that of another method with the first call, for most are never called.
  init(method: String, isHot: Bool = false) {
    self.method = method
    succeeded = Self.counter(method, .ok)
    counters = NIOLockedValueBox(Array(repeating: nil, count: StatusCode.allCases.count))
    duration = isHot ? Self.timer(method) : nil
  }

  private static func timer(_ method: String) -> CoreMetrics.Timer {
    CoreMetrics.Timer(label: "headgate_rpc_call_seconds", dimensions: [("method", method)])
  }

  private static func counter(_ method: String, _ code: StatusCode) -> Counter {
    Counter(label: "headgate_rpc_calls_total", dimensions: [("method", method), ("code", code.label)])
  }

  /// Counts a call that was not taken up, or that has no end worth measuring, such as a stream's.
  func count(_ code: StatusCode) {
    if code == .ok { return succeeded.increment() }
    let counter = counters.withLockedValue { counters in
      let index = Int(code.rawValue)
      if let counter = counters[index] { return counter }
      let counter = Self.counter(method, code)
      counters[index] = counter
      return counter
    }
    counter.increment()
  }

  /// Counts a call that took so long.
  func count(_ code: StatusCode, nanoseconds: Int64) {
    count(code)
    if let duration { return duration.recordNanoseconds(nanoseconds) }
    let timer = laterDuration.withLockedValue { timer in
      if let timer { return timer }
      let made = Self.timer(method)
      timer = made
      return made
    }
    timer.recordNanoseconds(nanoseconds)
  }
}

/// What a server counts besides its methods.
struct ServerMetrics: Sendable {
  let connections = Gauge(label: "headgate_rpc_connections")
  let accepted = Counter(label: "headgate_rpc_connections_accepted_total")
  /// Connections that ended because the peer broke the protocol or failed to prove who it is.
  let refused = Counter(label: "headgate_rpc_connections_refused_total")
  let receivedBytes = Counter(label: "headgate_rpc_received_bytes_total")
  let sentBytes = Counter(label: "headgate_rpc_sent_bytes_total")
  /// Calls of methods that do not exist.
  let unknownMethod = MethodMetrics(method: "unknown")
}

extension StatusCode {
  /// The code's name in gRPC, lower-case.
  var label: String {
    switch self {
    case .ok: "ok"
    case .cancelled: "cancelled"
    case .unknown: "unknown"
    case .invalidArgument: "invalid_argument"
    case .deadlineExceeded: "deadline_exceeded"
    case .notFound: "not_found"
    case .alreadyExists: "already_exists"
    case .permissionDenied: "permission_denied"
    case .resourceExhausted: "resource_exhausted"
    case .failedPrecondition: "failed_precondition"
    case .aborted: "aborted"
    case .outOfRange: "out_of_range"
    case .unimplemented: "unimplemented"
    case .internal: "internal"
    case .unavailable: "unavailable"
    case .dataLoss: "data_loss"
    case .unauthenticated: "unauthenticated"
    }
  }
}
