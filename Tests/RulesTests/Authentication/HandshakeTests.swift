import Cryptography
import JSON
import Rules
import Testing

@Suite("Handshakes")
struct HandshakeTests {
  private func answer(
    _ preset: String, _ request: IncomingRequest, secret: String? = "secret", verifyToken: String? = nil
  ) throws -> Handshake.Answer? {
    let handshake = try #require(try parseRule("{\"preset\": \"\(preset)\"}").handshake)
    var body = LazyBody(request)
    return handshake.answer(
      to: request, secret: secret.map { SecretBytes(copying: $0) },
      verifyTokens: verifyToken.map { [SecretBytes(copying: $0)] } ?? [], body: &body)
  }

  private func get(_ query: String) -> IncomingRequest { IncomingRequest(method: Array("GET".utf8), query: Array(query.utf8)) }

  private func json(_ body: String) -> IncomingRequest { .post([("Content-Type", "application/json")], body: body) }

  @Test("Slack's challenge is echoed as text, after verification")
  func slack() throws {
    let request = json(
      #"{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#)
    let answer = try #require(try answer("slack", request))
    #expect(answer.status == 200 && answer.contentType.hasPrefix("text/plain"))
    #expect(String(decoding: answer.body, as: UTF8.self) == "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P")
    #expect(try parseRule(#"{"preset": "slack"}"#).handshake?.isAnsweredAfterVerification == true)
    #expect(try self.answer("slack", json(#"{"challenge":"x","type":"event_callback"}"#)) == nil)
    #expect(try self.answer("slack", json(#"{"type":"url_verification"}"#)) == nil)
    let long = String(repeating: "x", count: 1025)
    #expect(try self.answer("slack", json("{\"type\":\"url_verification\",\"challenge\":\"\(long)\"}")) == nil)
  }

  @Test("Meta's challenge is echoed only with the right verify token")
  func meta() throws {
    let request = get("hub.mode=subscribe&hub.verify_token=tok%20en&hub.challenge=1158201444")
    let right = try #require(try answer("meta", request, verifyToken: "tok en"))
    #expect(right.status == 200 && right.body == Array("1158201444".utf8))
    for token in [nil, "", "token", "tok en "] as [String?] {
      let refusal = try #require(try answer("meta", request, verifyToken: token))
      #expect(refusal.status == 403 && refusal.body.isEmpty)
    }
    #expect(try answer("meta", get("hub.mode=subscribe&hub.challenge=1"), verifyToken: "").map(\.status) == 403)
    #expect(try answer("meta", get("hub.mode=unsubscribe"), verifyToken: "x") == nil)
    let doubled = get("hub.mode=subscribe&hub.verify_token=a&hub.verify_token=a&hub.challenge=1")
    #expect(try answer("meta", doubled, verifyToken: "a").map(\.status) == 403)
  }

  @Test("Dropbox's challenge is echoed, Trello's HEAD is answered")
  func echo() throws {
    #expect(try answer("dropbox", get("challenge=abc123"))?.body == Array("abc123".utf8))
    #expect(try answer("dropbox", get("challenge=")) == nil)
    #expect(try answer("dropbox", .post(query: "challenge=abc123")) == nil)
    #expect(try answer("trello", IncomingRequest(method: Array("HEAD".utf8)))?.status == 200)
  }

  /// https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint
  @Test("Zoom's and X's answers prove the secret, and sign no text that could be a webhook")
  func signed() throws {
    func zoom(_ token: String) -> IncomingRequest {
      json("{\"event\":\"endpoint.url_validation\",\"payload\":{\"plainToken\":\"\(token)\"}}")
    }
    let answer = try #require(try answer("zoom", zoom("qgg8vlvZRS6UYooatFL8Aw")))
    let code = Hex.encode(HMAC.of("qgg8vlvZRS6UYooatFL8Aw", key: "secret", .sha256))
    #expect(
      String(decoding: answer.body, as: UTF8.self)
        == "{\"plainToken\":\"qgg8vlvZRS6UYooatFL8Aw\",\"encryptedToken\":\"\(code)\"}")
    for token in ["v0:1700000000:{}", "a b", "", String(repeating: "a", count: 257), "{", "é"] {
      #expect(try self.answer("zoom", zoom(token)) == nil)
    }
    #expect(try self.answer("zoom", zoom("abc"), secret: "") == nil)
    #expect(try self.answer("zoom", zoom("abc"), secret: nil) == nil)
    let proof = Base64.encode(HMAC.of("challenge", key: "secret", .sha256))
    #expect(
      try self.answer("x-twitter", get("crc_token=challenge")).map { String(decoding: $0.body, as: UTF8.self) }
        == "{\"response_token\":\"sha256=\(proof)\"}")
  }

  /// Whoever asks is given the signature of a challenge; with it a body of the same text must not pass for the provider's.
  @Test(arguments: ["event=order_paid", "123", "order_paid"])
  func aSignedChallengeIsNoWebhook(text: String) throws {
    let trigger = try Sample.trigger(
      #""auth":{"mode":"hmac","preset":"x-twitter"}"#, connections: #"{"from":"hook","to":"other"}"#)
    let challenge = IncomingRequest(method: Array("GET".utf8), query: Array("crc_token=\(text.replacing("=", with: "%3D"))".utf8))
    #expect(trigger.evaluate(challenge, secret: "secret").kind == .handshake)

    func signed(_ body: String) -> Decision {
      let signature = "sha256=" + Base64.encode(HMAC.of(body, key: "secret", .sha256))
      return trigger.evaluate(
        Sample.json(body, headers: [HeaderField("x-twitter-webhooks-signature", signature)]), secret: "secret")
    }
    #expect(signed(text).kind == .rejected(.signatureWrong))
    #expect(signed("{\"event\":\"\(text)\"}").kind == .accepted)
  }
}
