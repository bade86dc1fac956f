import HeadgateProto

/// A request up to its body.
struct RequestHead: Sendable, Equatable {
  /// How the end of the body is found (RFC 9112 §6.3).
  enum Framing: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
  }

  /// As received; capitals.
  var method: [UInt8] = []
  /// In origin form ("/path?query"), or "*" of OPTIONS. As received; of a target in absolute form, what follows the authority.
  var target: [UInt8] = []
  /// 0 or 1, of HTTP/1.
  var minorVersion = 1
  /// The fields to forward, in the order received, names in lower case; fields of the connection are left out. Host is the
  /// authority of a target in absolute form, whatever the caller's Host said (RFC 9112 §3.2.2).
  var fields: [Header] = []
  /// Where Host is among the fields.
  var hostIndex: Int?
  var framing = Framing.none
  /// The caller wants another request on this connection.
  var keepsAlive = true
  /// The caller waits for 100 before it sends the body.
  var expectsContinue = false
  /// Names in Connection beyond the usual ones: fields of this connection, not to be forwarded.
  var connectionNames: [[UInt8]] = []

  /// The value of Host; empty if there is none.
  var host: [UInt8] { hostIndex.map { fields[$0].value } ?? [] }

  /// The body's length is known, and reading it to its end costs less than a new connection.
  var hasShortBody: Bool {
    switch framing {
    case .none: true
    case .length(let length): length <= HTTPLimits.discardedBodyBytes
    case .chunked: false
    }
  }

  /// Bytes of body announced, 0 if unknown.
  var announcedLength: Int { if case .length(let length) = framing { length } else { 0 } }
}
