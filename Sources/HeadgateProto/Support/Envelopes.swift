package import NIOCore

/// A ttrpc request on its way to the wire: its length is known, and its payload is written straight into the frame.
///
/// Writes the bytes that `TTRPCRequest.encode(into:)` would.
package struct RequestEnvelope: Sendable {
  /// Bytes that `encode(into:)` appends.
  package let length: Int
  private let service: String
  private let method: String
  private let payload: EncodedMessage?
  private let timeoutNano: Int64
  private let metadata: [CallMetadata]

  /// - Parameters:
  ///   - service: full name, "headgate.v1.FlowService".
  ///   - payload: `nil` for a client stream that is opened without a message.
  ///   - timeout: how long the caller waits; `nil`: the server's default. What has passed already is sent as 1 ns.
  package init(
    service: String, method: String, payload: EncodedMessage?, timeout: Duration? = nil, metadata: [CallMetadata] = []
  ) {
    self.service = service
    self.method = method
    self.payload = payload
    self.timeoutNano = timeout.map { max(1, $0.clampedNanoseconds) } ?? 0
    self.metadata = metadata
    var length = 0
    if !service.isEmpty { length += 1 + delimitedLength(service.utf8.count) }
    if !method.isEmpty { length += 1 + delimitedLength(method.utf8.count) }
    if let payload, payload.length > 0 { length += 1 + delimitedLength(payload.length) }
    if timeoutNano != 0 { length += 1 + varintLength(UInt64(bitPattern: timeoutNano)) }
    for entry in metadata { length += 1 + delimitedLength(Self.length(entry)) }
    self.length = length
  }

  /// Appends exactly `length` bytes.
  package func encode(into buffer: inout ByteBuffer) {
    buffer.write(length: length) { writer in
      if !service.isEmpty { writer.text(service, tag: EnvelopeField.requestService) }
      if !method.isEmpty { writer.text(method, tag: EnvelopeField.requestMethod) }
      if let payload { writer.payload(payload, tag: EnvelopeField.requestPayload) }
      if timeoutNano != 0 { writer.varint(UInt64(bitPattern: timeoutNano), tag: EnvelopeField.requestTimeout) }
      for entry in metadata {
        writer.varint(UInt64(Self.length(entry)), tag: EnvelopeField.requestMetadata)
        if !entry.key.isEmpty { writer.text(entry.key, tag: EnvelopeField.key) }
        if !entry.value.isEmpty { writer.text(entry.value, tag: EnvelopeField.value) }
      }
    }
  }

  private static func length(_ entry: CallMetadata) -> Int {
    (entry.key.isEmpty ? 0 : 1 + delimitedLength(entry.key.utf8.count))
      + (entry.value.isEmpty ? 0 : 1 + delimitedLength(entry.value.utf8.count))
  }
}

/// A ttrpc response on its way to the wire.
///
/// Writes the bytes that `TTRPCResponse.encode(into:)` would.
package struct ResponseEnvelope: Sendable {
  /// Bytes that `encode(into:)` appends.
  package let length: Int
  private let status: TTRPCStatus?
  private let payload: EncodedMessage?

  /// A success.
  package init(payload: EncodedMessage) { self.init(nil, payload) }

  /// A failure, or (code 0) the end of a server stream.
  package init(status: TTRPCStatus) { self.init(status, nil) }

  private init(_ status: TTRPCStatus?, _ payload: EncodedMessage?) {
    self.status = status
    self.payload = payload
    var length = 0
    if let status { length += 1 + delimitedLength(status.encodedLength) }
    if let payload, payload.length > 0 { length += 1 + delimitedLength(payload.length) }
    self.length = length
  }

  /// Appends exactly `length` bytes.
  package func encode(into buffer: inout ByteBuffer) {
    buffer.write(length: length) { writer in
      if let status { writer.message(status, tag: EnvelopeField.responseStatus) }
      if let payload { writer.payload(payload, tag: EnvelopeField.responsePayload) }
    }
  }
}

/// Tags of proto/ttrpc/v1/ttrpc.proto: field number << 3 | wire type.
enum EnvelopeField {
  static let requestService: UInt64 = 1 << 3 | 2
  static let requestMethod: UInt64 = 2 << 3 | 2
  static let requestPayload: UInt64 = 3 << 3 | 2
  static let requestTimeout: UInt64 = 4 << 3 | 0
  static let requestMetadata: UInt64 = 5 << 3 | 2
  static let responseStatus: UInt64 = 1 << 3 | 2
  static let responsePayload: UInt64 = 2 << 3 | 2
  static let key: UInt64 = 1 << 3 | 2
  static let value: UInt64 = 2 << 3 | 2
}

extension ProtoWriter {
  fileprivate mutating func payload(_ payload: EncodedMessage, tag: UInt64) {
    guard payload.length > 0 else { return }
    varint(UInt64(payload.length), tag: tag)
    payload.write(to: &self)
  }
}

extension Duration {
  fileprivate var clampedNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    guard overflow || carry else { return sum }
    return seconds < 0 ? .min : .max
  }
}
