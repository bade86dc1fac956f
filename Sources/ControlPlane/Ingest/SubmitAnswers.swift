import HeadgateProto
import Rules

extension SubmitResponse {
  /// For a key that no published trigger has, and for a disabled trigger: the same bytes for both.
  static let unknownKey = SubmitResponse(
    .refusal(.unknownKey), outcome: .rejected, cause: .unknownKey)

  /// For a trigger whose configuration or secret cannot be read here: our fault, so that the caller may try again.
  static let unusable = SubmitResponse(
    status: 503,
    headers: [
      Header(name: Array("content-type".utf8), value: Array("application/json".utf8)),
      Header(name: Array("retry-after".utf8), value: Array("60".utf8)),
    ],
    body: Array("{\"error\":\"unavailable\"}".utf8))

  init(_ decision: Decision) {
    self.init(
      decision.answer, outcome: decision.outcome.map { Outcome(number: $0.rawValue) } ?? .unspecified,
      cause: decision.cause.map { Cause(number: $0.rawValue) } ?? .unspecified)
  }

  private init(_ answer: HTTPAnswer, outcome: Outcome, cause: Cause) {
    self.init(
      status: UInt32(clamping: answer.status), headers: answer.headers.map { Header(name: $0.name, value: $0.value) },
      body: answer.body, outcome: outcome, cause: cause)
  }
}
