import HeadgateProto

/// Puts a request's head together from its lines.
struct HeadBuilder: Sendable {
  private var head = RequestHead()
  /// Of a target in absolute form.
  private var authority: [UInt8]?
  private var fieldCount = 0
  private var trailerCount = 0
  private var hasHost = false
  private var contentLength: Int?
  private var hasContentType = false
  /// Transfer codings in order; only whether they are "chunked" matters.
  private var codings: [Bool] = []
  private var hasTransferEncoding = false
  private var wantsClose = false
  private var wantsKeepAlive = false
  private var namesUpgrade = false
  private var upgradeIsHTTP2 = true
  private var hasUpgrade = false

  // MARK: - Request line

  /// `method SP target SP version` (RFC 9112 §3).
  mutating func requestLine(_ line: borrowing Span<UInt8>, limits: HTTPLimits) throws(HTTPRefusal) {
    var methodEnd = 0
    while methodEnd < line.count, ByteClass.method.contains(line[methodEnd]) { methodEnd += 1 }
    guard methodEnd > 0, methodEnd <= HTTPLimits.methodBytes, methodEnd < line.count, line[methodEnd] == 0x20 else {
      throw .malformedRequestLine
    }
    let targetStart = methodEnd + 1
    var targetEnd = targetStart
    while targetEnd < line.count, line[targetEnd] != 0x20 { targetEnd += 1 }
    guard targetEnd - targetStart <= limits.targetBytes else { throw .targetTooLong }
    guard targetEnd > targetStart, targetEnd < line.count else { throw .malformedRequestLine }
    head.minorVersion = try Self.minorVersion(line, targetEnd + 1..<line.count)
    head.method = try Self.method(line, methodEnd)
    try readTarget(line, targetStart..<targetEnd)
  }

  private static func minorVersion(_ line: borrowing Span<UInt8>, _ range: Range<Int>) throws(HTTPRefusal) -> Int {
    let name: StaticString = "http/"
    let digits = range.lowerBound + name.utf8CodeUnitCount
    guard range.count == name.utf8CodeUnitCount + 3, line.equals(name, in: range.lowerBound..<digits),
      line[range.lowerBound] == UInt8(ascii: "H"),
      line[range.lowerBound + 1] == UInt8(ascii: "T"), line[range.lowerBound + 2] == UInt8(ascii: "T"),
      line[range.lowerBound + 3] == UInt8(ascii: "P"),
      ByteClass.isDigit(line[digits]), line[digits + 1] == UInt8(ascii: "."), ByteClass.isDigit(line[digits + 2])
    else { throw .malformedRequestLine }
    guard line[digits] == UInt8(ascii: "1") else { throw .versionUnsupported }
    switch line[digits + 2] {
    case UInt8(ascii: "0"): return 0
    case UInt8(ascii: "1"): return 1
    default: throw .versionUnsupported
    }
  }

  private static func method(_ line: borrowing Span<UInt8>, _ end: Int) throws(HTTPRefusal) -> [UInt8] {
    next: for method in Methods.byUse where method.count == end {
      for index in 0..<end where line[index] != method[index] { continue next }
      return method
    }
    throw .methodUnknown
  }

  /// This is an origin server: targets are paths, perhaps with scheme and authority before them. CONNECT and TRACE are for others.
  private mutating func readTarget(_ line: borrowing Span<UInt8>, _ range: Range<Int>) throws(HTTPRefusal) {
    if head.method == Methods.connect || head.method == Methods.trace { throw .methodNotAllowed }
    for index in range where !ByteClass.isTarget(line[index]) { throw .malformedTarget }
    let first = line[range.lowerBound]
    if first == UInt8(ascii: "/") || range.count == 1 && first == UInt8(ascii: "*") && head.method == Methods.options {
      head.target = line.bytes(range)
    } else {
      try readAbsoluteTarget(line, range)
    }
  }

  /// `http://authority[/path][?query]`, which every server must accept (RFC 9112 §3.2.2). A name and password before the host
  /// are an error (RFC 9110 §4.2.4).
  private mutating func readAbsoluteTarget(_ line: borrowing Span<UInt8>, _ range: Range<Int>) throws(HTTPRefusal) {
    var start = range.lowerBound
    while start < range.upperBound, line[start] != UInt8(ascii: ":") { start += 1 }
    let scheme = range.lowerBound..<start
    guard line.equals("http", in: scheme) || line.equals("https", in: scheme), start + 3 < range.upperBound,
      line[start + 1] == UInt8(ascii: "/"), line[start + 2] == UInt8(ascii: "/")
    else { throw .malformedTarget }
    start += 3
    var end = start
    while end < range.upperBound, line[end] != UInt8(ascii: "/"), line[end] != UInt8(ascii: "?") { end += 1 }
    guard end > start, line[start] != UInt8(ascii: ":"), HostField.isWellFormed(line, start..<end) else { throw .malformedTarget }
    authority = line.bytes(start..<end)
    let rest = line.bytes(end..<range.upperBound)
    if rest.isEmpty, head.method == Methods.options {
      head.target = [UInt8(ascii: "*")]
    } else {
      head.target = rest.first == UInt8(ascii: "/") ? rest : [UInt8(ascii: "/")] + rest
    }
  }

  // MARK: - Fields

  /// `name ":" OWS value OWS` (RFC 9112 §5).
  mutating func fieldLine(_ line: borrowing Span<UInt8>, limits: HTTPLimits) throws(HTTPRefusal) {
    fieldCount += 1
    guard fieldCount <= limits.headerFields else { throw .headersTooLarge }
    let (nameEnd, value) = try Self.split(line)
    let (name, role) = FieldNames.lookUp(line, 0..<nameEnd)
    switch role {
    case .plain, .hopByHop: break
    case .host:
      guard !hasHost else { throw .hostDoubled }
      guard HostField.isWellFormed(line, value) else { throw .hostMalformed }
      hasHost = true
      head.hostIndex = head.fields.count
    case .contentLength: try readContentLength(line, value, limits)
    case .contentType:
      guard !hasContentType else { throw .contentTypeDoubled }
      hasContentType = true
    case .transferEncoding: try readTransferEncoding(line, value)
    case .connection: readConnection(line, value)
    case .expect:
      guard line.equals("100-continue", in: value) else { throw .expectationUnsupported }
      head.expectsContinue = true
    case .upgrade:
      hasUpgrade = true
      upgradeIsHTTP2 = upgradeIsHTTP2 && (line.equals("h2c", in: value) || line.equals("h2", in: value))
    }
    if role.isForwarded { head.fields.append(Header(name: name, value: line.bytes(value))) }
  }

  /// A trailer is checked as a field is, and then dropped (RFC 9110 §6.5.1).
  mutating func trailerLine(_ line: borrowing Span<UInt8>, limits: HTTPLimits) throws(HTTPRefusal) {
    trailerCount += 1
    guard trailerCount <= limits.headerFields else { throw .chunkOverheadTooLarge }
    let (nameEnd, _) = try Self.split(line)
    let (name, role) = FieldNames.lookUp(line, 0..<nameEnd)
    guard role.isAllowedInTrailer(name) else { throw .trailerForbidden }
  }

  /// Where the name ends and where the value stands.
  private static func split(_ line: borrowing Span<UInt8>) throws(HTTPRefusal) -> (nameEnd: Int, value: Range<Int>) {
    if ByteClass.isBlank(line[0]) { throw .foldedHeader }
    var nameEnd = 0
    while nameEnd < line.count, ByteClass.token.contains(line[nameEnd]) { nameEnd += 1 }
    guard nameEnd > 0, nameEnd < line.count, line[nameEnd] == UInt8(ascii: ":") else { throw .malformedHeader }
    let value = line.trimmed(nameEnd + 1..<line.count)
    for index in value where !ByteClass.isFieldValue(line[index]) { throw .malformedHeader }
    return (nameEnd, value)
  }

  /// Digits only; a second one is refused even if it says the same (RFC 9112 §6.3 allows both).
  private mutating func readContentLength(_ line: borrowing Span<UInt8>, _ value: Range<Int>, _ limits: HTTPLimits)
    throws(HTTPRefusal)
  {
    guard contentLength == nil else { throw .contentLengthDoubled }
    guard !value.isEmpty else { throw .contentLengthMalformed }
    var length = 0
    for index in value {
      guard ByteClass.isDigit(line[index]) else { throw .contentLengthMalformed }
      // Beyond the limit the exact number does not matter, and more digits must not overflow.
      length = min(length * 10 + Int(line[index] - 0x30), limits.bodyBytes + 1)
    }
    contentLength = length
  }

  private mutating func readTransferEncoding(_ line: borrowing Span<UInt8>, _ value: Range<Int>) throws(HTTPRefusal) {
    hasTransferEncoding = true
    try Self.forEachElement(line, value) { element throws(HTTPRefusal) in
      for index in element where !ByteClass.token.contains(line[index]) { throw .transferEncodingMalformed }
      codings.append(line.equals("chunked", in: element))
    }
  }

  private mutating func readConnection(_ line: borrowing Span<UInt8>, _ value: Range<Int>) {
    Self.forEachElement(line, value) { element in
      if line.equals("close", in: element) {
        wantsClose = true
      } else if line.equals("keep-alive", in: element) {
        wantsKeepAlive = true
      } else if line.equals("upgrade", in: element) {
        namesUpgrade = true
      } else {
        head.connectionNames.append(FieldNames.lookUp(line, element).name)
      }
    }
  }

  /// The elements of a comma-separated list (RFC 9110 §5.6.1), empty ones left out.
  private static func forEachElement<Failure: Error>(
    _ line: borrowing Span<UInt8>, _ value: Range<Int>, _ body: (Range<Int>) throws(Failure) -> Void
  ) throws(Failure) {
    var start = value.lowerBound
    while start < value.upperBound {
      var end = start
      while end < value.upperBound, line[end] != UInt8(ascii: ",") { end += 1 }
      let element = line.trimmed(start..<end)
      if !element.isEmpty { try body(element) }
      start = end + 1
    }
  }

  // MARK: - The whole

  /// Checks what only the whole head tells.
  mutating func finish(limits: HTTPLimits) throws(HTTPRefusal) -> RequestHead {
    if head.minorVersion == 1, !hasHost { throw .hostMissing }
    if let authority {
      if let index = head.hostIndex {
        head.fields[index].value = authority
      } else {
        head.hostIndex = head.fields.count
        head.fields.append(Header(name: Array("host".utf8), value: authority))
      }
    }
    if hasTransferEncoding {
      guard contentLength == nil else { throw .lengthAndTransferEncoding }
      // HTTP/1.0 knows no transfer codings: whoever sends one has something in between that does not either (RFC 9112 §6.1).
      guard head.minorVersion == 1, codings.last == true, !codings.dropLast().contains(true) else {
        throw .transferEncodingMalformed
      }
      guard codings.count == 1 else { throw .transferEncodingUnsupported }
      head.framing = .chunked
    } else if let contentLength {
      guard contentLength <= limits.bodyBytes else { throw .bodyTooLarge }
      head.framing = .length(contentLength)
    }
    // HTTP/2 over cleartext is offered by some clients by default and may be ignored (RFC 9110 §7.8); anything else is no webhook.
    if hasUpgrade, namesUpgrade, !upgradeIsHTTP2 { throw .upgradeUnsupported }
    head.keepsAlive = !wantsClose && (head.minorVersion == 1 || wantsKeepAlive)
    if head.minorVersion == 0 { head.expectsContinue = false }
    return head
  }
}
