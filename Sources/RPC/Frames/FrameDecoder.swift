package import NIOCore

/// One frame as received.
package struct Frame: Equatable, Sendable {
  package var header: FrameHeader
  /// A slice of the bytes received: no copy unless the frame was split over several reads.
  package var payload: ByteBuffer
}

/// A frame that is longer than this side accepts.
package struct FrameTooLong: Error, Equatable {
  package var header: FrameHeader
  package var maximumPayload: Int
}

/// Cuts the bytes of a connection into frames.
///
/// A header's length is compared with the limit before a byte is kept for its payload, and memory grows with the bytes
/// that came, never with the length that was announced. Only the part of a frame that a read cut off is copied.
package struct FrameDecoder {
  /// The longest payload accepted, in bytes; may be raised once the peer is known.
  package var maximumPayload: Int

  /// What was read last and is not yet cut.
  private var current = ByteBuffer()
  /// The beginning of a frame whose end has not come.
  private var partial = ByteBuffer()

  package init(maximumPayload: Int = FrameHeader.maximumPayload) {
    self.maximumPayload = min(maximumPayload, FrameHeader.maximumPayload)
  }

  /// Whether a frame has begun and not ended.
  package var isInsideFrame: Bool { partial.readableBytes > 0 }

  /// Takes the bytes of one read. Call `next` until it returns `nil` before the next read.
  package mutating func append(_ bytes: ByteBuffer) {
    if current.readableBytes == 0 {
      current = bytes
    } else {
      current.writeImmutableBuffer(bytes)
    }
  }

  /// The next whole frame, or `nil` until more bytes come.
  ///
  /// After an error the bytes' meaning is lost: the connection is to be closed.
  package mutating func next() throws(FrameTooLong) -> Frame? {
    if partial.readableBytes > 0 { return try completePartial() }
    guard let header = FrameHeader(peeking: current) else {
      keepRest()
      return nil
    }
    try check(header)
    let frameLength = FrameHeader.byteCount + Int(header.length)
    guard var frame = current.readSlice(length: frameLength) else {
      keepRest()
      return nil
    }
    frame.moveReaderIndex(forwardBy: FrameHeader.byteCount)
    if current.readableBytes == 0 { current = ByteBuffer() }
    return Frame(header: header, payload: frame)
  }

  private func check(_ header: FrameHeader) throws(FrameTooLong) {
    guard Int(header.length) <= maximumPayload else {
      throw FrameTooLong(header: header, maximumPayload: maximumPayload)
    }
  }

  private mutating func completePartial() throws(FrameTooLong) -> Frame? {
    move(upTo: FrameHeader.byteCount)
    guard let header = FrameHeader(peeking: partial) else { return nil }
    try check(header)
    let frameLength = FrameHeader.byteCount + Int(header.length)
    move(upTo: frameLength)
    guard partial.readableBytes == frameLength else { return nil }
    var payload = partial
    payload.moveReaderIndex(forwardBy: FrameHeader.byteCount)
    partial = ByteBuffer()
    return Frame(header: header, payload: payload)
  }

  /// Moves bytes from the read to the beginning that is kept, until that has `count` bytes.
  private mutating func move(upTo count: Int) {
    let missing = min(count - partial.readableBytes, current.readableBytes)
    if missing > 0, let bytes = current.readSlice(length: missing) {
      partial.writeImmutableBuffer(bytes)
    }
    if current.readableBytes == 0 { current = ByteBuffer() }
  }

  private mutating func keepRest() {
    if current.readableBytes > 0 { partial.writeImmutableBuffer(current) }
    current = ByteBuffer()
  }
}
