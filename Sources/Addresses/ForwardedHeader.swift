/// The header field that trusted proxies write the client's address into.
///
/// One of the two, by configuration, and never both: a proxy that writes one of them passes the other on as the client sent it.
package enum ForwardedHeader: String, Sendable, Hashable, CaseIterable {
  /// The de facto standard: addresses separated by commas, the nearest hop last.
  case xForwardedFor = "x-forwarded-for"
  /// RFC 7239: `for=192.0.2.60;proto=http, for="[2001:db8::1]:4711"`.
  case forwarded = "forwarded"

  /// The hops named in the header's lines, nearest first; a hop that is hidden, unknown or not an address is `nil`, and ends
  /// the sequence, for nothing beyond it can be relied on.
  ///
  /// - Parameters:
  ///   - lines: the values of the header in the order received.
  ///   - limit: how many hops are wanted at most.
  func hops(_ lines: some BidirectionalCollection<String>, limit: Int) -> [IPAddress?] {
    var hops: [IPAddress?] = []
    for line in lines.reversed() {
      guard let elements = elements(of: line) else {
        hops.append(nil)
        return hops
      }
      for element in elements.reversed() {
        guard hops.count < limit else { return hops }
        hops.append(element)
        guard element != nil else { return hops }
      }
    }
    return hops
  }

  /// The addresses of one line in its order; `nil` if the line breaks the header's syntax.
  private func elements(of line: String) -> [IPAddress?]? {
    switch self {
    case .xForwardedFor:
      line.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { Self.node(Self.trimmed($0)) }
    case .forwarded: Self.forwardedElements(Array(line.utf8))
    }
  }

  /// An address with or without port: `a.b.c.d`, `a.b.c.d:port`, `[v6]`, `[v6]:port`, and (not in RFC 7239) a bare `v6`.
  private static func node(_ text: some BidirectionalCollection<UInt8>) -> IPAddress? {
    if let address = IPAddress(utf8: text) { return address }
    if text.first == UInt8(ascii: "[") {
      guard let bracket = text.firstIndex(of: UInt8(ascii: "]")) else { return nil }
      let rest = text[bracket...].dropFirst()
      guard rest.isEmpty || rest.first == UInt8(ascii: ":") && isPort(rest.dropFirst()) else { return nil }
      let inner = text[..<bracket].dropFirst()
      // Brackets hold IPv6 text only.
      guard inner.contains(UInt8(ascii: ":")) else { return nil }
      return IPAddress(utf8: inner)
    }
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")), isPort(text[colon...].dropFirst()),
      let address = IPAddress(utf8: text[..<colon]), address.isIPv4
    else { return nil }
    return address
  }

  /// One to five digits, or an obfuscated port of RFC 7239 §6.3.
  private static func isPort(_ text: some Collection<UInt8>) -> Bool {
    if text.first == UInt8(ascii: "_") { return text.count > 1 && text.allSatisfy { isTokenCharacter($0) } }
    return (1...5).contains(text.count) && text.allSatisfy { (0x30...0x39).contains($0) }
  }

  private static func trimmed(_ text: some BidirectionalCollection<UInt8>) -> some BidirectionalCollection<UInt8> {
    let head = text.drop(while: isBlank)
    return head.prefix(upTo: head.lastIndex { !isBlank($0) }.map { head.index(after: $0) } ?? head.startIndex)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// tchar of RFC 9110 §5.6.2.
  private static func isTokenCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }

  /// RFC 7239 §4, strictly: a quote that someone left open must not swallow what a proxy appended.
  private static func forwardedElements(_ line: [UInt8]) -> [IPAddress?]? {
    var elements: [IPAddress?] = []
    var index = 0

    func skipBlanks() { while index < line.count, isBlank(line[index]) { index += 1 } }

    func token() -> ArraySlice<UInt8> {
      let start = index
      while index < line.count, isTokenCharacter(line[index]) { index += 1 }
      return line[start..<index]
    }

    /// What stands between the quotes, unescaped; `nil` if they are not closed.
    func quoted() -> [UInt8]? {
      var value: [UInt8] = []
      index += 1
      while index < line.count {
        switch line[index] {
        case UInt8(ascii: "\""):
          index += 1
          return value
        case UInt8(ascii: "\\"):
          guard index + 1 < line.count else { return nil }
          value.append(line[index + 1])
          index += 2
        default:
          value.append(line[index])
          index += 1
        }
      }
      return nil
    }

    while true {
      var hop: IPAddress?
      var hasFor = false
      while true {
        skipBlanks()
        let name = token()
        guard !name.isEmpty, index < line.count, line[index] == UInt8(ascii: "=") else { return nil }
        index += 1
        let value: [UInt8]
        if index < line.count, line[index] == UInt8(ascii: "\"") {
          guard let text = quoted() else { return nil }
          value = text
        } else {
          value = Array(token())
          guard !value.isEmpty else { return nil }
        }
        if name.count == 3, zip(name, "for".utf8).allSatisfy({ $0 | 0x20 == $1 }) {
          // A parameter occurs once per element.
          guard !hasFor else { return nil }
          hasFor = true
          hop = node(value)
        }
        skipBlanks()
        guard index < line.count, line[index] == UInt8(ascii: ";") else { break }
        index += 1
      }
      elements.append(hop)
      if index == line.count { return elements }
      guard line[index] == UInt8(ascii: ",") else { return nil }
      index += 1
    }
  }
}
