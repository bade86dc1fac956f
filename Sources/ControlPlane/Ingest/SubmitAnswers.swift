import HeadgateProto
import Identifiers
import Rules
import Store

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

  /// For a request that an earlier attempt was recorded of, with another verdict than this one has come to: what was recorded.
  ///
  /// Its own body and header fields were not recorded. They are those of today's configuration where that answers with the same
  /// status, else the standard ones.
  init(recorded: RecordedVerdict, now decision: HTTPAnswer, id: UniqueID) {
    let outcome = Outcome(number: Int32(recorded.outcome))
    let cause = Cause(number: Int32(recorded.cause))
    let answer: HTTPAnswer
    if decision.status == Int(recorded.status) {
      answer = decision
    } else if outcome == .rejected {
      answer =
        RefusalCause(rawValue: Int32(recorded.cause)).map(HTTPAnswer.refusal) ?? HTTPAnswer(status: Int(recorded.status))
    } else {
      answer = .accepted(ResponseSettings(status: Int(recorded.status)), id: id)
    }
    self.init(recorded.duplicateOf.map { answer.naming($0) } ?? answer, outcome: outcome, cause: cause)
  }

  private init(_ answer: HTTPAnswer, outcome: Outcome, cause: Cause) {
    self.init(
      status: UInt32(clamping: answer.status), headers: answer.headers.map { Header(name: $0.name, value: $0.value) },
      body: answer.body, outcome: outcome, cause: cause)
  }
}
