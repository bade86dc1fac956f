package import HeadgateProto
package import NIOCore

/// Collects the frames of one event-loop turn, so that they leave with one write and one flush.
package struct FrameWriter {
  /// A buffer that has grown beyond this is given back after the write, in bytes.
  package static let keptCapacity = 256 << 10

  private var buffer: ByteBuffer

  package init(allocator: ByteBufferAllocator = ByteBufferAllocator()) {
    buffer = allocator.buffer(capacity: 0)
  }

  /// Bytes collected.
  package var byteCount: Int { buffer.readableBytes }

  package var isEmpty: Bool { buffer.readableBytes == 0 }

  /// What was collected; the writer is empty afterwards and uses the same memory again once the write has let go of it.
  package mutating func take() -> ByteBuffer { buffer }

  /// Call after the bytes of `take` were handed to the channel.
  package mutating func reset() {
    if buffer.capacity > Self.keptCapacity {
      buffer = ByteBuffer()
    } else {
      buffer.clear()
    }
  }

  /// Appends a frame whose payload is known.
  package mutating func frame(_ type: FrameType, flags: FrameFlags = [], streamID: UInt32, payload: ByteBuffer = ByteBuffer()) {
    FrameHeader(type: type, flags: flags, streamID: streamID, length: payload.readableBytes).write(into: &buffer)
    buffer.writeImmutableBuffer(payload)
  }

  /// Appends a frame with one message as its payload.
  package mutating func data(_ message: EncodedMessage, flags: FrameFlags = [], streamID: UInt32) {
    FrameHeader(type: .data, flags: flags, streamID: streamID, length: message.length).write(into: &buffer)
    message.encode(into: &buffer)
  }

  /// Appends a request that opens a stream.
  package mutating func request(_ request: RequestEnvelope, flags: FrameFlags, streamID: UInt32) {
    FrameHeader(type: .request, flags: flags, streamID: streamID, length: request.length).write(into: &buffer)
    request.encode(into: &buffer)
  }

  /// Appends a response that ends a stream.
  package mutating func response(_ response: ResponseEnvelope, streamID: UInt32) {
    FrameHeader(type: .response, streamID: streamID, length: response.length).write(into: &buffer)
    response.encode(into: &buffer)
  }

  /// Appends a failed response.
  package mutating func response(_ error: RPCError, streamID: UInt32) {
    response(ResponseEnvelope(status: error.status), streamID: streamID)
  }
}
