package import Identifiers
package import Postgres

/// A recorded request, as it is written and as it is read by id.
///
/// What came from outside is bytes, because it need not be UTF-8.
package struct RequestRow: Hashable, Sendable {
  package var workspace: UniqueID
  /// UUID version 7; its day decides the partition.
  package var id: UniqueID
  package var trigger: UniqueID
  /// 0: the flow was not published.
  package var flowVersion: Int32
  package var receivedAt: UnixTime
  package var method: [UInt8]
  package var path: [UInt8]
  /// Without the parameters that carry a credential.
  package var query: [UInt8]
  /// An encoded `headgate.v1.HeaderList`.
  package var headers: [UInt8]
  /// `nil`: not stored, or expired.
  package var body: [UInt8]?
  /// Length of the body received, also when it is not stored.
  package var bodyLength: Int32
  /// 4 or 16 bytes in network order; anything else is stored as unknown and read as empty.
  package var clientAddress: [UInt8]
  package var origin: [UInt8]
  /// The number of a `headgate.v1.Outcome`.
  package var outcome: Int16
  /// The number of a `headgate.v1.Cause`; 0: none.
  package var cause: Int16
  /// The HTTP status answered.
  package var status: Int16
  /// The event value seen.
  package var event: [UInt8]
  /// The output taken.
  package var output: String
  /// An encoded `headgate.v1.Explanation`.
  package var explanation: [UInt8]
  package var processingMicroseconds: Int32
  /// What told this delivery from others; `nil`: nothing did.
  package var deliveryID: [UInt8]?
  /// The request whose delivery this one repeats.
  package var duplicateOf: UniqueID?
  /// The customer of the first run that has one.
  package var customer: UniqueID?
  /// The chat of the first run that has one.
  package var chat: UniqueID?
  /// The request that this one replays.
  package var replayOf: UniqueID?
  /// The 16 bytes of W3C Trace Context.
  package var traceID: [UInt8]?
  /// An encoded `headgate.v1.BindingReportList`; `nil`: there was nothing to bind.
  package var binding: [UInt8]?
  /// What redaction took out, encrypted by the workspace's data key, where the request is to be verified again.
  package var sealed: [UInt8]?

  package init(
    workspace: UniqueID, id: UniqueID, trigger: UniqueID, flowVersion: Int32 = 0, receivedAt: UnixTime, method: [UInt8] = [],
    path: [UInt8] = [], query: [UInt8] = [], headers: [UInt8] = [], body: [UInt8]? = nil, bodyLength: Int32 = 0,
    clientAddress: [UInt8] = [], origin: [UInt8] = [], outcome: Int16, cause: Int16 = 0, status: Int16, event: [UInt8] = [],
    output: String = "", explanation: [UInt8] = [], processingMicroseconds: Int32 = 0, deliveryID: [UInt8]? = nil,
    duplicateOf: UniqueID? = nil, customer: UniqueID? = nil, chat: UniqueID? = nil, replayOf: UniqueID? = nil,
    traceID: [UInt8]? = nil, binding: [UInt8]? = nil, sealed: [UInt8]? = nil
  ) {
    self.workspace = workspace
    self.id = id
    self.trigger = trigger
    self.flowVersion = flowVersion
    self.receivedAt = receivedAt
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.bodyLength = bodyLength
    self.clientAddress = clientAddress
    self.origin = origin
    self.outcome = outcome
    self.cause = cause
    self.status = status
    self.event = event
    self.output = output
    self.explanation = explanation
    self.processingMicroseconds = processingMicroseconds
    self.deliveryID = deliveryID
    self.duplicateOf = duplicateOf
    self.customer = customer
    self.chat = chat
    self.replayOf = replayOf
    self.traceID = traceID
    self.binding = binding
    self.sealed = sealed
  }
}
