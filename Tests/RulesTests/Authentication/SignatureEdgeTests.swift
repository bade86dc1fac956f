import Cryptography
import Rules
import Testing

/// Requests at the edges of schemes that are written in a flow file.
@Suite("Signatures at the edges")
struct SignatureEdgeTests {
  static let secret = "It's a secret"

  private func code(_ message: String, _ algorithm: HashAlgorithm = .sha256) -> [UInt8] {
    HMAC.of(message, key: Self.secret, algorithm)
  }

  private func hmac(_ fields: String) throws -> AuthenticationRule {
    try parseRule("{\"mode\": \"hmac\", \"scheme\": {\"algorithm\": \"sha256\", \(fields)}}")
  }

  @Test("A signature in the body, once")
  func inBody() throws {
    let rule = try hmac(#""signature": {"in": "json", "name": "sig"}, "signed": "{json:a.0}.{json:n}""#)
    func check(_ body: String) -> RefusalCause? {
      rule.check(.post([("Content-Type", "application/json")], body: body), [Self.secret]).cause
    }
    let signature = Hex.encode(code("x.1.50"))
    #expect(check("{\"a\":[\"x\"],\"n\":1.50,\"sig\":\"\(signature)\"}") == nil)
    #expect(check("{\"a\":[\"x\"],\"n\":1.5,\"sig\":\"\(signature)\"}") == .signatureWrong)
    #expect(check("{\"a\":[\"x\"],\"n\":1.50,\"sig\":\"\(signature)\",\"sig\":\"\(signature)\"}") == .credentialDoubled)
    #expect(check("{\"a\":[\"x\"],\"n\":1.50,\"n\":1.50,\"sig\":\"\(signature)\"}") == .credentialDoubled)
    #expect(check("{\"a\":[],\"n\":1.50,\"sig\":\"\(signature)\"}") == .signatureMalformed)
    #expect(check("{\"a\":[\"x\"],\"n\":1.50,\"sig\":null}") == .credentialMissing)
    #expect(check("not json") == .credentialMissing)
    #expect(check("") == .credentialMissing)
  }

  @Test("A signed value that occurs twice is refused")
  func doubledValue() throws {
    let rule = try hmac(#""signature": {"in": "header", "name": "x-sig"}, "signed": "{header:x-id}{query:q}{body}""#)
    var request = IncomingRequest.post([("x-sig", Hex.encode(code("idqbody"))), ("x-id", "id")], query: "q=q", body: "body")
    #expect(rule.check(request, [Self.secret]).isVerified)
    request.headers.append(HeaderField("x-id", "id"))
    #expect(rule.check(request, [Self.secret]).cause == .credentialDoubled)
    request.headers.removeLast()
    request.query = Array("q=q&q=q".utf8)
    #expect(rule.check(request, [Self.secret]).cause == .credentialDoubled)
  }

  @Test("A timestamp that occurs twice is refused, beside the signature and in a header")
  func doubledTimestamp() throws {
    let signature = Hex.encode(code("5.body"))
    let stripe = try parseRule(#"{"preset": "stripe"}"#)
    func beside(_ value: String) -> RefusalCause? {
      stripe.check(.post([("stripe-signature", value)], body: "body"), [Self.secret], nowUs: 5_000_000).cause
    }
    #expect(beside("t=5,v1=\(signature)") == nil)
    #expect(beside("t=5, v1=\(signature)") == nil)
    #expect(beside("t=5,t=5,v1=\(signature)") == .credentialDoubled)
    #expect(beside("v1=\(signature)") == .timestampMalformed)
    #expect(beside("t=,v1=\(signature)") == .timestampMalformed)
    #expect(beside("t=5") == .signatureMalformed)
    #expect(beside("t=5,v1=") == .signatureMalformed)
    #expect(beside("t=5,v0=\(signature)") == .signatureMalformed)
    #expect(beside("t=5,V1=\(signature)") == .signatureMalformed)
    #expect(beside(String(repeating: "v1=\(String(repeating: "00", count: 32)),", count: 129) + "t=5") == .signatureMalformed)
  }

  @Test("A signature with the wrong timestamp form is refused after it was found right")
  func timestampForm() throws {
    let stripe = try parseRule(#"{"preset": "stripe"}"#)
    for text in ["+5", "5.0", "-5", "0x5", "Infinity", "five"] {
      let request = IncomingRequest.post([("stripe-signature", "t=\(text),v1=\(Hex.encode(code("\(text).body")))")], body: "body")
      #expect(stripe.check(request, [Self.secret], nowUs: 5_000_000).cause == .timestampMalformed)
    }
  }

  @Test("Two alternative fields may both be there; each only once")
  func alternatives() throws {
    let rule = try parseRule(#"{"preset": "shopify"}"#)
    let right = Base64.encode(code("body"))
    let wrong = Base64.encode(code("other"))
    func check(_ headers: [(String, String)]) -> RefusalCause? { rule.check(.post(headers, body: "body"), [Self.secret]).cause }
    #expect(check([("X-Shopify-Hmac-Sha256", right), ("Shopify-Hmac-Sha256", wrong)]) == nil)
    #expect(check([("X-Shopify-Hmac-Sha256", wrong), ("Shopify-Hmac-Sha256", right)]) == nil)
    #expect(check([("X-Shopify-Hmac-Sha256", right), ("X-Shopify-Hmac-Sha256", right)]) == .credentialDoubled)
    #expect(check([("X-Shopify-Hmac-Sha256", right + "\u{1}")]) == .signatureMalformed)
  }

  @Test("A field with a numbered name: any of them, DocuSign's way")
  func prefixes() throws {
    let rule = try parseRule(#"{"preset": "docusign"}"#)
    let headers = (1...3).map { ("X-DocuSign-Signature-\($0)", Base64.encode(code($0 == 3 ? "body" : "other"))) }
    #expect(rule.check(.post(headers, body: "body"), [Self.secret]).isVerified)
    #expect(rule.check(.post(headers, body: "bodx"), [Self.secret]).cause == .signatureWrong)
  }

  @Test("Kiwify without a token signs with an empty key, which verifies nothing")
  func emptyKey() throws {
    let rule = try parseRule(#"{"preset": "kiwify"}"#)
    let signature = Hex.encode(HMAC.of("body", key: "", .sha1))
    #expect(rule.check(.post(query: "signature=\(signature)", body: "body"), [""]).cause == .signatureWrong)
    #expect(rule.fault(ofSecret: SecretBytes(copying: ""), at: "secret")?.code == .required)
  }

  @Test("Refusals name the place and show neither secret nor signature")
  func explanations() throws {
    let rule = try parseRule(#"{"preset": "github"}"#)
    for value in ["sha256=" + Hex.encode(code("other")), "sha256=zz", "nothing", ""] {
      guard case .refused(let refusal) = rule.check(.post([("x-hub-signature-256", value)], body: "body"), [Self.secret]) else {
        Issue.record("accepted \(value)")
        continue
      }
      #expect(refusal.at == #"headers["x-hub-signature-256"]"#)
      #expect(!refusal.because.contains(Self.secret) && !refusal.because.contains(Hex.encode(code("body"))))
      #expect(value.count < 8 || !refusal.because.contains(value))
    }
  }

  @Test("The URL that is signed: configured, or built of the edge node's base and the key; with its variants")
  func urls() throws {
    let built = try parseRule(#"{"preset": "square"}"#)
    var request = IncomingRequest.post(query: "a=1", body: "body")
    request.baseURL = Array("https://hooks.example.com".utf8)
    request.triggerKey = Array("wh_k".utf8)
    request.path = Array("/x".utf8)
    func sign(_ url: String) {
      request.headers = [HeaderField("x-square-hmacsha256-signature", Base64.encode(code(url + "body")))]
    }
    sign("https://hooks.example.com/w/wh_k/x?a=1")
    #expect(built.check(request, [Self.secret]).isVerified)
    let configured = try parseRule(#"{"preset": "square", "url": "https://shop.example/hook"}"#)
    #expect(configured.check(request, [Self.secret]).cause == .signatureWrong)
    sign("https://shop.example/hook?a=1")
    #expect(configured.check(request, [Self.secret]).isVerified)
    sign("https://shop.example/hook?b=2")
    #expect(
      try parseRule(#"{"preset": "square", "url": "https://shop.example/hook?b=2"}"#).check(request, [Self.secret]).isVerified)
  }

  @Test(
    "Variants of the URL",
    arguments: [
      ("twilio-json", "https://h.example:443/a?q='1'", "https://h.example/a?q='1'"),
      ("twilio-json", "https://h.example/a?q='1'", "https://h.example:443/a?q='1'"),
      ("twilio-json", "http://u:1@[::1]/a?q='1'", "http://u:1@[::1]:80/a?q='1'"),
      ("twilio-json", "https://h.example/a?q='1'", "https://h.example/a?q=%271%27"),
    ])
  func variants(_ preset: String, _ configured: String, _ signed: String) throws {
    let digest = "&bodySHA256=" + Hex.encode(Digest.of("{}", .sha256))
    let rule = try parseRule("{\"preset\": \"\(preset)\", \"url\": \"\(configured)\(digest)\"}")
    let signature = Base64.encode(HMAC.of(signed + digest, key: Self.secret, .sha1))
    let request = IncomingRequest.post([("x-twilio-signature", signature)], query: "q='1'" + digest, body: "{}")
    #expect(rule.check(request, [Self.secret]).isVerified)
  }
}
