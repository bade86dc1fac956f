/// Why a request was refused. The numbers are those of `enum Cause` in proto/headgate/v1/common.proto; they are stored.
package enum RefusalCause: Int32, CaseIterable, Sendable {
  case unknownKey = 1
  case disabled = 2
  case methodNotAllowed = 3
  case addressNotAllowed = 4
  case originNotAllowed = 5
  case credentialMissing = 6
  case credentialWrong = 7
  case credentialDoubled = 8
  case signatureMalformed = 9
  case signatureWrong = 10
  case timestampMalformed = 11
  case timestampStale = 12
  case bodyUnparseable = 13
  case requiredMissing = 14
  case typeMismatch = 15
  case rateLimited = 16
  case bodyTooLarge = 17
  case encodingUnsupported = 18
  case handshakeRefused = 19
  case splitRefused = 20

  /// The HTTP status that the caller is answered with.
  package var status: Int {
    switch self {
    case .unknownKey, .disabled: 404
    case .methodNotAllowed: 405
    case .addressNotAllowed, .originNotAllowed, .handshakeRefused: 403
    case .credentialMissing, .credentialWrong, .credentialDoubled, .signatureMalformed, .signatureWrong,
      .timestampMalformed, .timestampStale:
      401
    case .bodyUnparseable: 400
    case .requiredMissing, .typeMismatch, .splitRefused: 422
    case .rateLimited: 429
    case .bodyTooLarge: 413
    case .encodingUnsupported: 415
    }
  }

  /// The word in the error body. Says no more than the status does, so that strangers learn nothing of the cause.
  package var publicWord: String {
    switch status {
    case 400: "bad_request"
    case 401: "unauthorized"
    case 403: "forbidden"
    case 404: "not_found"
    case 405: "method_not_allowed"
    case 413: "body_too_large"
    case 415: "unsupported_encoding"
    case 422: "unprocessable"
    default: "rate_limited"
    }
  }
}
