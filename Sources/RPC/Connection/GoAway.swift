import HeadgateProto
import NIOCore

/// The payload of a GOAWAY frame: the last stream that the sender has taken up (u32), a status code (u32; 0 for an ordinary
/// drain) and a reason for people (UTF-8).
struct GoAway: Equatable, Sendable {
  /// The longest reason, in bytes.
  static let maximumReasonBytes = 256

  /// Streams with a greater number were not and will not be processed: their calls may be made elsewhere.
  var lastStreamID: UInt32
  var code: UInt32
  var reason: String

  init(lastStreamID: UInt32, code: UInt32 = 0, reason: String) {
    self.lastStreamID = lastStreamID
    self.code = code
    self.reason = reason
  }

  /// Reads the payload; `nil` when it is too short or too long. A reason that is not UTF-8 is repaired.
  init?(_ payload: ByteBuffer) {
    var payload = payload
    guard payload.readableBytes <= 8 + Self.maximumReasonBytes,
      let (lastStreamID, code) = payload.readMultipleIntegers(as: (UInt32, UInt32).self)
    else { return nil }
    self.lastStreamID = lastStreamID
    self.code = code
    reason = String(buffer: payload)
  }

  /// The payload's bytes.
  var payload: ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeMultipleIntegers(lastStreamID, code)
    buffer.writeBytes(reason.utf8.prefix(Self.maximumReasonBytes))
    return buffer
  }
}
