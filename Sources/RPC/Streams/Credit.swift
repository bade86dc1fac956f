import NIOCore

/// The payload of a CREDIT frame: messages that the receiver of a stream grants, four bytes, big-endian, not 0.
enum Credit {
  /// Reads the payload; `nil` for anything but one positive number.
  static func decode(_ payload: ByteBuffer) -> Int? {
    guard payload.readableBytes == 4,
      let messages = payload.getInteger(at: payload.readerIndex, as: UInt32.self), messages > 0
    else { return nil }
    return Int(messages)
  }

  static func encode(_ messages: Int) -> ByteBuffer {
    ByteBuffer(integer: UInt32(clamping: messages))
  }
}
