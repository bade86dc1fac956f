import Rules
import Store

/// Whether a recorded request's credential is checked when it is replayed.
enum ReplayVerification: Equatable {
  /// It was found right when the request came; what carried it may have been taken out of the record.
  case done
  /// It was not reached, or was found wrong: it is checked against the secrets of now, at the time of the receipt.
  case again

  init(_ row: RequestRow) {
    switch RequestOutcome(rawValue: Int32(row.outcome)) {
    case .accepted, .unrouted, .duplicate, .captured: self = .done
    case .rejected: self = RefusalCause(rawValue: Int32(row.cause)).map(Self.after) ?? .again
    case .handshake, .pending, nil: self = .again
    }
  }

  /// By the order in which a trigger checks.
  private static func after(_ cause: RefusalCause) -> ReplayVerification {
    switch cause {
    case .bodyUnparseable, .requiredMissing, .typeMismatch, .bodyTooLarge, .encodingUnsupported, .splitRefused: .done
    case .unknownKey, .disabled, .methodNotAllowed, .addressNotAllowed, .originNotAllowed, .credentialMissing, .credentialWrong,
      .credentialDoubled, .signatureMalformed, .signatureWrong, .timestampMalformed, .timestampStale, .rateLimited,
      .handshakeRefused:
      .again
    }
  }
}

extension IncomingRequest {
  /// Something was taken out before it was stored.
  var holdsRedactions: Bool {
    headers.contains { $0.value == Redactions.replacement }
      || query.split(separator: UInt8(ascii: "&")).contains {
        $0.suffix(Redactions.replacement.count).elementsEqual(Redactions.replacement)
      }
  }
}
