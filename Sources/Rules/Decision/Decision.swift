/// What a trigger does with a request: the answer, and what is recorded.
package struct Decision: Sendable {
  /// How it ended.
  package enum Kind: Hashable, Sendable {
    /// A run starts at `entryNode`.
    case accepted
    /// Recorded; the output leads nowhere.
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
  /// The event value seen, cut to `DecisionExplanation.valueLimit`; `nil` when there is none.
  package var event: [UInt8]?
  /// The output taken; empty when the request was refused.
  package var output: String
  /// Where the run starts.
  package var entryNode: String?
  /// The run's variables, a JSON object.
  package var variables: [UInt8]
  /// What happened and why.
  package var explanation: DecisionExplanation
  /// The query for storage, without credentials.
  package var storedQuery: [UInt8]
  /// The header fields for storage, without credentials and cookies.
  package var storedHeaders: [HeaderField]

  /// Why it was refused.
  package var cause: RefusalCause? {
    if case .rejected(let cause) = kind { cause } else { nil }
  }

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
