package import NIOCore

/// The ten bytes in front of every frame: length, stream, type, flags, all big-endian (ttrpc PROTOCOL.md, "Message Frame").
package struct FrameHeader: Equatable, Sendable {
  /// Bytes of a header on the wire.
  package static let byteCount = 10

  /// The longest payload that ttrpc allows, in bytes.
  package static let maximumPayload = 4 << 20

  /// Bytes that follow the header.
  package var length: UInt32
  /// Odd for streams that the client opened; 0 for frames of the whole connection.
  package var streamID: UInt32
  package var type: FrameType
  package var flags: FrameFlags

  package init(type: FrameType, flags: FrameFlags = [], streamID: UInt32, length: Int) {
    self.length = UInt32(clamping: length)
    self.streamID = streamID
    self.type = type
    self.flags = flags
  }

  /// Reads a header without moving the reader index; `nil` while fewer than ten bytes are there.
  package init?(peeking buffer: ByteBuffer) {
    let start = buffer.readerIndex
    guard let length = buffer.getInteger(at: start, as: UInt32.self),
      let streamID = buffer.getInteger(at: start + 4, as: UInt32.self),
      let typeAndFlags = buffer.getInteger(at: start + 8, as: UInt16.self)
    else { return nil }
    self.length = length
    self.streamID = streamID
    type = FrameType(rawValue: UInt8(truncatingIfNeeded: typeAndFlags >> 8))
    flags = FrameFlags(rawValue: UInt8(truncatingIfNeeded: typeAndFlags))
  }

  /// Appends the ten bytes.
  package func write(into buffer: inout ByteBuffer) {
    buffer.writeMultipleIntegers(length, streamID, type.rawValue, flags.rawValue)
  }
}

/// What a frame carries. Any number is possible on the wire; a receiver ignores those it does not know.
package struct FrameType: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Opens a stream; the payload is a `ttrpc.v1.Request`.
  package static let request = FrameType(rawValue: 0x01)
  /// Ends a stream; the payload is a `ttrpc.v1.Response`.
  package static let response = FrameType(rawValue: 0x02)
  /// One message of a stream.
  package static let data = FrameType(rawValue: 0x03)

  // Headgate's extensions, sent only after Hello: the high bit keeps clear of numbers that ttrpc may take next.

  /// Asks for a PONG with the same eight bytes; stream 0.
  package static let ping = FrameType(rawValue: 0x80)
  /// Answers a PING; stream 0.
  package static let pong = FrameType(rawValue: 0x81)
  /// The client no longer wants the stream's result; no payload.
  package static let cancel = FrameType(rawValue: 0x82)
  /// The sender opens or accepts no further streams; stream 0.
  package static let goAway = FrameType(rawValue: 0x83)
  /// The receiver of a stream grants further messages; four bytes, big-endian.
  package static let credit = FrameType(rawValue: 0x84)
}

/// The flags of a frame. Bits without a meaning are ignored.
package struct FrameFlags: OptionSet, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The sender will send no more on this stream.
  package static let remoteClosed = FrameFlags(rawValue: 0x01)
  /// On a request: the sender will send messages on this stream.
  package static let remoteOpen = FrameFlags(rawValue: 0x02)
  /// On data: there is no message, not even an empty one.
  package static let noData = FrameFlags(rawValue: 0x04)
}
