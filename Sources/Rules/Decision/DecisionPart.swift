/// What becomes of one element of a request at one subscribed node: at most one run.
package struct DecisionPart: Sendable {
  /// How it ended.
  package enum Kind: Hashable, Sendable {
    /// A run starts at `entryNode`.
    case accepted
    /// The output leads nowhere.
    case unrouted
    /// Its variables or delivery id cannot be had.
    case rejected(RefusalCause)
  }

  /// Which node: `nil` the URL's owner, else the index of the subscriber.
  package var subscriber: Int?
  /// Which element of a body that is split, from 0; 0 where it is not.
  package var element: Int
  /// How it ended.
  package var kind: Kind
  /// The event value seen, cut to `DecisionExplanation.valueLimit`; `nil` when there is none.
  package var event: [UInt8]?
  /// The output taken; empty when it was refused.
  package var output: String
  /// Where the run starts.
  package var entryNode: String?
  /// The run's variables, a JSON object.
  package var variables: [UInt8]
  /// What tells this delivery from others within the window; `nil`: nothing, so it is never a duplicate.
  package var delivery: Delivery?
  /// Runs of one key are worked on one at a time; at most `orderKeyLimit` bytes. `nil`: no order.
  package var orderKey: [UInt8]?
  /// The customer and chat to be found or created; `nil`: none.
  package var binding: BindingRequest?
  /// What happened and why.
  package var explanation: DecisionExplanation
  /// The earlier element of this request with the same delivery id at the same node; `nil`: there is none. A repetition
  /// starts nothing.
  package var repeats: Int?

  /// Whether it starts a run, unless its delivery turns out to be a repetition of another request's.
  package var startsRun: Bool { kind == .accepted && repeats == nil }

  /// Why it was refused.
  package var cause: RefusalCause? {
    if case .rejected(let cause) = kind { cause } else { nil }
  }

  /// A delivery's own identifier.
  package struct Delivery: Hashable, Sendable {
    /// As it came, at most `DecisionPart.deliveryLimit` bytes; longer ones are their SHA-256.
    package var id: [UInt8]
    /// For how long a repetition is known as one.
    package var window: Duration

    /// Makes one.
    package init(id: [UInt8], window: Duration) {
      self.id = id
      self.window = window
    }
  }

  /// The most bytes of an ordering key; longer ones are their SHA-256.
  package static let orderKeyLimit = 256
  /// The most bytes of a delivery id; longer ones are their SHA-256.
  package static let deliveryLimit = 256
}
