package import Cryptography

extension AuthenticationRule {
  /// Checks a request's credential against the active secrets.
  ///
  /// A credential that occurs twice is refused, whatever its values: another reader of the request could have meant the
  /// other one. Every comparison takes a time that depends on lengths only; an empty secret never matches.
  ///
  /// - Parameters:
  ///   - secrets: as they were set (not decoded); any of them may be the one.
  ///   - nowUs: the present, microseconds since 1970 UTC.
  ///   - body: read only by schemes that look into it.
  package func verify(
    _ request: IncomingRequest, secrets: [some ByteSource], nowUs: Int64, body: inout LazyBody
  ) -> AuthenticationResult {
    do throws(AuthenticationRefusal) {
      switch method {
      case .open: return .verified(secretIndex: nil)
      case .bearer: return .verified(secretIndex: try verifyBearer(request, secrets))
      case .header(let name, let prefix): return .verified(secretIndex: try verifyHeader(name, prefix, request, secrets))
      case .query(let name): return .verified(secretIndex: try verifyQuery(name, request, secrets))
      case .basic(let username): return .verified(secretIndex: try verifyBasic(username, request, secrets))
      case .signature(let scheme):
        var reader = RequestReader(request, body: body)
        defer { body = reader.body }
        return .verified(
          secretIndex: try scheme.verify(
            secrets: secrets, publicURL: publicURL, handshake: handshake, nowUs: nowUs, &reader))
      }
    } catch {
      return .refused(error)
    }
  }

  private func verifyBearer(_ request: IncomingRequest, _ secrets: [some ByteSource]) throws(AuthenticationRefusal) -> Int {
    try match(authorization("bearer", request), secrets, at: .header(Self.authorization))
  }

  private func verifyHeader(
    _ name: [UInt8], _ prefix: [UInt8], _ request: IncomingRequest, _ secrets: [some ByteSource]
  ) throws(AuthenticationRefusal) -> Int {
    let source = ValueSource.header(name)
    let value = try onlyField(name, request)
    guard value.starts(with: prefix) else {
      throw AuthenticationRefusal(
        .credentialWrong, at: source.payloadPath, "The value does not start with the prefix that is set.")
    }
    return try match(value[prefix.count...], secrets, at: source)
  }

  private func verifyQuery(
    _ name: [UInt8], _ request: IncomingRequest, _ secrets: [some ByteSource]
  ) throws(AuthenticationRefusal) -> Int {
    let source = ValueSource.query(name)
    var reader = RequestReader(request, body: LazyBody(request))
    switch reader.query(name) {
    case .absent:
      throw AuthenticationRefusal(.credentialMissing, at: source.payloadPath, "The request carries no token here.")
    case .doubled:
      throw AuthenticationRefusal(.credentialDoubled, at: source.payloadPath, "The parameter occurs more than once.")
    case .value(let token): return try match(token[...], secrets, at: source)
    }
  }

  private func verifyBasic(
    _ username: [UInt8], _ request: IncomingRequest, _ secrets: [some ByteSource]
  ) throws(AuthenticationRefusal) -> Int {
    let encoded = try authorization("basic", request)
    guard let credentials = Base64.decode(encoded, padding: .optional) else {
      throw AuthenticationRefusal(.credentialWrong, at: Self.authorizationPath, "The credential is not base 64 (RFC 7617 §2).")
    }
    for (index, secret) in secrets.enumerated() {
      let isMatch = secret.withBytes { secret in
        guard !secret.isEmpty else { return false }
        var expected = username + [UInt8(ascii: ":")] + secret
        defer { wipe(&expected) }
        return constantTimeEqual(credentials, expected)
      }
      if isMatch { return index }
    }
    throw AuthenticationRefusal(.credentialWrong, at: Self.authorizationPath, "User or password are not the trigger's.")
  }

  private static let authorizationPath = "headers[\"authorization\"]"

  /// What follows the scheme's name in the only `Authorization` field (RFC 9110 §11.6.2; the name in either case).
  private func authorization(_ scheme: StaticString, _ request: IncomingRequest) throws(AuthenticationRefusal) -> ArraySlice<
    UInt8
  > {
    let value = try onlyField(Self.authorization, request)
    let name = value.prefix { $0 != UInt8(ascii: " ") }
    // Only letters stand in `scheme`, so setting the bit of the case is enough.
    guard name.count == scheme.utf8CodeUnitCount, scheme.withUTF8Buffer({ zip($0, name).allSatisfy { $0 == $1 | 0x20 } }) else {
      throw AuthenticationRefusal(
        .credentialWrong, at: Self.authorizationPath, "The credential is not of the scheme \"\(scheme)\".")
    }
    return value[name.count...].drop { $0 == UInt8(ascii: " ") }
  }

  private func onlyField(_ name: [UInt8], _ request: IncomingRequest) throws(AuthenticationRefusal) -> [UInt8] {
    let (value, count) = request.header(name)
    guard let value, !(count == 1 && value.isEmpty) else {
      throw AuthenticationRefusal(
        .credentialMissing, at: ValueSource.header(name).payloadPath, "The request carries no credential here.")
    }
    guard count == 1 else {
      throw AuthenticationRefusal(
        .credentialDoubled, at: ValueSource.header(name).payloadPath, "The field occurs \(count) times.")
    }
    return value
  }

  private func match(
    _ token: ArraySlice<UInt8>, _ secrets: [some ByteSource], at source: ValueSource
  ) throws(AuthenticationRefusal) -> Int {
    guard !token.isEmpty else { throw AuthenticationRefusal(.credentialMissing, at: source.payloadPath, "The token is empty.") }
    for (index, secret) in secrets.enumerated() where constantTimeEqual(token, secret) { return index }
    throw AuthenticationRefusal(.credentialWrong, at: source.payloadPath, "The token is not the trigger's.")
  }
}
