/// The ways in which senders write the URL that they sign.
enum SignedURLVariant: String, Hashable, Sendable, CaseIterable {
  /// As the trigger's URL is configured, with the request's query.
  case asIs = "as_is"
  /// Without a port (Twilio, https).
  case withoutPort = "no_port"
  /// With the scheme's port where none is written (Twilio, http).
  case withDefaultPort = "default_port"
  /// With `'` in the query as `%27` (Twilio).
  case apostropheEncoded = "apostrophe_encoded"
  /// With the reserved characters that HubSpot decodes before it signs.
  case reservedDecoded = "reserved_decoded"
}

/// The URL that a scheme signs, as the sender knows it.
enum SignedURL {
  /// The configured URL, or the edge node's base and the trigger's path; with the request's query unless the configured one
  /// has a query.
  static func build(configured: [UInt8]?, _ request: IncomingRequest) -> [UInt8] {
    var url = configured ?? request.baseURL + Array("/w/".utf8) + request.triggerKey + request.path
    if !request.query.isEmpty, !url.contains(UInt8(ascii: "?")) {
      url.append(UInt8(ascii: "?"))
      url += request.query
    }
    return url
  }

  /// The URL in each of the variants, equal ones once.
  static func variants(_ url: [UInt8], _ variants: [SignedURLVariant]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    for variant in variants {
      let text = apply(variant, url)
      if !result.contains(text) { result.append(text) }
    }
    return result
  }

  /// From the first "/" after the authority up to the query.
  static func path(of url: [UInt8]) -> [UInt8] {
    let end = authority(of: url)?.upperBound ?? 0
    return Array(url[end...].prefix { $0 != UInt8(ascii: "?") })
  }

  /// From the first "/" after the authority on, with the query (RFC 9112 §3.2.1).
  static func target(of url: [UInt8]) -> [UInt8] { Array(url[(authority(of: url)?.upperBound ?? 0)...]) }

  private static func apply(_ variant: SignedURLVariant, _ url: [UInt8]) -> [UInt8] {
    switch variant {
    case .asIs: return url
    case .withoutPort:
      guard let port = port(of: url) else { return url }
      return Array(url[..<port.lowerBound]) + url[port.upperBound...]
    case .withDefaultPort:
      guard let authority = authority(of: url), port(of: url) == nil else { return url }
      let port = url.starts(with: "https:".utf8) ? ":443" : ":80"
      return Array(url[..<authority.upperBound]) + Array(port.utf8) + url[authority.upperBound...]
    case .apostropheEncoded:
      guard let query = url.firstIndex(of: UInt8(ascii: "?")) else { return url }
      return Array(url[..<query]) + url[query...].flatMap { $0 == UInt8(ascii: "'") ? Array("%27".utf8) : [$0] }
    case .reservedDecoded: return decodingReserved(url)
    }
  }

  /// Between "//" and the path, query or end.
  private static func authority(of url: [UInt8]) -> Range<Int>? {
    guard let colon = url.firstIndex(of: UInt8(ascii: ":")), url[(colon + 1)...].starts(with: "//".utf8) else { return nil }
    let start = colon + 3
    let end = url[start...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? url.endIndex
    return start..<end
  }

  /// The colon and the digits after the host.
  private static func port(of url: [UInt8]) -> Range<Int>? {
    guard let authority = authority(of: url), let colon = url[authority].lastIndex(of: UInt8(ascii: ":")) else { return nil }
    let digits = url[(colon + 1)..<authority.upperBound]
    let isPort = !digits.isEmpty && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    // In "[::1]" and "user:1@host" the colon is another one; the latter's digits are followed by "@" and fail above.
    return isPort ? colon..<authority.upperBound : nil
  }

  /// https://developers.hubspot.com/docs/api/webhooks/validating-requests lists these characters.
  private static let hubSpotDecodes: [[UInt8]: UInt8] = Dictionary(
    uniqueKeysWithValues: [
      ("3A", ":"), ("2F", "/"), ("3F", "?"), ("40", "@"), ("21", "!"), ("24", "$"), ("27", "'"), ("28", "("), ("29", ")"),
      ("2A", "*"), ("2C", ","), ("3B", ";"),
    ].map { (Array($0.0.utf8), UInt8(ascii: $0.1)) })

  private static func decodingReserved(_ url: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = url[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2).map { (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) ? $0 & ~0x20 : $0 }
      if byte == UInt8(ascii: "%"), let character = hubSpotDecodes[digits] {
        result.append(character)
        rest = rest.dropFirst(2)
      } else {
        result.append(byte)
      }
    }
    return result
  }
}
