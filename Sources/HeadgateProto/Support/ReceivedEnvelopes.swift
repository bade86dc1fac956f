package import NIOCore

/// What reading an envelope may cost.
package enum EnvelopeLimit {
  /// Metadata entries of one request.
  package static let metadataEntries = 128
}

/// A ttrpc request as it came from the wire; the payload is a slice of the frame, not a copy.
package struct ReceivedRequest: Sendable {
  package private(set) var service = ""
  package private(set) var method = ""
  package private(set) var payload = ByteBuffer()
  /// As the caller sent it: 0 for the server's default; a peer may also send a negative number.
  package private(set) var timeoutNano: Int64 = 0
  package private(set) var metadata: [CallMetadata] = []

  /// Reads all readable bytes of a frame's payload. Never traps, whatever the bytes are.
  ///
  /// As strict as protobuf-c: a field of the wrong wire type, a group, or a length beyond the end is malformed; unknown fields
  /// are skipped; of a field that occurs twice the last value counts.
  package init(decoding frame: ByteBuffer) throws(ProtoDecodingError) {
    var payloadRange = 0..<0
    try frame.withUnsafeReadableBytes { (bytes) throws(ProtoDecodingError) in
      var reader = WireReader(bytes, message: "ttrpc.v1.Request")
      while let tag = try reader.tag() {
        switch tag {
        case EnvelopeField.requestService: service = try reader.text("ttrpc.v1.Request.service")
        case EnvelopeField.requestMethod: method = try reader.text("ttrpc.v1.Request.method")
        case EnvelopeField.requestPayload: payloadRange = try reader.delimited()
        case EnvelopeField.requestTimeout: timeoutNano = Int64(bitPattern: try reader.varint())
        case EnvelopeField.requestMetadata:
          guard metadata.count < EnvelopeLimit.metadataEntries else { throw .tooLarge(message: "ttrpc.v1.Request") }
          metadata.append(try Self.entry(bytes, try reader.delimited()))
        default: try reader.skip(tag, known: 1...5)
        }
      }
    }
    payload = frame.payload(payloadRange)
  }

  private static func entry(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>
  ) throws(ProtoDecodingError) -> CallMetadata {
    var entry = CallMetadata(key: "", value: "")
    var reader = WireReader(UnsafeRawBufferPointer(rebasing: bytes[range]), message: "ttrpc.v1.KeyValue")
    while let tag = try reader.tag() {
      switch tag {
      case EnvelopeField.key: entry.key = try reader.text("ttrpc.v1.KeyValue.key")
      case EnvelopeField.value: entry.value = try reader.text("ttrpc.v1.KeyValue.value")
      default: try reader.skip(tag, known: 1...2)
      }
    }
    return entry
  }
}

/// A ttrpc response as it came from the wire; the payload is a slice of the frame, not a copy.
package struct ReceivedResponse: Sendable {
  /// Absent or code 0: success.
  package private(set) var status: TTRPCStatus?
  package private(set) var payload = ByteBuffer()

  /// Reads all readable bytes of a frame's payload; see `ReceivedRequest`.
  package init(decoding frame: ByteBuffer) throws(ProtoDecodingError) {
    var payloadRange = 0..<0
    // Occurrences of a message field are merged, which is what decoding one behind the other does when each is a message.
    var parts: [UInt8] = []
    status = try frame.withUnsafeReadableBytes { (bytes) throws(ProtoDecodingError) -> TTRPCStatus? in
      var status: TTRPCStatus?
      var reader = WireReader(bytes, message: "ttrpc.v1.Response")
      var occurrences = 0
      while let tag = try reader.tag() {
        switch tag {
        case EnvelopeField.responsePayload: payloadRange = try reader.delimited()
        case EnvelopeField.responseStatus:
          let part = UnsafeRawBufferPointer(rebasing: bytes[try reader.delimited()])
          status = try TTRPCStatus(decoding: part)
          parts.append(contentsOf: part)
          occurrences += 1
        default: try reader.skip(tag, known: 1...2)
        }
      }
      return occurrences > 1 ? try TTRPCStatus(decoding: ByteBuffer(bytes: parts)) : status
    }
    payload = frame.payload(payloadRange)
  }
}

extension ByteBuffer {
  fileprivate func payload(_ range: Range<Int>) -> ByteBuffer {
    guard !range.isEmpty else { return ByteBuffer() }
    return getSlice(at: readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
  }
}
