/// How a request ended. The numbers are those of `enum Outcome` in proto/headgate/v1/common.proto; they are stored.
package enum RequestOutcome: Int32, CaseIterable, Sendable {
  case accepted = 1
  case unrouted = 2
  case duplicate = 3
  case rejected = 4
  case handshake = 5
  case captured = 6
  case pending = 7
}
