package import Identifiers
package import Postgres

/// How far a run is. The numbers are those of `headgate.v1.RunState`.
package enum RunProgress: Int16, Sendable, CaseIterable {
  /// Waits for a worker, now or after a backoff.
  case ready = 1
  case leased = 2
  case completed = 3
  /// Every attempt failed.
  case dead = 4
}

/// A run that is recorded with its request.
package struct NewRun: Hashable, Sendable {
  /// Derived from the request and the subscribed node: `RunID.derive`. Its first 48 bits are the request's.
  package var id: UniqueID
  package var flow: UniqueID
  package var flowVersion: Int32
  package var trigger: UniqueID
  /// The webhook_trigger node.
  package var node: String
  package var output: String
  package var entryNode: String
  /// A JSON object (UTF-8).
  package var variables: [UInt8]
  package var event: [UInt8]
  package var maxAttempts: Int16
  package var customer: UniqueID?
  package var chat: UniqueID?
  /// Which element of a body that is split, from 0; 0 where it is not.
  package var element: Int16
  /// Runs of one key of a trigger are leased one at a time, in the order of their requests and elements; `nil`: no order.
  package var orderKey: [UInt8]?
  /// The request that was replayed to start it.
  package var replayOf: UniqueID?
  /// W3C Trace Context; empty: none.
  package var traceparent: String

  package init(
    id: UniqueID, flow: UniqueID, flowVersion: Int32, trigger: UniqueID, node: String, output: String, entryNode: String,
    variables: [UInt8], event: [UInt8] = [], maxAttempts: Int16 = 5, customer: UniqueID? = nil, chat: UniqueID? = nil,
    element: Int16 = 0, orderKey: [UInt8]? = nil, replayOf: UniqueID? = nil, traceparent: String = ""
  ) {
    self.id = id
    self.flow = flow
    self.flowVersion = flowVersion
    self.trigger = trigger
    self.node = node
    self.output = output
    self.entryNode = entryNode
    self.variables = variables
    self.event = event
    self.maxAttempts = maxAttempts
    self.customer = customer
    self.chat = chat
    self.element = element
    self.orderKey = orderKey
    self.replayOf = replayOf
    self.traceparent = traceparent
  }
}

/// A run as it is read.
package struct RunRow: Hashable, Sendable {
  package var workspace: UniqueID
  package var id: UniqueID
  package var request: UniqueID
  package var flow: UniqueID
  package var flowName: String
  package var flowVersion: Int32
  package var trigger: UniqueID
  package var node: String
  package var output: String
  package var entryNode: String
  /// A JSON object (UTF-8).
  package var variables: [UInt8]
  package var event: [UInt8]
  package var progress: RunProgress
  /// Leases so far; 1 during the first.
  package var attempt: Int16
  package var maxAttempts: Int16
  /// Grows with each lease.
  package var leaseEpoch: Int64
  /// Who has, or last had, the lease; empty: nobody yet.
  package var worker: String
  /// When it may be leased (again). While it is leased: when the lease ends.
  package var availableAt: UnixTime
  package var createdAt: UnixTime
  package var finishedAt: UnixTime?
  package var lastError: String
  package var customer: UniqueID?
  package var chat: UniqueID?
  /// Which element of a body that is split, from 0; 0 where it is not.
  package var element: Int16
  package var orderKey: [UInt8]?
  /// The request that was replayed to start it.
  package var replayOf: UniqueID?
  /// W3C Trace Context; empty: none.
  package var traceparent: String

  /// When the lease ends; `nil` while there is none.
  package var leaseExpiresAt: UnixTime? { progress == .leased ? availableAt : nil }
}

/// What a failed run came to.
package struct RunFailure: Hashable, Sendable {
  /// `.ready`: it is tried again; `.dead`: it is not.
  package var progress: RunProgress
  /// When it is tried again.
  package var availableAt: UnixTime
}

/// How long a failed run waits for its next attempt: exponential with jitter.
package struct RunBackoff: Hashable, Sendable {
  /// After the first failure.
  package var first: Duration
  package var longest: Duration

  package init(first: Duration = .seconds(2), longest: Duration = .seconds(3600)) {
    self.first = first
    self.longest = longest
  }
}

/// Which runs a list wants. Empty and `nil` fields do not restrict.
package struct RunFilter: Hashable, Sendable {
  package var flow: UniqueID?
  package var progress: [RunProgress]
  package var request: UniqueID?

  package init(flow: UniqueID? = nil, progress: [RunProgress] = [], request: UniqueID? = nil) {
    self.flow = flow
    self.progress = progress
    self.request = request
  }
}

/// Runs that are not completed, counted.
package struct RunCounts: Hashable, Sendable {
  /// Ready, those after a backoff included.
  package var ready: Int64
  package var leased: Int64
  package var dead: Int64
  /// Since when the run that has waited longest could have been leased; `nil`: none waits.
  package var oldestReadySince: UnixTime?
}
