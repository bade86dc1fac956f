/// A remark on how a value was read.
package struct DecisionNote: Hashable, Sendable {
  /// Where, such as "map[1].amount" or "body".
  package var at: String
  /// Such as "default_used", "duplicate_key", "converted".
  package var code: String
  /// For people.
  package var message: String

  /// Makes a remark.
  package init(at: String, code: String, message: String) {
    self.at = at
    self.code = code
    self.message = message
  }
}

/// One case of the event routing, compared.
package struct ComparedCase: Hashable, Sendable {
  /// The case.
  package var caseID: String
  /// What it was compared with, after templates; cut to `DecisionExplanation.valueLimit`.
  package var value: [UInt8]
  /// Whether it was equal.
  package var matched: Bool

  /// Makes a comparison.
  package init(caseID: String, value: [UInt8], matched: Bool) {
    self.caseID = caseID
    self.value = value
    self.matched = matched
  }
}

/// What happened to a request on its way through the trigger, and why: `Explanation` of proto/headgate/v1/common.proto.
package struct DecisionExplanation: Hashable, Sendable {
  /// The path that the event was read from; empty without event routing.
  package var eventPath = ""
  /// The value seen there as text; cut to `valueLimit`.
  package var eventValue: [UInt8] = []
  /// Whether the path had a value.
  package var eventPresent = false
  /// Each case in order, up to and including the one that matched.
  package var cases: [ComparedCase] = []
  /// The output taken: a case id, or "else". Empty when the request was refused before.
  package var output = ""
  /// The node that the output leads to; empty when it leads nowhere.
  package var entryNode = ""
  /// Remarks.
  package var notes: [DecisionNote] = []
  /// When refused: the field, header or parameter that decided. Never a secret's value.
  package var refusedAt = ""
  /// When refused: one sentence for the trigger's owner.
  package var refusedBecause = ""

  /// Makes an empty explanation.
  package init() {}

  /// The most bytes of a value that are kept.
  package static let valueLimit = 256
  /// The most remarks that are kept.
  package static let noteLimit = 64
}
