import Observability
import NIOCore

/// The request that a connection is reading or answering. A class, because it is handed around in many small steps.
final class CurrentRequest {
  let head: RequestHead
  let route: Route
  let startedAt: NIODeadline
  let receivedAt: WallTime
  /// Within which time the caller must be answered; `nil`: the edge node's own.
  var deadline: Duration?
  /// Why the request is refused though it is well-formed; its body is not kept.
  var refusal: Refusal?
  /// The body so far, where it is kept.
  var body: [UInt8] = []
  /// Bytes of it that are counted in the process's load.
  var reserved = 0

  init(head: RequestHead, route: Route, startedAt: NIODeadline, receivedAt: WallTime) {
    self.head = head
    self.route = route
    self.startedAt = startedAt
    self.receivedAt = receivedAt
  }

  var isHead: Bool { head.method == Self.headMethod }

  var keepsBody: Bool { if case .trigger = route { refusal == nil } else { false } }

  /// What is left of the deadline. A body that was slow to come uses up no more than half of it.
  func remaining(at now: NIODeadline) -> Duration? {
    deadline.map { max($0 - .nanoseconds((now - startedAt).nanoseconds), $0 / 2) }
  }

  struct Refusal {
    let reason: HTTPRefusal
    let retryAfter: Duration?
  }

  private static let headMethod = Array("HEAD".utf8)

  /// Room for the body is made as it comes: a length that was only announced costs nothing.
  static let firstReservation = 64 * 1024
}
