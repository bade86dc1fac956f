/// One entry of an allow-list of HTTP origins (RFC 6454 §4): exact, or with `*` for one or more leading labels of the host.
///
/// Scheme and host are compared without case, ports after their default is filled in, so `https://Shop.example.com:443`
/// is `https://shop.example.com`. `https://*.example.com` matches `https://a.b.example.com`, and not
/// `https://example.com`. The opaque origin "null" matches nothing.
package struct OriginPattern: Hashable, Sendable {
  private let scheme: String
  /// Without the `*.` of a wildcard.
  private let host: String
  private let isWildcard: Bool
  private let port: Int?

  /// Reads a pattern; `nil` where `init(parsing:)` throws.
  package init?(_ text: some StringProtocol) {
    guard let pattern = try? OriginPattern(parsing: text) else { return nil }
    self = pattern
  }

  /// Reads `scheme://host[:port]`, in which the host may start with `*.`.
  package init(parsing text: some StringProtocol) throws(AddressSyntaxError) {
    let origin = try Parts(text)
    var host = origin.host[...]
    isWildcard = host.hasPrefix("*.")
    if isWildcard {
      host = host.dropFirst(2)
      guard host.contains(".") else { throw .wildcardMisplaced }
    }
    guard !host.contains("*") else { throw .wildcardMisplaced }
    scheme = origin.scheme
    port = origin.port
    self.host = String(host)
  }

  /// Whether a request with this `Origin` header is allowed. Anything that is not an origin is not.
  package func matches(_ origin: some StringProtocol) -> Bool {
    guard let parts = try? Parts(origin), parts.scheme == scheme, parts.port == port, !parts.host.contains("*") else {
      return false
    }
    guard isWildcard else { return parts.host == host }
    // An address has no labels.
    return parts.host.hasSuffix("." + host) && parts.host.utf8.count > host.utf8.count + 1 && IPAddress(parts.host) == nil
  }

  /// An origin's components, normalized.
  private struct Parts {
    var scheme: String
    var host: String
    var port: Int?

    init(_ text: some StringProtocol) throws(AddressSyntaxError) {
      // A host name has 253 characters at most (RFC 1035 §2.3.4).
      guard text.utf8.count <= 300, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw .notAnOrigin }
      let lower = text.lowercased()
      guard let colon = lower.firstIndex(of: ":"), lower[colon...].hasPrefix("://") else { throw .notAnOrigin }
      scheme = String(lower[..<colon])
      guard let first = scheme.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
        scheme.utf8.allSatisfy({ Self.isLetterOrDigit($0) || "+-.".utf8.contains($0) })
      else { throw .notAnOrigin }
      let authority = lower[colon...].dropFirst(3)
      guard !authority.contains(where: { "/?#@\\".contains($0) }) else { throw .originHasMore }

      let portText: Substring?
      if authority.hasPrefix("[") {
        guard let bracket = authority.firstIndex(of: "]") else { throw .notAnOrigin }
        guard let address = IPAddress(authority[..<bracket].dropFirst()), !address.isIPv4 else { throw .notAnOrigin }
        host = "[\(address)]"
        let rest = authority[bracket...].dropFirst()
        guard rest.isEmpty || rest.hasPrefix(":") else { throw .notAnOrigin }
        portText = rest.isEmpty ? nil : rest.dropFirst()
      } else {
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        host = String(parts[0])
        portText = parts.count > 1 ? parts[1] : nil
        guard Self.isHostName(host) else { throw .notAnOrigin }
      }
      guard let portText else {
        port = Self.defaultPorts[scheme]
        return
      }
      guard (1...5).contains(portText.utf8.count), portText.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let number = Int(portText),
        (1...65535).contains(number)
      else { throw .portInvalid }
      port = number
    }

    private static let defaultPorts = ["http": 80, "https": 443]

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Labels of letters, digits, "-" and "_"; the pattern's "*" is looked at by the caller.
    private static func isHostName(_ host: String) -> Bool {
      let labels = host.split(separator: ".", omittingEmptySubsequences: false)
      return labels.allSatisfy { label in
        (1...63).contains(label.utf8.count) && label.utf8.allSatisfy { isLetterOrDigit($0) || "-_*".utf8.contains($0) }
      }
    }
  }
}

extension OriginPattern: CustomStringConvertible {
  /// The normalized text; a default port is left out.
  package var description: String {
    let suffix =
      switch (scheme, port) {
      case ("http", 80), ("https", 443), (_, nil): ""
      case (_, let port?): ":\(port)"
      }
    return "\(scheme)://\(isWildcard ? "*." : "")\(host)\(suffix)"
  }
}
