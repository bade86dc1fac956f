/// The status codes of gRPC (https://grpc.io/docs/guides/status-codes/).
package enum StatusCode: Int32, Sendable, CaseIterable {
  case ok = 0
  case cancelled = 1
  case unknown = 2
  case invalidArgument = 3
  case deadlineExceeded = 4
  case notFound = 5
  case alreadyExists = 6
  case permissionDenied = 7
  case resourceExhausted = 8
  case failedPrecondition = 9
  case aborted = 10
  case outOfRange = 11
  case unimplemented = 12
  case `internal` = 13
  case unavailable = 14
  case dataLoss = 15
  case unauthenticated = 16
}

/// A failed call, as both sides see it.
///
/// The message is for people and goes over the wire: it never carries a secret or the text of an unknown internal error.
package struct RPCError: Error, Sendable, Hashable {
  package var code: StatusCode
  package var message: String
  /// Every fault of the request, where the code is `invalidArgument`.
  package var faults: [Fault]
  /// With `internal`: what to search the control plane's log for.
  package var logID: String
  /// The call may be repeated as it is.
  package var isRetryable: Bool

  package init(_ code: StatusCode, _ message: String, faults: [Fault] = [], logID: String = "", isRetryable: Bool? = nil) {
    self.code = code
    self.message = message
    self.faults = faults
    self.logID = logID
    self.isRetryable = isRetryable ?? (code == .unavailable || code == .resourceExhausted)
  }
}
