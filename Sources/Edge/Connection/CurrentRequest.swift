import Observability
import NIOCore

/// The request that a connection is reading or answering.
struct CurrentRequest {
  let head: RequestHead
  let route: Route
  let startedAt: NIODeadline
  let receivedAt: WallTime
  /// The body so far, where it is kept.
  var body: [UInt8] = []
  /// Bytes of it that are counted in the process's load.
  var reserved = 0

  var isHead: Bool { head.method == Self.headMethod }

  var keepsBody: Bool { if case .trigger = route { true } else { false } }

  private static let headMethod = Array("HEAD".utf8)

  /// Room for the body is made as it comes: a length that was only announced costs nothing.
  static let firstReservation = 64 * 1024
}
