import CoreMetrics
import HeadgateProto
import NIOConcurrencyHelpers

/// Calls of one method by status code. A counter is made when its code first occurs and kept.
final class MethodMetrics: Sendable {
  private let method: String
  private let counters: NIOLockedValueBox<[Counter?]>

  init(method: String) {
    self.method = method
    counters = NIOLockedValueBox(Array(repeating: nil, count: StatusCode.allCases.count))
  }

  func count(_ code: StatusCode) {
    let counter = counters.withLockedValue { counters in
      let index = Int(code.rawValue)
      if let counter = counters[index] { return counter }
      let counter = Counter(label: "headgate_rpc_calls_total", dimensions: [("method", method), ("code", code.label)])
      counters[index] = counter
      return counter
    }
    counter.increment()
  }
}

/// What a server counts besides its methods.
struct ServerMetrics: Sendable {
  let connections = Gauge(label: "headgate_rpc_connections")
  let accepted = Counter(label: "headgate_rpc_connections_accepted_total")
  /// Connections that ended because the peer broke the protocol or failed to prove who it is.
  let refused = Counter(label: "headgate_rpc_connections_refused_total")
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
