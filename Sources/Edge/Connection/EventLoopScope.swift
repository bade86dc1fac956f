import NIOCore
import Observability

/// What the connections of one event loop share.
///
/// `@unchecked Sendable`: handed to connections when they are set up, used on its event loop only.
final class EventLoopScope: @unchecked Sendable {
  private var date = DateLine()
  private var output = ByteBuffer()

  /// Bytes of an answer beyond which the memory is not kept for the next one.
  private static let keptCapacity = 16 * 1024

  /// The Date header's line.
  func dateLine() -> [UInt8] { date.bytes(at: .now) }

  /// The bytes that `body` writes. The memory is used again once the socket has taken them, which it mostly has at the next call.
  func buffer(_ body: (inout ByteBuffer) -> Void) -> ByteBuffer {
    if output.capacity > Self.keptCapacity { output = ByteBuffer() }
    output.clear(minimumCapacity: 512)
    body(&output)
    return output
  }
}
