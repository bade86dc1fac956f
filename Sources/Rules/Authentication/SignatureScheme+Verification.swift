import Cryptography

extension SignatureScheme {
  /// Signatures of one request that are compared; more are refused.
  static let maximumCandidates = 128

  /// The signatures of one header field, parameter or body field, and the time that stands beside them.
  private struct Finding {
    var source: ValueSource
    var candidates: [[UInt8]] = []
    var timestamp: [UInt8]?
  }

  /// Checks a request's signature: any of its candidates may be of any of the secrets over any of the templates.
  ///
  /// - Parameter handshake: the trigger's, which may sign texts for anyone who asks.
  /// - Returns: the index of the secret.
  func verify(
    secrets: [some ByteSource], publicURL: [UInt8]?, handshake: Handshake? = nil, nowUs: Int64, _ reader: inout RequestReader
  ) throws(AuthenticationRefusal) -> Int {
    if let arrayGuard, reader.arrayCount(arrayGuard.path) != arrayGuard.count {
      throw AuthenticationRefusal(
        .signatureMalformed, at: ValueSource.json(arrayGuard.path).payloadPath,
        "The signature covers \(arrayGuard.count) element(s); the array has another number of them.")
    }
    let findings = try findings(&reader)
    if let bodyDigest { try check(bodyDigest, &reader) }
    let urls = signsURL ? SignedURL.variants(SignedURL.build(configured: publicURL, reader.request), urlVariants) : [[]]
    var incomplete: AuthenticationRefusal?
    for finding in findings where !finding.candidates.isEmpty {
      let timestamp = try timestampText(finding, &reader)
      for url in urls {
        for template in signed {
          let message: SignedMessage
          do throws(AuthenticationRefusal) {
            let values = SignedMessage.Values(url: url, timestamp: timestamp?.text, timestampField: timestampField)
            message = try SignedMessage(template, values, &reader)
          } catch {
            if error.cause == .credentialDoubled { throw error }
            incomplete = error
            continue
          }
          guard let index = matchingSecret(secrets, message, finding.candidates) else { continue }
          if let handshake, handshake.signsForAnyone(message) {
            throw AuthenticationRefusal(
              .signatureWrong, at: "body",
              "The provider's handshake signs such a text for anyone who asks, so its signature proves nothing.")
          }
          // Only now: what is not authentic tells nothing about its age either.
          if let timestamp { try check(timestamp.text, at: timestamp.source, nowUs: nowUs) }
          return index
        }
      }
    }
    throw incomplete
      ?? AuthenticationRefusal(
        .signatureWrong, at: findings[0].source.payloadPath, "No signature of the request matches the bytes received.")
  }

  private func matchingSecret(_ secrets: [some ByteSource], _ message: SignedMessage, _ candidates: [[UInt8]]) -> Int? {
    for (index, secret) in secrets.enumerated() {
      let isMatch = secret.withBytes { secret in
        switch algorithm {
        case .hmac(let hash):
          self.secret.withKey(of: secret) { key in
            var code = HMAC(hash, key: key)
            for piece in message.pieces { code.update(piece) }
            let expected = code.finish()
            return candidates.contains { constantTimeEqual($0, expected) }
          } ?? false
        case .digest(let hash):
          self.secret.withKey(of: secret) { key in
            let expected = message.digest(hash, key: key)
            return candidates.contains { constantTimeEqual($0, expected) }
          } ?? false
        case .publicKey(let algorithm):
          PublicKey(text: String(decoding: secret, as: UTF8.self), algorithm).map { key in
            let pieces = prehash.map { [message.digest($0, key: UnsafeRawBufferPointer(start: nil, count: 0))] } ?? message.pieces
            return candidates.contains { key.isValid(signature: $0, over: pieces) }
          } ?? false
        }
      }
      if isMatch { return index }
    }
    return nil
  }

  // MARK: finding signatures

  /// What is at the scheme's place; never empty, and at least one has a candidate.
  private func findings(_ reader: inout RequestReader) throws(AuthenticationRefusal) -> [Finding] {
    var findings: [Finding] = []
    var total = 0
    for (value, source) in try values(&reader) {
      var finding = Finding(source: source)
      try split(value, into: &finding)
      total += finding.candidates.count
      guard total <= Self.maximumCandidates else {
        throw AuthenticationRefusal(
          .signatureMalformed, at: source.payloadPath, "There are more than \(Self.maximumCandidates) signatures.")
      }
      findings.append(finding)
    }
    guard total > 0 else {
      throw AuthenticationRefusal(
        .signatureMalformed, at: findings[0].source.payloadPath,
        "There is no signature of the expected form: \(expectation).")
    }
    return findings
  }

  /// The non-empty values at the scheme's place and where each was; never empty.
  private func values(_ reader: inout RequestReader) throws(AuthenticationRefusal) -> [(value: [UInt8], source: ValueSource)] {
    var values: [(value: [UInt8], source: ValueSource)] = []
    switch location.place {
    case .headers(let patterns):
      var seen: [[UInt8]] = []
      for field in reader.request.headers where patterns.contains(where: { $0.matches(field.name) }) {
        let source = ValueSource.header(field.name)
        guard !seen.contains(field.name) else {
          throw AuthenticationRefusal(.credentialDoubled, at: source.payloadPath, "The signature's field occurs more than once.")
        }
        seen.append(field.name)
        if !field.value.isEmpty { values.append((field.value, source)) }
      }
    case .query(let name): try append(.query(name), to: &values, &reader)
    case .json(let path): try append(.json(path), to: &values, &reader)
    case .form(let name): try append(.form(name), to: &values, &reader)
    }
    guard !values.isEmpty else {
      throw AuthenticationRefusal(.credentialMissing, at: place, "The request carries no signature here.")
    }
    return values
  }

  private func append(
    _ source: ValueSource, to values: inout [(value: [UInt8], source: ValueSource)], _ reader: inout RequestReader
  ) throws(AuthenticationRefusal) {
    switch reader.value(source) {
    case .absent: break
    case .value(let value): if !value.isEmpty { values.append((value, source)) }
    case .doubled:
      throw AuthenticationRefusal(.credentialDoubled, at: source.payloadPath, "The signature occurs more than once.")
    }
  }

  /// The place for messages.
  private var place: String {
    switch location.place {
    case .headers(let patterns): "headers[\"\(patterns.first?.text ?? "")\"]"
    case .query(let name): ValueSource.query(name).payloadPath
    case .json(let path): ValueSource.json(path).payloadPath
    case .form(let name): ValueSource.form(name).payloadPath
    }
  }

  /// The header field of the timestamp.
  private var timestampField: [UInt8]? {
    if case .header(let name)? = timestamp?.place { name } else { nil }
  }

  private var expectation: String {
    let pair = location.key.map { key in
      "\(String(decoding: key, as: UTF8.self))\(String(decoding: [location.pairSeparator ?? 0], as: UTF8.self))"
    }
    return (pair ?? "") + (signatureLength.map { "\($0) bytes in \(encoding.rawValue)" } ?? "a signature in \(encoding.rawValue)")
  }

  private func split(_ value: [UInt8], into finding: inout Finding) throws(AuthenticationRefusal) {
    let items = location.listSeparator.map { value.split(separator: $0) } ?? [value[...]]
    var timestampName: [UInt8]?
    if case .signature(let name) = timestamp?.place { timestampName = name }
    for item in items {
      let item = Self.trimmed(item)
      guard let pairSeparator = location.pairSeparator, let key = location.key else {
        if let bytes = encoding.decode(item) { finding.candidates.append(bytes) }
        continue
      }
      // At the first one only: what base 64 is padded with can be the separator.
      guard let middle = item.firstIndex(of: pairSeparator) else { continue }
      let name = item[..<middle]
      let text = item[(middle + 1)...]
      if let timestampName, name.elementsEqual(timestampName), timestampName != key {
        guard finding.timestamp == nil else {
          throw AuthenticationRefusal(
            .credentialDoubled, at: finding.source.payloadPath, "The timestamp beside the signature occurs twice.")
        }
        finding.timestamp = Array(text)
      } else if key == Location.anyKey || name.elementsEqual(key) {
        if !text.isEmpty, let bytes = encoding.decode(text) { finding.candidates.append(bytes) }
      }
    }
  }

  private static func trimmed(_ item: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var item = item
    while item.first == UInt8(ascii: " ") || item.first == UInt8(ascii: "\t") { item.removeFirst() }
    while item.last == UInt8(ascii: " ") || item.last == UInt8(ascii: "\t") { item.removeLast() }
    return item
  }

  // MARK: time and digest

  private func timestampText(
    _ finding: Finding, _ reader: inout RequestReader
  ) throws(AuthenticationRefusal) -> (text: [UInt8], source: ValueSource)? {
    guard let timestamp else { return nil }
    let found: RequestReader.Found
    let source: ValueSource
    switch timestamp.place {
    case .signature:
      found = finding.timestamp.map { .value($0) } ?? .absent
      source = finding.source
    case .header(let name):
      found = reader.header(name)
      source = .header(name)
    case .json(let path):
      found = reader.json(path)
      source = .json(path)
    }
    switch found {
    case .value(let text) where !text.isEmpty: return (text, source)
    case .value, .absent:
      throw AuthenticationRefusal(.timestampMalformed, at: source.payloadPath, "The request carries no timestamp here.")
    case .doubled:
      throw AuthenticationRefusal(.credentialDoubled, at: source.payloadPath, "The timestamp occurs more than once.")
    }
  }

  private func check(_ text: [UInt8], at source: ValueSource, nowUs: Int64) throws(AuthenticationRefusal) {
    guard let timestamp else { return }
    guard let sentUs = timestamp.unit.microseconds(text) else {
      throw AuthenticationRefusal(
        .timestampMalformed, at: source.payloadPath, "The timestamp is no time of the form \(timestamp.unit.rawValue).")
    }
    guard let tolerance = timestamp.toleranceSeconds else { return }
    let age = nowUs - sentUs
    guard age.magnitude <= UInt64(tolerance) * 1_000_000 else {
      let side = age > 0 ? "old" : "ahead of this clock"
      throw AuthenticationRefusal(
        .timestampStale, at: source.payloadPath,
        "The signature is right, but its timestamp is \(age.magnitude / 1_000_000) s \(side); the tolerance is \(tolerance) s.")
    }
  }

  private func check(_ digest: BodyDigest, _ reader: inout RequestReader) throws(AuthenticationRefusal) {
    let at = ValueSource.query(digest.parameter).payloadPath
    switch reader.query(digest.parameter) {
    case .absent: throw AuthenticationRefusal(.credentialMissing, at: at, "The URL carries no digest of the body.")
    case .doubled: throw AuthenticationRefusal(.credentialDoubled, at: at, "The digest of the body occurs more than once.")
    case .value(let text):
      guard let given = digest.encoding.decode(text) else {
        throw AuthenticationRefusal(.signatureMalformed, at: at, "The digest of the body is not in \(digest.encoding.rawValue).")
      }
      guard constantTimeEqual(given, Digest.of(reader.request.body, digest.algorithm)) else {
        throw AuthenticationRefusal(.signatureWrong, at: at, "The digest in the URL is not that of the bytes received.")
      }
    }
  }
}
