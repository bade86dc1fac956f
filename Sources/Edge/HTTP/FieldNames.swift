/// What a header field means to the edge node itself.
enum FieldRole: Sendable {
  /// Forwarded, nothing else.
  case plain
  case host
  case contentLength
  case contentType
  case transferEncoding
  case connection
  case expect
  case upgrade
  /// Of this connection only (RFC 9110 §7.6.1, RFC 7540 §3.2.1); not forwarded.
  case hopByHop

  /// Whether the field is passed on to the control plane.
  var isForwarded: Bool {
    switch self {
    case .plain, .host, .contentLength, .contentType: true
    case .transferEncoding, .connection, .expect, .upgrade, .hopByHop: false
    }
  }

  /// Whether the field may stand in a trailer: not if it says how the request is read, routed or authenticated (RFC 9110 §6.5.1).
  func isAllowedInTrailer(_ name: [UInt8]) -> Bool {
    switch self {
    case .plain, .contentType: !Self.forbiddenTrailers.contains(name)
    case .host, .contentLength, .transferEncoding, .connection, .expect, .upgrade, .hopByHop: false
    }
  }

  private static let forbiddenTrailers: Set<[UInt8]> = Set(
    [
      "authorization", "cache-control", "content-encoding", "content-range", "cookie", "max-forwards", "range", "x-forwarded-for",
      "forwarded",
    ]
    .map { Array($0.utf8) })
}

/// Header names in lower case. Those that webhooks usually carry exist once; making them costs nothing.
enum FieldNames {
  private struct Known: Sendable {
    let name: [UInt8]
    let role: FieldRole

    init(_ name: String, _ role: FieldRole = .plain) {
      self.name = Array(name.utf8)
      self.role = role
    }
  }

  /// The name in lower case, and its role. The part holds token characters only.
  static func lookUp(_ line: borrowing Span<UInt8>, _ range: Range<Int>) -> (name: [UInt8], role: FieldRole) {
    if range.count < known.count {
      next: for candidate in known[range.count] {
        for offset in 0..<range.count where ByteClass.lowercased(line[range.lowerBound + offset]) != candidate.name[offset] {
          continue next
        }
        return (candidate.name, candidate.role)
      }
    }
    var name = line.bytes(range)
    for index in name.indices { name[index] = ByteClass.lowercased(name[index]) }
    return (name, .plain)
  }

  /// By length.
  private static let known: [[Known]] = {
    let all: [Known] = [
      Known("host", .host), Known("content-length", .contentLength), Known("content-type", .contentType),
      Known("transfer-encoding", .transferEncoding), Known("connection", .connection), Known("expect", .expect),
      Known("upgrade", .upgrade),
      Known("keep-alive", .hopByHop), Known("proxy-connection", .hopByHop), Known("te", .hopByHop), Known("trailer", .hopByHop),
      Known("http2-settings", .hopByHop), Known("proxy-authorization", .hopByHop), Known("proxy-authenticate", .hopByHop),
      Known("accept"), Known("accept-encoding"), Known("accept-language"), Known("authorization"), Known("cache-control"),
      Known("cookie"),
      Known("content-encoding"), Known("date"), Known("forwarded"), Known("origin"), Known("referer"), Known("traceparent"),
      Known("tracestate"),
      Known("user-agent"), Known("via"), Known("x-forwarded-for"), Known("x-forwarded-host"), Known("x-forwarded-port"),
      Known("x-forwarded-proto"), Known("x-real-ip"), Known("x-request-id"), Known("x-github-delivery"), Known("x-github-event"),
      Known("x-hub-signature"), Known("x-hub-signature-256"), Known("stripe-signature"), Known("x-shopify-hmac-sha256"),
      Known("x-shopify-topic"), Known("x-slack-signature"), Known("x-slack-request-timestamp"), Known("webhook-id"),
      Known("webhook-timestamp"), Known("webhook-signature"),
    ]
    var byLength = [[Known]](repeating: [], count: (all.map(\.name.count).max() ?? 0) + 1)
    for entry in all { byLength[entry.name.count].append(entry) }
    return byLength
  }()
}
