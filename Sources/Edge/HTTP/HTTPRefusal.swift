/// Why a request is refused before anyone else sees it. The raw value is the word in the answer's body and in metrics.
package enum HTTPRefusal: String, Error, Sendable, Hashable, CaseIterable {
  case malformedRequestLine = "malformed_request_line"
  case malformedTarget = "malformed_target"
  case malformedHeader = "malformed_header"
  /// A header line that continues the one before it (RFC 9112 §5.2).
  case foldedHeader = "folded_header"
  case hostMissing = "host_missing"
  case hostDoubled = "host_doubled"
  case hostMalformed = "host_malformed"
  case contentLengthMalformed = "content_length_malformed"
  case contentLengthDoubled = "content_length_doubled"
  case contentTypeDoubled = "content_type_doubled"
  /// Content-Length beside Transfer-Encoding: the way requests are smuggled (RFC 9112 §6.3).
  case lengthAndTransferEncoding = "length_and_transfer_encoding"
  case transferEncodingMalformed = "transfer_encoding_malformed"
  case malformedChunk = "malformed_chunk"
  /// Chunk extensions and trailers together are beyond their limit.
  case chunkOverheadTooLarge = "chunk_overhead_too_large"
  /// A trailer that would change how the request is read (RFC 9110 §6.5.1).
  case trailerForbidden = "trailer_forbidden"
  /// Another protocol than HTTP/1.1 or HTTP/2 is asked for.
  case upgradeUnsupported = "upgrade_unsupported"
  case methodNotAllowed = "method_not_allowed"
  case headerTimeout = "header_timeout"
  case bodyTooSlow = "body_too_slow"
  case bodyTooLarge = "body_too_large"
  case targetTooLong = "target_too_long"
  case expectationUnsupported = "expectation_unsupported"
  /// The trigger gets more requests than its rate allows.
  case rateLimited = "rate_limited"
  /// The client's address sends more requests to the trigger than its rate allows.
  case sourceRateLimited = "source_rate_limited"
  case headersTooLarge = "headers_too_large"
  case transferEncodingUnsupported = "transfer_encoding_unsupported"
  /// Not a method of HTTP as it is registered or in use (RFC 9110 §15.6.2).
  case methodUnknown = "method_unknown"
  case overloaded = "overloaded"
  case versionUnsupported = "version_unsupported"

  /// The status to answer with.
  package var status: Int {
    switch self {
    case .methodNotAllowed: 405
    case .headerTimeout, .bodyTooSlow: 408
    case .bodyTooLarge: 413
    case .targetTooLong: 414
    case .expectationUnsupported: 417
    case .rateLimited, .sourceRateLimited: 429
    case .headersTooLarge: 431
    case .transferEncodingUnsupported, .methodUnknown: 501
    case .overloaded: 503
    case .versionUnsupported: 505
    default: 400
    }
  }
}
