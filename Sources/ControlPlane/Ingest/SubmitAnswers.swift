import HeadgateProto
import Identifiers
import Rules

extension SubmitResponse {
  /// For a key that no published trigger has, and for a disabled trigger: the same bytes for both.
  static let unknownKey = SubmitResponse(
    .refusal(.unknownKey), outcome: .rejected, cause: .unknownKey)

  init(_ decision: Decision) {
    self.init(
      decision.answer, outcome: decision.outcome.map { Outcome(number: $0.rawValue) } ?? .unspecified,
      cause: decision.cause.map { Cause(number: $0.rawValue) } ?? .unspecified)
  }

  /// For a request of which every part repeats an earlier delivery: what the first one was answered.
  init(_ decision: Decision, duplicateOf first: UniqueID) {
    self.init(decision.answer.naming(first), outcome: .duplicate, cause: .unspecified)
  }

  private init(_ answer: HTTPAnswer, outcome: Outcome, cause: Cause) {
    self.init(
      status: UInt32(clamping: answer.status), headers: answer.headers.map { Header(name: $0.name, value: $0.value) },
      body: answer.body, outcome: outcome, cause: cause)
  }
}
