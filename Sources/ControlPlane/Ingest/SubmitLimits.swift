import Addresses
import HeadgateProto
import Identifiers
import Postgres
import Rules

/// What the control plane holds an edge node's request to, beyond its trigger's rules.
package struct SubmitLimits: Sendable, Equatable {
  /// How far ahead of this machine's clock a request's id and time may be.
  package var clockSkew: Duration
  /// How old a request's id and time may be.
  package var maximumAge: Duration
  /// Header fields of one request.
  package var headerFields: Int
  /// Bytes of all names and values of the header.
  package var headerBytes: Int
  /// Bytes of the method's name.
  package var methodBytes = 32
  /// Bytes of path and query together.
  package var targetBytes: Int
  /// Bytes of the body.
  package var bodyBytes: Int

  package init(
    clockSkew: Duration = .seconds(300), maximumAge: Duration = .seconds(3600), headerFields: Int = 128,
    headerBytes: Int = 64 * 1024, targetBytes: Int = 16 * 1024, bodyBytes: Int = 3 * 1024 * 1024
  ) {
    self.clockSkew = clockSkew
    self.maximumAge = maximumAge
    self.headerFields = headerFields
    self.headerBytes = headerBytes
    self.targetBytes = targetBytes
    self.bodyBytes = bodyBytes
  }
}

extension SubmitLimits {
  /// Checks what an edge node sent and makes it a request.
  ///
  /// - Throws: `invalidArgument`: repeating the call would not help.
  func check(_ request: SubmitRequest, now: UnixTime) throws(RPCError) -> IncomingRequest {
    guard let id = UniqueID(bytes: request.requestId), id.version == 7, id.low >> 62 == 0b10 else {
      throw Self.invalid("request_id", "must be a UUID of version 7")
    }
    let time = id.unixMilliseconds * 1000
    guard time <= (now + clockSkew).microseconds else { throw Self.invalid("request_id", "is from the future") }
    guard time >= (now - maximumAge).microseconds else { throw Self.invalid("request_id", "is too old") }
    guard !request.method.isEmpty, request.method.count <= methodBytes else { throw Self.invalid("method", "must be given") }
    guard request.path.count + request.query.count <= targetBytes else { throw Self.invalid("path", "is too long") }
    guard request.headers.count <= headerFields else { throw Self.invalid("headers", "are too many") }
    guard request.headers.reduce(0, { $0 + $1.name.count + $1.value.count }) <= headerBytes else {
      throw Self.invalid("headers", "are too long")
    }
    guard request.body.count <= bodyBytes else { throw Self.invalid("body", "is too long") }
    guard ((now - maximumAge).microseconds...(now + clockSkew).microseconds).contains(request.receivedAtUs) else {
      throw Self.invalid("received_at_us", "must be a time of late")
    }
    let address = IPAddress(bytes: request.clientAddress)
    guard address != nil || request.clientAddress.isEmpty else {
      throw Self.invalid("client_address", "must be 4 or 16 bytes")
    }
    return IncomingRequest(
      id: id, method: request.method, path: request.path, query: request.query,
      headers: request.headers.map { HeaderField(name: $0.name, value: $0.value) }, body: request.body,
      clientAddress: address, receivedAtUs: request.receivedAtUs, baseURL: request.baseUrl, triggerKey: request.triggerKey)
  }

  private static func invalid(_ path: String, _ message: String) -> RPCError {
    RPCError(
      .invalidArgument, "\(path) \(message)",
      faults: [Fault(path: path, code: "invalid_value", message: "\(path) \(message)")])
  }
}
