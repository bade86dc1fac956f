import Observability

/// What the connections of one event loop share.
///
/// `@unchecked Sendable`: handed to connections when they are set up, used on its event loop only.
final class EventLoopScope: @unchecked Sendable {
  private var date = DateLine()

  /// The Date header's line.
  func dateLine() -> [UInt8] { date.bytes(at: .now) }
}
