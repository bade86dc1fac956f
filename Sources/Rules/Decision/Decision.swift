/// What a trigger does with a request: the answer, and what is recorded.
package struct Decision: Sendable {
  /// How it ended.
  package enum Kind: Hashable, Sendable {
    /// At least one part of it starts a run.
    case accepted
    /// Recorded; no output leads anywhere, or there is nothing in the list that the body is split at.
    case unrouted
    /// Recorded, not verified, because the secret is not known yet. No run.
    case pending
    /// A provider's question whether the URL is ours, answered. No run.
    case handshake
    /// Refused.
    case rejected(RefusalCause)
    /// A browser's question whether it may call. Not recorded.
    case preflight
    /// HEAD where GET is allowed. Not recorded.
    case headOnly
  }

  /// How it ended.
  package var kind: Kind
  /// What the caller is answered, after the commit where there is something to commit.
  package var answer: HTTPAnswer
  /// The query for storage, without credentials.
  package var storedQuery: [UInt8]
  /// The header fields for storage, without credentials and cookies.
  package var storedHeaders: [HeaderField]
  /// What becomes of each element at each node: the owner's elements, then those of each subscriber. One where nothing is
  /// split and nobody subscribes; none where nothing could become a run: a request that is refused before its variables, is
  /// pending, a handshake or not recorded.
  package var parts: [DecisionPart] = []
  /// Whether the parts are to be told apart, because a body was split or nodes subscribe to the URL.
  package var isDivided = false

  /// What happened where no part says it: before there were parts, or to a pending request.
  private var ownExplanation = DecisionExplanation()
  private var ownEvent: [UInt8]?
  /// The part that tells most: the first that starts a run, else the first unrouted one, else the first.
  private var lead: Int?

  /// Makes a decision without parts.
  package init(kind: Kind, answer: HTTPAnswer, storedQuery: [UInt8] = [], storedHeaders: [HeaderField] = []) {
    self.kind = kind
    self.answer = answer
    self.storedQuery = storedQuery
    self.storedHeaders = storedHeaders
  }

  /// Why it was refused.
  package var cause: RefusalCause? {
    if case .rejected(let cause) = kind { cause } else { nil }
  }

  /// The event value seen, cut to `DecisionExplanation.valueLimit`; `nil` when there is none. Of several parts that of the
  /// one that tells most: the first that starts a run, else the first unrouted one, else the first.
  package var event: [UInt8]? { lead.map { parts[$0].event } ?? ownEvent }

  /// The output taken, of the same part; empty when nothing was routed.
  package var output: String { lead.map { parts[$0].output } ?? "" }

  /// What happened and why, to the same part.
  package var explanation: DecisionExplanation {
    get { lead.map { parts[$0].explanation } ?? ownExplanation }
    set {
      if let lead { parts[lead].explanation = newValue } else { ownExplanation = newValue }
    }
  }

  /// Where the first run starts; `nil`: none does.
  package var entryNode: String? { parts.indices.first { parts[$0].startsRun }.flatMap { parts[$0].entryNode } }

  /// The variables of the part that tells most, a JSON object; empty: there are none.
  package var variables: [UInt8] { lead.map { parts[$0].variables } ?? [] }

  /// What is stored of how it ended; `nil` when the request is not recorded at all.
  package var outcome: RequestOutcome? {
    switch kind {
    case .accepted: .accepted
    case .unrouted: .unrouted
    case .pending: .pending
    case .handshake: .handshake
    case .rejected: .rejected
    case .preflight, .headOnly: nil
    }
  }

  /// What the parts amount to: accepted if any starts a run, else unrouted, else refused for the reason of the first.
  mutating func conclude() {
    if let accepted = parts.indices.first(where: { parts[$0].startsRun }) {
      kind = .accepted
      lead = accepted
    } else if let unrouted = parts.indices.first(where: { parts[$0].cause == nil }) {
      kind = .unrouted
      lead = unrouted
    } else if !parts.isEmpty, let cause = parts[0].cause {
      kind = .rejected(cause)
      lead = 0
    } else {
      kind = .unrouted
      ownExplanation.notes.append(DecisionNote(at: "split", code: "empty_list", message: "The list has no element."))
    }
  }

  /// Keeps what was seen and lets nothing become of it, because the request has not been verified.
  mutating func suspend() {
    kind = .pending
    guard !parts.isEmpty else { return }
    ownEvent = parts[0].event
    ownExplanation = parts[0].explanation
    ownExplanation.output = ""
    ownExplanation.entryNode = ""
    ownExplanation.refusedAt = ""
    ownExplanation.refusedBecause = ""
    parts = []
  }
}
