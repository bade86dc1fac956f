package import NIOCore

/// A protobuf message as a Swift value. Every conformance is generated.
package protocol ProtoMessage: Sendable, Hashable {
  /// Full name in the proto files, such as "headgate.v1.Flow".
  static var protoName: String { get }

  /// The message with every field at its default.
  init()

  /// Bytes that `encode(into:)` writes.
  var encodedLength: Int { get }

  /// Appends the encoded message.
  func encode(into buffer: inout ByteBuffer)

  /// Writes exactly `encodedLength` bytes.
  func write(to writer: inout ProtoWriter)

  /// Reads a message. Never traps, whatever the bytes are.
  init(decoding bytes: UnsafeRawBufferPointer) throws(ProtoDecodingError)
}

extension ProtoMessage {
  package func encode(into buffer: inout ByteBuffer) {
    buffer.write(length: encodedLength) { write(to: &$0) }
  }

  /// Reads a message from all readable bytes. Never traps, whatever the bytes are.
  package init(decoding buffer: ByteBuffer) throws(ProtoDecodingError) {
    self = try buffer.withUnsafeReadableBytes { (bytes) throws(ProtoDecodingError) in try Self(decoding: bytes) }
  }
}

extension ByteBuffer {
  /// Appends what `body` writes, which must be exactly `length` bytes.
  @inline(__always)
  mutating func write(length: Int, _ body: (inout ProtoWriter) -> Void) {
    writeWithUnsafeMutableBytes(minimumWritableBytes: length) { memory in
      guard let start = memory.baseAddress, length > 0 else { return 0 }
      var writer = ProtoWriter(at: start)
      body(&writer)
      assert(writer.written(since: start) == length, "encodedLength disagrees with write(to:)")
      return length
    }
  }
}

/// Bytes that are not a message of the expected type, or that would need more memory than allowed.
package enum ProtoDecodingError: Error, Equatable, Sendable {
  /// Not a message of this type.
  case malformed(message: String)
  /// The field is declared as text but is not UTF-8.
  case notUTF8(field: String)
  /// Unpacking would have needed more memory than the arena may take.
  case tooLarge(message: String)
}
