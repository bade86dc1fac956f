import Cryptography
import JSON
import RulesTestSupport
import Testing

@testable import Rules

/// Handshakes set in a flow file, and Meta's with its verify token, through a whole trigger.
@Suite("Handshakes of one's own")
struct OwnHandshakeTests {
  private static let hmac = #""mode":"hmac","scheme":{"algorithm":"sha256","signature":{"in":"header","name":"x-s"}"#
  private static let token = #""mode":"bearer""#
  private static let echo = #""respond":{"text":"{query:c}"}"#

  @Test(
    "What is wrong with one is said with its path",
    arguments: [
      (token, "[]", "", "wrong_type"), (token, "{}", ".match", "required"), (token, #"{"match":{}}"#, ".match", "required"),
      (token, #"{"match":[]}"#, ".match", "wrong_type"), (token, #"{"match":{"method":[]}}"#, ".match.method", "wrong_type"),
      (token, #"{"match":{"cookie:a":"*"}}"#, ".match[\"cookie:a\"]", "invalid_value"),
      (token, #"{"match":{"header:a b":"*"}}"#, ".match[\"header:a b\"]", "invalid_value"),
      (token, #"{"match":{"method":"GET"},"answer":{}}"#, ".answer", "unknown_field"),
      (token, #"{"match":{"method":"GET"},"check":"json:token"}"#, ".check", "invalid_value"),
      (token, #"{"match":{"method":"GET"},"check":"form:token"}"#, ".check", "invalid_value"),
      (token, #"{"match":{"method":"GET"},"check":"token"}"#, ".check", "invalid_value"),
      (token, #"{"match":{"method":"GET"},"after_verify":"yes"}"#, ".after_verify", "wrong_type"),
      (token, #"{"match":{"method":"GET"},"respond":{"body":"x"}}"#, ".respond.body", "unknown_field"),
      (token, #"{"match":{"method":"GET"},"respond":{"status":302}}"#, ".respond.status", "invalid_value"),
      (token, #"{"match":{"method":"GET"},"respond":{"text":"x","json":{}}}"#, ".respond.json", "conflict"),
      (token, #"{"match":{"method":"GET"},"respond":{"text":"{query:c"}}"#, ".respond.text", "invalid_value"),
      (token, #"{"match":{"method":"GET"},"respond":{"text":"{c}"}}"#, ".respond.text", "invalid_value"),
      (token, #"{"match":{"method":"GET"},"respond":{"json":[]}}"#, ".respond.json", "wrong_type"),
      (token, #"{"match":{"method":"GET"},"respond":{"json":{"a":1}}}"#, ".respond.json.a", "wrong_type"),
      (token, #"{"match":{"method":"GET"},"respond":{"headers":{"content-length":"1"}}}"#, ".respond.headers", "invalid_value"),
      (token, #"{"match":{"method":"GET"},"respond":{"headers":{"a b":"1"}}}"#, ".respond.headers", "invalid_value"),
      (#""preset":"slack""#, #"{"match":{"method":"GET"}}"#, "", "conflict"),
      // The secret must not be guessed from what it signs, nor sign for anyone what this trigger takes.
      (token, #"{"match":{"query:c":"*"},"respond":{"text":"{hmac_hex:query:c}"}}"#, "", "conflict"),
      (
        hmac + #","signed":"{header:x-a}"}"#, #"{"match":{"query:c":"*"},"respond":{"text":"{hmac_hex:query:c}"}}"#, "",
        "conflict"
      ),
      (
        hmac + #","signed":"x[{body}]{path}"}"#,
        #"{"match":{"query:c":"*"},"respond":{"headers":{"x":"{hmac_base64:query:c}"}}}"#, "", "conflict"
      ),
      (
        hmac + #","signed":["{body}","{header:x-a}"]}"#,
        #"{"match":{"query:c":"*"},"respond":{"json":{"x":"{hmac_hex:query:c}"}}}"#, "",
        "conflict"
      ),
    ])
  func faults(_ mode: String, _ handshake: String, _ path: String, _ code: String) {
    let faults = Sample.faults(Sample.flowText(#""auth":{\#(mode),"handshake":\#(handshake)}"#))
    #expect(faults.map { [$0.path, $0.code.rawValue] } == [["nodes[0].auth.handshake\(path)", code]], "\(faults)")
  }

  @Test(
    "One is written back as it was",
    arguments: [
      #"{"match":{"method":"GET","query:hub.mode":"subscribe"},"check":"query:hub.verify_token","respond":{"text":"{query:hub.challenge}"}}"#,
      #"{"match":{"json:event":"endpoint.url_validation"},"after_verify":true,"respond":{"json":{"a":"{json:p.0.t}","b":"x{hmac_hex:json:p}y{hmac_base64:form:q}"}}}"#,
      #"{"match":{"header:x-hook-secret":"*"},"respond":{"headers":{"x-hook-secret":"{header:x-hook-secret}"}}}"#,
      #"{"match":{"method":"HEAD"}}"#, #"{"match":{"json:type":"0"},"respond":{"status":204}}"#,
    ])
  func roundTrip(_ handshake: String) throws {
    let flow = try Sample.flow(#""auth":{\#(Self.hmac)},"handshake":\#(handshake)}"#)
    let text = try #require(Sample.text(flow.node("hook")?.canonicalJSON))
    #expect(text.contains(#""handshake":\#(handshake)"#))
    #expect(try FlowDefinition.parse(flow.canonicalJSON).definition == flow)
  }

  private static func request(
    _ method: String, query: String = "", headers: [HeaderField] = [], body: String = ""
  ) -> IncomingRequest {
    var request = Sample.json(body, query: query, headers: headers)
    request.method = Array(method.utf8)
    return request
  }

  /// Providers that have no preset, because they are verified otherwise or not at all.
  @Test(
    "What other providers ask is answered from a flow file",
    arguments: [
      // Monday (https://developer.monday.com/apps/docs/webhooks)
      (
        #"{"match":{"json:challenge":"*"},"respond":{"json":{"challenge":"{json:challenge}"}}}"#,
        request("POST", body: #"{"challenge":"3eZbrw1aBm2rZg"}"#),
        HTTPAnswer(
          status: 200, headers: [HeaderField("content-type", "application/json")],
          body: Array(#"{"challenge":"3eZbrw1aBm2rZg"}"#.utf8))
      ),
      // Microsoft Graph (https://learn.microsoft.com/graph/change-notifications-delivery-webhooks)
      (
        #"{"match":{"query:validationToken":"*"},"respond":{"text":"{query:validationToken}"}}"#,
        request("POST", query: "validationToken=Validation%3a+Test"),
        HTTPAnswer(
          status: 200, headers: [HeaderField("content-type", "text/plain; charset=utf-8")], body: Array("Validation: Test".utf8))
      ),
      // Okta (https://developer.okta.com/docs/concepts/event-hooks/)
      (
        #"{"match":{"method":"GET","header:x-okta-verification-challenge":"*"},"respond":{"json":{"verification":"{header:x-okta-verification-challenge}"}}}"#,
        request("GET", headers: [HeaderField("x-okta-verification-challenge", "x1")]),
        HTTPAnswer(
          status: 200, headers: [HeaderField("content-type", "application/json")], body: Array(#"{"verification":"x1"}"#.utf8))
      ),
      // Twitch (https://dev.twitch.tv/docs/eventsub/handling-webhook-events/)
      (
        #"{"match":{"header:twitch-eventsub-message-type":"webhook_callback_verification"},"respond":{"text":"{json:challenge}"}}"#,
        request(
          "POST", headers: [HeaderField("twitch-eventsub-message-type", "webhook_callback_verification")],
          body: #"{"challenge":"abc"}"#),
        HTTPAnswer(status: 200, headers: [HeaderField("content-type", "text/plain; charset=utf-8")], body: Array("abc".utf8))
      ),
      // Asana (https://developers.asana.com/docs/webhooks-guide)
      (
        #"{"match":{"header:x-hook-secret":"*"},"respond":{"status":204,"headers":{"X-Hook-Secret":"{header:x-hook-secret}"}}}"#,
        request("POST", headers: [HeaderField("x-hook-secret", "s1")]),
        HTTPAnswer(status: 204, headers: [HeaderField("x-hook-secret", "s1")])
      ),
    ])
  func others(_ handshake: String, _ request: IncomingRequest, _ expected: HTTPAnswer) throws {
    let trigger = try Sample.trigger(#""auth":{\#(Self.token),"handshake":\#(handshake)}"#)
    let decision = trigger.evaluate(request, secret: "secret-token")
    #expect(decision.kind == .handshake)
    var expected = expected
    if expected.status != 204 { expected.headers.insert(HeaderField("x-content-type-options", "nosniff"), at: 1) }
    #expect(decision.answer == expected)
    #expect(trigger.evaluate(Self.request("POST", body: "{}"), secret: "secret-token").kind == .rejected(.credentialMissing))
  }

  @Test("An echoed header can break no line, and nothing long is echoed")
  func hostile() throws {
    let handshake = #"{"match":{"query:c":"*"},"respond":{"headers":{"x-c":"{query:c}"},\#(Self.echo.dropFirst(11))}"#
    let trigger = try Sample.trigger(#""auth":{\#(Self.token),"handshake":\#(handshake)}"#)
    #expect(trigger.evaluate(Self.request("GET", query: "c=a")).answer.headers.contains(HeaderField("x-c", "a")))
    for query in ["c=a%0d%0aset-cookie:%20x", "c=%00", "c=\(String(repeating: "x", count: 1025))", "c=a&c=a", "c="] {
      #expect(trigger.evaluate(Self.request("GET", query: query)).kind == .rejected(.methodNotAllowed))
    }
  }

  // MARK: Meta

  private static let metaQuery = "hub.mode=subscribe&hub.verify_token=tok%20en&hub.challenge=1158201444"

  @Test("Meta is answered with any of the verify tokens, which is not recorded")
  func meta() throws {
    let trigger = try Sample.trigger(#""auth":{"preset":"meta"}"#, connections: #"{"from":"hook","to":"other"}"#)
    func ask(_ query: String, _ tokens: [String]) -> Decision {
      trigger.evaluate(
        Self.request("GET", query: query), credentials: TriggerCredentials(isPending: true),
        verifyTokens: tokens.map { SecretBytes(copying: $0) }, nowUs: 0)
    }
    for tokens in [["tok en"], ["new", "tok en"], ["tok en", "old"]] {
      let decision = ask(Self.metaQuery, tokens)
      #expect(decision.kind == .handshake)
      #expect(Sample.text(decision.answer.body) == "1158201444")
      #expect(Sample.text(decision.storedQuery) == "hub.mode=subscribe&hub.verify_token=[redacted]&hub.challenge=1158201444")
      #expect(decision.parts.isEmpty)
    }
    for tokens in [[], [""], ["tok"], ["tok en "], ["Tok en", "tok%20en"]] {
      let decision = ask(Self.metaQuery, tokens)
      #expect(decision.kind == .rejected(.handshakeRefused))
      #expect(decision.answer == .refusal(.handshakeRefused))
      #expect(decision.answer.status == 403)
      #expect(Sample.text(decision.storedQuery)?.contains("tok") == true)
      #expect(Sample.text(decision.storedQuery)?.contains("%20en") == false)
    }
    #expect(ask("hub.mode=subscribe&hub.challenge=1", ["x"]).answer.status == 403)
    #expect(ask("hub.mode=unsubscribe&hub.verify_token=tok%20en", ["tok en"]).kind == .rejected(.methodNotAllowed))
  }

  @Test("A verify token is generated where one is asked for")
  func generated() throws {
    let meta = try parseRule(#"{"preset":"meta"}"#)
    let token = try #require(meta.generateVerifyToken())
    #expect(token.count == 64)
    #expect(meta.usesVerifyToken)
    let github = try parseRule(#"{"preset":"github"}"#)
    #expect(github.generateVerifyToken() == nil && !github.usesVerifyToken)
    let own = try parseRule(#"{"mode":"public","handshake":{"match":{"method":"GET"},"check":"header:x-t"}}"#)
    #expect(own.usesVerifyToken)
    #expect(own.redactions.headers.contains(Array("x-t".utf8)))
  }

  // MARK: every provider

  @Test(
    "The vectors' handshakes", .enabled(if: SignatureVector.isPresent, "shared/signatures/vectors.json is not there"),
    arguments: SignatureVector.all.filter { $0.text("kind") == "handshake" })
  func vectors(_ vector: SignatureVector) throws {
    let auth: String
    switch vector.text("provider") {
    case "dropbox": auth = #"{"preset":"dropbox"}"#
    case "slack": auth = #"{"preset":"slack"}"#
    case "monday": auth = #"{"preset":"monday"}"#
    case "braintree": auth = #"{"preset":"braintree"}"#
    default:
      Issue.record("no handshake for \(vector.testDescription)")
      return
    }
    var request = vector.request
    if !request.body.isEmpty { request.headers = [HeaderField("content-type", "application/json")] }
    // Slack signs its question; here it is asked of a trigger that does not know its secret yet.
    let trigger = try Sample.trigger(#""auth":\#(auth)"#)
    let secret = vector.text("secret")
    let decision = trigger.evaluate(
      request,
      credentials: secret.isEmpty
        ? TriggerCredentials(isPending: true) : TriggerCredentials(secrets: [SecretBytes(copying: secret)]), nowUs: 0)
    let expected = vector.json["handshake"]?["expect_response"]
    #expect(decision.kind == .handshake)
    #expect(Int64(decision.answer.status) == expected?["status"]?.integer)
    #expect(decision.answer.body == expected?["body"]?.stringBytes)
  }

  @Test("Only a signed Discord ping gets its 204; a WooCommerce ping and the HEAD requests get a 200")
  func pings() throws {
    func kind(_ preset: String, _ request: IncomingRequest) throws -> Decision.Kind {
      let secret = preset == "discord" ? #","public_key":"pending""# : ""
      return try Sample.trigger(#""auth":{"preset":"\#(preset)"\#(secret)}"#).evaluate(request, secret: "secret-token").kind
    }
    #expect(try kind("woocommerce", Sample.form("webhook_id=12")) == .handshake)
    #expect(try kind("woocommerce", Sample.form("other=12")) == .rejected(.credentialMissing))
    #expect(try kind("discord", Sample.json(#"{"type":0}"#)) == .rejected(.credentialMissing))
    for preset in ["trello", "mandrill", "intercom"] {
      #expect(try kind(preset, Self.request("HEAD")) == .handshake)
      #expect(try kind(preset, Self.request("POST", body: "{}")) == .rejected(.credentialMissing))
    }
  }
}
