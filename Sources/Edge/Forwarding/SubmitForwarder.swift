package import HeadgateProto
package import NIOCore

/// What became of a request that was handed on.
package enum SubmitResult: Sendable, Equatable {
  /// The control plane decided.
  case answered(SubmitResponse)
  /// It could not be asked, or gave no answer, within the deadline. The reason is a constant word for metrics and log.
  case unavailable(reason: String)

  /// The answer had to wait for a commit.
  var isCommitted: Bool {
    guard case .answered(let response) = self else { return false }
    return switch response.outcome {
    case .accepted, .unrouted, .duplicate, .captured, .pending: true
    case .unspecified, .rejected, .handshake: false
    }
  }
}

/// Hands requests to the control plane.
package protocol SubmitForwarder: Sendable {
  /// Can requests be forwarded at present?
  var isReady: Bool { get }

  /// The control plane's clock minus ours.
  var clockOffset: Duration { get }

  /// Called on `eventLoop`. Calls `completion` exactly once, on `eventLoop`, within the deadline; perhaps before this returns.
  ///
  /// - Parameter deadline: within which time the caller must be answered; `nil`: the forwarder's own.
  func submit(
    _ request: consuming SubmitRequest, within deadline: Duration?, on eventLoop: any EventLoop,
    completion: @escaping (SubmitResult) -> Void)
}
