import Cryptography
import JSON
import Testing

@testable import Rules

/// What the signer makes passes the trigger's own verification, for every preset that has a shared secret.
@Suite("Signing samples")
struct RequestSignerTests {
  static let now: Int64 = 1_700_000_000_123_456
  static let shared = AuthenticationRule.presetNames.filter { PresetTable.presets[$0]?.rule.mode.usesPublicKey == false }
  static let publicKeys = AuthenticationRule.presetNames.filter { PresetTable.presets[$0]?.rule.mode.usesPublicKey == true }

  static func sample(_ body: String, type: String = "application/json", query: String = "a=1") -> IncomingRequest {
    IncomingRequest(
      path: Array("/extra".utf8), query: Array(query.utf8), headers: [HeaderField("content-type", type)], body: Array(body.utf8),
      receivedAtUs: now, baseURL: Array("https://hooks.example.com".utf8), triggerKey: Array("wh_key".utf8))
  }

  private static func signed(_ request: IncomingRequest, _ rule: AuthenticationRule, _ secret: SecretBytes?) throws
    -> IncomingRequest
  {
    try RequestSigner.sign(request, by: rule, secret: secret, nowUs: now)
  }

  private static func verify(_ request: IncomingRequest, _ rule: AuthenticationRule, _ secret: SecretBytes)
    -> AuthenticationResult
  {
    var body = LazyBody(request)
    return rule.verify(request, secrets: [secret], nowUs: now, body: &body)
  }

  @Test("a public-key mode says that only the sender can sign", arguments: publicKeys)
  func publicKey(_ name: String) throws {
    let rule = try parseRule(#"{"preset": "\#(name)"}"#)
    let failure = #expect(throws: RequestSigner.Failure.self) {
      _ = try Self.signed(Self.sample("{}"), rule, SecretBytes(copying: "x"))
    }
    #expect(failure?.message.contains("public key") == true)
  }

  @Test("without the secret nothing is signed")
  func pending() throws {
    let rule = try parseRule(#"{"preset": "github"}"#)
    #expect(throws: RequestSigner.Failure.self) { _ = try Self.signed(Self.sample("{}"), rule, nil) }
    #expect(try Self.signed(Self.sample("{}"), .open, nil).headers.count == 1)
  }

  @Test("a body that the scheme cannot sign is named")
  func unsuitable() throws {
    let rule = try parseRule(#"{"preset": "mailgun"}"#)
    let secret = try #require(rule.generateSecret())
    let failure = #expect(throws: RequestSigner.Failure.self) { _ = try Self.signed(Self.sample("[1]"), rule, secret) }
    #expect(failure?.message.contains("JSON object") == true)
  }

  @Test("every preset with a shared secret", arguments: shared)
  func presets(_ name: String) throws {
    let rule = try parseRule(#"{"preset": "\#(name)"}"#)
    let secret = try #require(rule.generateSecret())
    let isForm = name.contains("twilio") || (try? Self.signed(Self.sample(#"{"a":{"b":[1]}}"#), rule, secret)) == nil
    let sample =
      isForm
      ? Self.sample("b=2&a=1", type: "application/x-www-form-urlencoded") : Self.sample(#"{"a":{"b":[1]},"n":9007199254740993}"#)
    let signed = try Self.signed(sample, rule, secret)
    #expect(Self.verify(signed, rule, secret) == .verified(secretIndex: 0))
    #expect(Self.verify(signed, rule, try #require(rule.generateSecret())) != .verified(secretIndex: 0))
    // Signing what is signed already replaces the signature.
    #expect(Self.verify(try Self.signed(signed, rule, secret), rule, secret) == .verified(secretIndex: 0))
  }

  @Test(
    "tokens are put where they are looked for",
    arguments: [
      #"{"mode": "bearer"}"#, #"{"mode": "header", "name": "X-Token", "prefix": "Token "}"#,
      #"{"mode": "query", "name": "a b&"}"#,
      #"{"mode": "query"}"#, #"{"mode": "basic", "username": "shop"}"#,
    ])
  func tokens(_ text: String) throws {
    let rule = try parseRule(text)
    let secret = SecretBytes(copying: "se cret+&=é/x0123456")
    var sample = Self.sample("{}")
    sample.headers.append(HeaderField("authorization", "Bearer old"))
    sample.query = Array("token=old&a=1".utf8)
    let signed = try Self.signed(sample, rule, secret)
    #expect(Self.verify(signed, rule, secret) == .verified(secretIndex: 0))
    #expect(String(decoding: signed.query, as: UTF8.self).contains("a=1"))
  }

  @Test(
    "schemes of one's own",
    arguments: [
      #"{"algorithm": "sha256", "encoding": "base64url", "signature": {"in": "query", "name": "sig"}, "signed": "{method}.{path}.{body}"}"#,
      #"{"algorithm": "sha512", "encoding": "hex", "signature": {"in": "json", "name": "meta.sig"}, "signed": "{json:meta.id}.{header:x-id}"}"#,
      #"{"algorithm": "sha1", "encoding": "base64", "signature": {"in": "header", "name": "x-sig"}, "signed": "{query:nonce}{body}"}"#,
    ])
  func schemes(_ scheme: String) throws {
    let rule = try parseRule(#"{"mode": "hmac", "scheme": \#(scheme)}"#)
    let secret = try #require(rule.generateSecret())
    let signed = try Self.signed(Self.sample(#"{"meta":{"id":"7"},"x":1}"#), rule, secret)
    #expect(Self.verify(signed, rule, secret) == .verified(secretIndex: 0))
  }

  @Test("times as senders write them", arguments: SignatureTimeUnit.allCases)
  func times(_ unit: SignatureTimeUnit) throws {
    let text = unit.text(Self.now)
    let read = try #require(unit.microseconds(text))
    #expect(abs(read - Self.now) < 1_000_000)
    if unit == .rfc1123 { #expect(String(decoding: text, as: UTF8.self) == "Tue, 14 Nov 2023 22:13:20 GMT") }
  }
}
