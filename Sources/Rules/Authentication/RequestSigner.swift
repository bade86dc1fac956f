package import Cryptography
internal import JSON

/// Makes requests that a trigger accepts: puts its credential where its rule looks for it, or signs as its provider would.
///
/// What a scheme signs and the request lacks (a message id, the time) is made up. The result has been verified with the
/// rule itself.
package enum RequestSigner {
  /// Why a request cannot be signed; one sentence for the trigger's owner, without anything secret.
  package struct Failure: Error, Hashable, Sendable {
    package let message: String
  }

  /// Random bytes of a made-up value.
  private static let madeUpBytes = 12

  /// The request with a credential.
  ///
  /// - Parameters:
  ///   - request: what is there of the credential already is replaced.
  ///   - secret: as it was set (not decoded); `nil` where the rule needs none.
  ///   - nowUs: the signed time, microseconds since 1970 UTC.
  package static func sign(
    _ request: IncomingRequest, by rule: AuthenticationRule, secret: SecretBytes?, nowUs: Int64
  ) throws(Failure) -> IncomingRequest {
    guard !rule.mode.usesPublicKey else {
      throw Failure(
        message: "The mode \(rule.mode.rawValue) verifies with the sender's public key; only the sender can sign.")
    }
    guard rule.mode.needsSecret else { return request }
    guard let secret else { throw Failure(message: "The trigger's secret is not known yet.") }
    var signed = request
    switch rule.method {
    case .open: return request
    case .bearer: signed.set(AuthenticationRule.authorization, Array("Bearer ".utf8) + secret.revealed())
    case .header(let name, let prefix): signed.set(name, prefix + secret.revealed())
    case .query(let name): signed.setParameter(name, secret.revealed())
    case .basic(let username):
      let credentials = Base64.encode(username + [UInt8(ascii: ":")] + secret.revealed())
      signed.set(AuthenticationRule.authorization, Array("Basic \(credentials)".utf8))
    case .signature(let scheme):
      signed = try scheme.sign(request, secret: secret, publicURL: rule.publicURL, nowUs: nowUs)
    }
    var body = LazyBody(signed)
    if case .refused(let refusal) = rule.verify(signed, secrets: [secret], nowUs: nowUs, body: &body) {
      throw Failure(message: "The request cannot be signed so that it is accepted: \(refusal.because) (\(refusal.at))")
    }
    return signed
  }

  /// A value that nobody has seen before.
  static func madeUp() -> [UInt8] { Array(Hex.encode(SecureRandom.bytes(count: madeUpBytes)).utf8) }
}

extension SignatureScheme {
  /// Adds the signature, and what is signed with it.
  fileprivate func sign(
    _ request: IncomingRequest, secret: SecretBytes, publicURL: [UInt8]?, nowUs: Int64
  ) throws(RequestSigner.Failure) -> IncomingRequest {
    guard let template = signed.first else { throw RequestSigner.Failure(message: "The scheme signs nothing.") }
    var request = request
    let time = timestamp.map { $0.unit.text(nowUs) }
    if let time { try place(time, in: &request) }
    try complete(&request, for: template)
    if let bodyDigest {
      let digest = encoding(bodyDigest.encoding, Digest.of(request.body, bodyDigest.algorithm))
      request.setParameter(bodyDigest.parameter, digest)
    }
    var reader = RequestReader(request, body: LazyBody(request))
    let url = signsURL ? SignedURL.variants(SignedURL.build(configured: publicURL, request), urlVariants).first ?? [] : []
    let message: SignedMessage
    do throws(AuthenticationRefusal) {
      message = try SignedMessage(template, SignedMessage.Values(url: url, timestamp: time), &reader)
    } catch {
      throw RequestSigner.Failure(message: "\(error.because) (\(error.at))")
    }
    let code = self.secret.withKey(of: secret) { key -> [UInt8]? in
      switch algorithm {
      case .hmac(let hash): HMAC.of(message.joined, key: key, hash)
      case .digest(let hash): message.digest(hash, key: key)
      case .publicKey: nil
      }
    }
    guard let code = code ?? nil else {
      throw RequestSigner.Failure(message: "The trigger's secret cannot be a key of its scheme.")
    }
    let value = item(encoding(encoding, code), time)
    switch location.place {
    case .headers(let patterns):
      guard let pattern = patterns.first else { throw RequestSigner.Failure(message: "The scheme names no header field.") }
      request.headers.removeAll { field in patterns.contains { $0.matches(field.name) } }
      request.set(pattern.isPrefix ? pattern.name + [UInt8(ascii: "1")] : pattern.name, value)
    case .query(let name): request.setParameter(name, value)
    case .json(let path): try request.setMember(path, value)
    case .form(let name): request.setField(name, value)
    }
    return request
  }

  /// `t=…,v1=…` where the scheme has a list; otherwise the signature with its prefix.
  private func item(_ signature: [UInt8], _ time: [UInt8]?) -> [UInt8] {
    let separator = location.pairSeparator.map { [$0] } ?? []
    let item = location.key.map { $0 + separator + signature } ?? signature
    guard let listSeparator = location.listSeparator, case .signature(let name)? = timestamp?.place, let time else { return item }
    return name + separator + time + [listSeparator] + item
  }

  private func encoding(_ encoding: Encoding, _ bytes: [UInt8]) -> [UInt8] {
    switch encoding {
    case .hex: Array(Hex.encode(bytes).utf8)
    case .base64: Array(Base64.encode(bytes).utf8)
    case .base64url: Array(Base64.encode(bytes, alphabet: .urlSafe, padding: .absent).utf8)
    }
  }

  private func place(_ time: [UInt8], in request: inout IncomingRequest) throws(RequestSigner.Failure) {
    switch timestamp?.place {
    case .header(let name)?: request.set(name, time)
    case .json(let path)?: try request.setMember(path, time)
    case .signature?, nil: break
    }
  }

  /// Makes up what is signed and not there.
  private func complete(_ request: inout IncomingRequest, for template: SignedTemplate) throws(RequestSigner.Failure) {
    for piece in template.pieces where piece.segment == nil {
      if case .value(.headerList(let list), _) = piece.content { completeList(list, &request) }
      guard case .value(.source(let source), _) = piece.content else { continue }
      var reader = RequestReader(request, body: LazyBody(request))
      guard case .absent = reader.value(source) else { continue }
      switch source {
      case .header(let name): request.set(name, RequestSigner.madeUp())
      case .query(let name): request.setParameter(name, RequestSigner.madeUp())
      case .json(let path): try request.setMember(path, RequestSigner.madeUp())
      // No hexadecimal number, which a handshake may sign for anyone.
      case .form(let name): request.setField(name, [UInt8(ascii: "x")] + RequestSigner.madeUp())
      }
    }
  }

  /// Signs the list itself and the timestamp, where the request does not say what is signed.
  private func completeList(_ list: [UInt8], _ request: inout IncomingRequest) {
    guard request.header(list).count == 0 else { return }
    var names = [list]
    if case .header(let name)? = timestamp?.place { names.append(name) }
    request.set(list, Array(names.sorted { $0.lexicographicallyPrecedes($1) }.joined(separator: [UInt8(ascii: ",")])))
  }
}

extension IncomingRequest {
  /// Sets a header field, in the place of all of that name.
  fileprivate mutating func set(_ name: [UInt8], _ value: [UInt8]) {
    headers.removeAll { $0.name == name }
    headers.append(HeaderField(name: name, value: value))
  }

  /// Sets a query parameter, in the place of all of that name.
  fileprivate mutating func setParameter(_ name: [UInt8], _ value: [UInt8]) {
    query = FormEncoding.pairs(query, setting: name, to: value)
  }

  /// Sets a field of a form body, in the place of all of that name.
  fileprivate mutating func setField(_ name: [UInt8], _ value: [UInt8]) {
    body = FormEncoding.pairs(body, setting: name, to: value)
  }

  /// Sets a text in a JSON body.
  fileprivate mutating func setMember(_ path: DottedPath, _ value: [UInt8]) throws(RequestSigner.Failure) {
    let text = body.isEmpty ? Array("{}".utf8) : body
    guard let document = try? JSONDocument(text), document.root.kind == .object else {
      throw RequestSigner.Failure(message: "The scheme looks into a JSON object, and the body is none.")
    }
    var writer = JSONWriter(reservingCapacity: text.count + 128)
    Self.write(document.root, path.segments[...], value, to: &writer)
    body = writer.bytes
  }

  /// A value in which what the path leads to is replaced, or added with what is missing on the way.
  private static func write(_ value: JSONValue?, _ path: ArraySlice<[UInt8]>, _ text: [UInt8], to writer: inout JSONWriter) {
    guard let step = path.first else { return writer.string(text) }
    let rest = path.dropFirst()
    let position = Int(String(decoding: step, as: UTF8.self))
    if let value, value.kind == .array, let position {
      writer.beginArray()
      for (index, element) in value.elements.enumerated() {
        if index == position { write(element, rest, text, to: &writer) } else { writer.value(element) }
      }
      if position >= value.count { write(nil, rest, text, to: &writer) }
      writer.endArray()
    } else if position == 0, value == nil {
      writer.beginArray()
      write(nil, rest, text, to: &writer)
      writer.endArray()
    } else {
      var isThere = false
      writer.beginObject()
      if let value, value.kind == .object {
        for (key, member) in value.members {
          let isStep = key.equals(step)
          if isStep, isThere { continue }
          writer.key(key.stringBytes ?? [])
          if isStep { write(member, rest, text, to: &writer) } else { writer.value(member) }
          isThere = isThere || isStep
        }
      }
      if !isThere {
        writer.key(step)
        write(nil, rest, text, to: &writer)
      }
      writer.endObject()
    }
  }
}

/// Texts as they stand in a query or a form.
enum FormEncoding {
  /// Everything but letters, digits, "-", ".", "_" and "~" as "%XX" (RFC 3986 §2.1).
  static func encode(_ text: [UInt8]) -> [UInt8] {
    text.flatMap { byte -> [UInt8] in
      if HTTPToken.isLetterOrDigit(byte) || "-._~".utf8.contains(byte) { return [byte] }
      return [UInt8(ascii: "%"), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
    }
  }

  /// Pairs with one more at the end, in the place of all of that name.
  static func pairs(_ text: [UInt8], setting name: [UInt8], to value: [UInt8]) -> [UInt8] {
    let others = text.split(separator: UInt8(ascii: "&")).filter { pair in
      FormDecoding.decode(pair.prefix { $0 != UInt8(ascii: "=") }) != name
    }
    let added = encode(name) + [UInt8(ascii: "=")] + encode(value)
    return Array((others.map(Array.init) + [added]).joined(separator: [UInt8(ascii: "&")]))
  }

  private static let hexDigits = Array("0123456789ABCDEF".utf8)
}

extension SignatureTimeUnit {
  /// A time as a sender of this unit writes it.
  func text(_ microseconds: Int64) -> [UInt8] {
    let text: String =
      switch self {
      case .seconds: "\(microseconds / 1_000_000)"
      case .milliseconds, .auto: "\(microseconds / 1000)"
      case .iso8601: InstantText.rfc3339(microseconds: microseconds)
      case .rfc1123: InstantText.imfFixdate(microseconds: microseconds)
      }
    return Array(text.utf8)
  }
}
