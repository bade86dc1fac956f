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
  /// The event value seen, cut to `DecisionExplanation.valueLimit`; `nil` when there is none. Of several parts that of the
  /// one that tells most: the first accepted one, else the first unrouted one, else the first.
  package var event: [UInt8]?
  /// The output taken, of the same part; empty when the request was refused.
  package var output: String
  /// What happened and why, to the same part.
  package var explanation: DecisionExplanation
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

  /// Why it was refused.
  package var cause: RefusalCause? {
    if case .rejected(let cause) = kind { cause } else { nil }
  }

  /// Where the first run starts; `nil`: none does.
  package var entryNode: String? { parts.first { $0.startsRun }?.entryNode }

  /// The variables of the first run, or of the first part that would have one, a JSON object; empty: there is none.
  package var variables: [UInt8] { (parts.first { $0.startsRun } ?? parts.first { $0.cause == nil })?.variables ?? [] }

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
}
