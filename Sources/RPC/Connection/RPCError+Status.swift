import HeadgateProto
import NIOCore

extension RPCError {
  /// The type URL of the detail that Headgate puts into a status.
  static let detailTypeURL = "type.googleapis.com/headgate.v1.ErrorDetail"

  /// The longest message that is sent or believed, in bytes of UTF-8.
  static let maximumMessageBytes = 4096

  /// The error as it goes over the wire. The detail is left out when it would say nothing that the code does not.
  var status: TTRPCStatus {
    var status = TTRPCStatus()
    status.code = code.rawValue
    status.message = message.cut(toUTF8Bytes: Self.maximumMessageBytes)
    let retryableByCode = RPCError(code, "").isRetryable
    if !faults.isEmpty || !logID.isEmpty || isRetryable != retryableByCode {
      let detail = ErrorDetail(faults: faults, logId: logID, retryable: isRetryable)
      var buffer = ByteBuffer()
      detail.encode(into: &buffer)
      status.details = [TTRPCAny(typeUrl: Self.detailTypeURL, value: Array(buffer.readableBytesView))]
    }
    return status
  }

  /// Reads a status; `nil`: it says success. A code that gRPC does not have becomes `unknown`.
  init?(_ status: TTRPCStatus) {
    guard status.code != StatusCode.ok.rawValue else { return nil }
    self.init(StatusCode(rawValue: status.code) ?? .unknown, status.message.cut(toUTF8Bytes: Self.maximumMessageBytes))
    for any in status.details where any.typeUrl == Self.detailTypeURL {
      let detail = any.value.withUnsafeBytes { try? ErrorDetail(decoding: $0) }
      guard let detail else { continue }
      faults = detail.faults
      logID = detail.logId
      isRetryable = detail.retryable
    }
  }

  /// The error of a call whose payload is not the message that the method takes.
  static func undecodable(_ error: ProtoDecodingError) -> RPCError {
    switch error {
    case .malformed(let message): RPCError(.invalidArgument, "the payload is not a \(message)")
    case .notUTF8(let field): RPCError(.invalidArgument, "\(field) is not UTF-8")
    case .tooLarge(let message): RPCError(.resourceExhausted, "the \(message) needs too much memory", isRetryable: false)
    }
  }
}

extension String {
  /// The longest prefix of whole characters that fits.
  fileprivate func cut(toUTF8Bytes limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: limit)
    while end.samePosition(in: unicodeScalars) == nil, end > utf8.startIndex { end = utf8.index(before: end) }
    return String(self[..<end])
  }
}
