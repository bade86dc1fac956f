import Cryptography
import Rules
import Testing

/// A request against a token mode, and what must come of it; `nil`: it is verified.
struct TokenCase: Sendable, CustomTestStringConvertible {
  let auth: String
  let name: String
  var headers: [(String, String)] = []
  var query = ""
  let cause: RefusalCause?

  var testDescription: String { "\(auth) \(name)" }

  static let secret = "s3cret-token-of-the-trigger"

  static func authorization(_ auth: String, _ name: String, _ values: [String], _ cause: RefusalCause?) -> TokenCase {
    TokenCase(auth: auth, name: name, headers: values.map { ("Authorization", $0) }, cause: cause)
  }

  static func header(_ auth: String, _ name: String, _ values: [String], _ cause: RefusalCause?) -> TokenCase {
    TokenCase(auth: auth, name: name, headers: values.map { ("X-Token", $0) }, cause: cause)
  }

  static func query(_ name: String, _ query: String, _ cause: RefusalCause?) -> TokenCase {
    TokenCase(auth: #"{"mode": "query"}"#, name: name, query: query, cause: cause)
  }

  static let bearer: [TokenCase] = {
    let auth = #"{"mode": "bearer"}"#
    return [
      authorization(auth, "right", ["Bearer \(secret)"], nil),
      authorization(auth, "scheme in capitals", ["BEARER \(secret)"], nil),
      authorization(auth, "two spaces", ["Bearer  \(secret)"], nil),
      authorization(auth, "wrong", ["Bearer \(secret)x"], .credentialWrong),
      authorization(auth, "cut", ["Bearer \(secret.dropLast())"], .credentialWrong),
      authorization(auth, "other case", ["Bearer \(secret.uppercased())"], .credentialWrong),
      authorization(auth, "other scheme", ["Basic \(secret)"], .credentialWrong),
      authorization(auth, "no scheme", [secret], .credentialWrong),
      authorization(auth, "no space", ["Bearer\(secret)"], .credentialWrong),
      authorization(auth, "empty token", ["Bearer "], .credentialMissing),
      authorization(auth, "scheme alone", ["Bearer"], .credentialMissing),
      authorization(auth, "empty", [""], .credentialMissing),
      authorization(auth, "missing", [], .credentialMissing),
      authorization(auth, "doubled", ["Bearer \(secret)", "Bearer \(secret)"], .credentialDoubled),
      authorization(auth, "doubled, one wrong", ["Bearer \(secret)", "Bearer x"], .credentialDoubled),
      authorization(auth, "doubled, one empty", ["", "Bearer \(secret)"], .credentialDoubled),
      TokenCase(auth: auth, name: "in the query", query: "token=\(secret)", cause: .credentialMissing),
    ]
  }()

  static let header: [TokenCase] = {
    let plain = #"{"mode": "header", "name": "X-Token"}"#
    let prefixed = #"{"mode": "header", "name": "x-token", "prefix": "Token "}"#
    return [
      header(plain, "right", [secret], nil),
      header(plain, "wrong", ["\(secret)x"], .credentialWrong),
      header(plain, "empty", [""], .credentialMissing),
      header(plain, "missing", [], .credentialMissing),
      header(plain, "doubled", [secret, secret], .credentialDoubled),
      TokenCase(auth: plain, name: "other field", headers: [("X-Tokens", secret)], cause: .credentialMissing),
      header(prefixed, "right", ["Token \(secret)"], nil),
      header(prefixed, "no prefix", [secret], .credentialWrong),
      header(prefixed, "other prefix", ["token \(secret)"], .credentialWrong),
      header(prefixed, "prefix alone", ["Token "], .credentialMissing),
    ]
  }()

  static let query: [TokenCase] = [
    query("right", "token=\(secret)", nil),
    query("among others", "a=1&token=\(secret)&b=2", nil),
    query("percent-encoded", "token=%73" + secret.dropFirst(), nil),
    query("wrong", "token=\(secret)x", .credentialWrong),
    query("empty", "token=", .credentialMissing),
    query("name alone", "token", .credentialMissing),
    query("missing", "", .credentialMissing),
    query("other name", "tokens=\(secret)", .credentialMissing),
    query("other case", "Token=\(secret)", .credentialMissing),
    query("doubled", "token=\(secret)&token=\(secret)", .credentialDoubled),
    query("doubled, encoded name", "token=\(secret)&%74oken=x", .credentialDoubled),
    TokenCase(
      auth: #"{"mode": "query", "name": "k[]"}"#, name: "name of its own", query: "k%5B%5D=\(secret)", cause: nil),
  ]

  static let basic: [TokenCase] = {
    let auth = #"{"mode": "basic", "username": "shop"}"#
    func encoded(_ text: String) -> String { "Basic " + Base64.encode(text) }
    return [
      authorization(auth, "right", [encoded("shop:\(secret)")], nil),
      authorization(auth, "unpadded", [String(encoded("shop:\(secret)").prefix { $0 != "=" })], nil),
      authorization(auth, "wrong password", [encoded("shop:\(secret)x")], .credentialWrong),
      authorization(auth, "wrong user", [encoded("shops:\(secret)")], .credentialWrong),
      authorization(auth, "no colon", [encoded("shop\(secret)")], .credentialWrong),
      authorization(auth, "empty password", [encoded("shop:")], .credentialWrong),
      authorization(auth, "not base 64", ["Basic shop:\(secret)"], .credentialWrong),
      authorization(auth, "missing", [], .credentialMissing),
      authorization(auth, "empty", ["Basic "], .credentialWrong),
      authorization(auth, "doubled", [encoded("shop:\(secret)"), encoded("shop:\(secret)")], .credentialDoubled),
    ]
  }()
}

@Suite("Token modes")
struct TokenModeTests {
  @Test("Cases", arguments: TokenCase.bearer + TokenCase.header + TokenCase.query + TokenCase.basic)
  func cases(_ given: TokenCase) throws {
    let request = IncomingRequest.post(given.headers, query: given.query)
    let result = try parseRule(given.auth).check(request, [TokenCase.secret])
    #expect(result.cause == given.cause)
  }

  @Test("Every cause of a refusal has one status and one public word")
  func alike() {
    let causes = (TokenCase.bearer + TokenCase.header + TokenCase.query + TokenCase.basic).compactMap(\.cause)
    #expect(Set(causes.map(\.status)) == [401])
    #expect(Set(causes.map(\.publicWord)).count == 1)
  }

  @Test("Any of several secrets is accepted, and told apart")
  func rotation() throws {
    let rule = try parseRule(#"{"mode": "bearer"}"#)
    for (index, secret) in ["first-secret", "second-secret", "third-secret"].enumerated() {
      let request = IncomingRequest.post([("Authorization", "Bearer \(secret)")])
      let result = rule.check(request, ["first-secret", "second-secret", "third-secret"])
      #expect(result == .verified(secretIndex: index))
    }
  }

  @Test("An empty secret and no secret verify nothing", arguments: [[], [""], ["", ""]] as [[String]])
  func nothingToCompare(_ secrets: [String]) throws {
    for request in [
      IncomingRequest.post([("Authorization", "Bearer ")]), .post([("Authorization", "Bearer x")]), .post(),
      .post([("Authorization", "Basic " + Base64.encode("u:"))]), .post([("X-Token", "")]), .post(query: "token="),
    ] {
      for auth in [
        #"{"mode": "bearer"}"#, #"{"mode": "header", "name": "x-token"}"#, #"{"mode": "query"}"#,
        #"{"mode": "basic", "username": "u"}"#, #"{"mode": "hmac", "preset": "github"}"#,
      ] {
        #expect(!(try parseRule(auth).check(request, secrets).isVerified))
      }
    }
  }

  @Test("A public trigger verifies everything, and says that it looked at no secret")
  func open() throws {
    let rule = try parseRule(#"{"mode": "public"}"#)
    #expect(rule.check(.post(), []) == .verified(secretIndex: nil))
    #expect(!rule.needsSecret && rule.generateSecret() == nil)
  }

  @Test("Tokens and passwords are redacted, signatures are not")
  func redactions() throws {
    func names(_ auth: String) throws -> [String] {
      let redactions = try parseRule(auth).redactions
      return (redactions.headers + redactions.parameters).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(try names(#"{"mode": "bearer"}"#) == ["authorization"])
    #expect(try names(#"{"mode": "basic", "username": "u"}"#) == ["authorization"])
    #expect(try names(#"{"mode": "header", "name": "X-Token"}"#) == ["x-token"])
    #expect(try names(#"{"mode": "query", "name": "key"}"#) == ["key"])
    #expect(try names(#"{"preset": "hotmart"}"#) == ["x-hotmart-hottok"])
    #expect(try names(#"{"preset": "kiwify"}"#).isEmpty)
    #expect(try names(#"{"mode": "public"}"#).isEmpty)
  }
}
