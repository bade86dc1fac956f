import Addresses
import Cryptography
import JSON
import Testing

@testable import Rules

@Suite struct CompiledTriggerTests {
  private static let open = #""auth":{"mode":"public"}"#
  private static let events =
    #""events":{"path":"body.event","cases":[{"id":"approved","value":"order_approved"},{"id":"ok","value":"200"},"#
    + #"{"id":"yes","value":true},{"id":"shop","value":"{{ flow.shop }}-{{ env.region }}"},{"id":"echo","value":"{{ body.same }}"}]}"#
  private static let toWelcome = #"{"from":"hook.approved","to":"welcome"},{"from":"hook","to":"other"}"#
  private static let toOther = #"{"from":"hook","to":"other"}"#

  private static func request(_ method: String, _ body: String = "{}", headers: [HeaderField] = []) -> IncomingRequest {
    var request = Sample.json(body, headers: headers)
    request.method = Array(method.utf8)
    return request
  }

  // MARK: methods and link previews

  @Test(arguments: ["GET", "HEAD", "OPTIONS", "PUT", "post", "", "TRACE", "BREW"])
  func refusesOtherMethods(_ method: String) throws {
    let decision = try Sample.trigger(Self.open, connections: Self.toOther).evaluate(Self.request(method))
    #expect(decision.kind == .rejected(.methodNotAllowed))
    #expect(decision.answer.status == 405)
    #expect(decision.answer.headers.contains(HeaderField("allow", "POST")))
    #expect(Sample.text(decision.answer.body) == #"{"error":"method_not_allowed"}"#)
    #expect(decision.explanation.refusedAt == "method")
    #expect(decision.entryNode == nil)
  }

  @Test func answersHeadWhereGetIsAllowedWithoutARun() throws {
    let trigger = try Sample.trigger(Self.open + #","methods":["get","POST"]"#, connections: Self.toOther)
    let head = trigger.evaluate(Self.request("HEAD"))
    #expect(head.kind == .headOnly)
    #expect(head.outcome == nil)
    #expect(head.answer.status == 200)
    #expect(head.entryNode == nil)
    let get = trigger.evaluate(Self.request("GET", ""))
    #expect(get.kind == .accepted)
    // Its length is that of GET's; the edge node leaves the body out.
    #expect(head.answer.body.count == get.answer.body.count)
    let put = trigger.evaluate(Self.request("PUT"))
    #expect(put.answer.headers.contains(HeaderField("allow", "GET, POST, HEAD")))
  }

  // MARK: addresses

  @Test(
    arguments: [
      ("203.0.113.9", true), ("203.0.114.1", false), ("::ffff:203.0.113.9", true), ("2001:db8::1", true), ("2001:db9::1", false),
      (nil, false),
    ] as [(String?, Bool)])
  func obeysTheAddressList(_ address: String?, _ isAllowed: Bool) throws {
    let trigger = try Sample.trigger(
      Self.open + #","allow":{"ips":["203.0.113.0/24","2001:db8::/32"]}"#, connections: Self.toOther)
    var request = Self.request("POST")
    request.clientAddress = address.flatMap { IPAddress($0) }
    let decision = trigger.evaluate(request)
    #expect(decision.kind == (isAllowed ? .accepted : .rejected(.addressNotAllowed)))
    #expect(decision.answer.status == (isAllowed ? 200 : 403))
    if !isAllowed { #expect(Sample.text(decision.answer.body) == #"{"error":"forbidden"}"#) }
  }

  // MARK: origins

  private static let origins = #","allow":{"origins":["https://shop.example.com","https://*.example.org"]}"#

  @Test(arguments: [
    (["https://shop.example.com"], true), (["https://a.example.org"], true), (["https://example.org"], false),
    (["http://shop.example.com"], false), (["null"], false), ([], false),
    (["https://shop.example.com", "https://shop.example.com"], false),
    (["https://shop.example.com.evil.example"], false), ([""], false),
  ])
  func obeysTheOriginList(_ values: [String], _ isAllowed: Bool) throws {
    let trigger = try Sample.trigger(Self.open + Self.origins, connections: Self.toOther)
    let decision = trigger.evaluate(Self.request("POST", headers: values.map { HeaderField("origin", $0) }))
    #expect(decision.kind == (isAllowed ? .accepted : .rejected(.originNotAllowed)))
    let allowed = decision.answer.headers.first { $0.name.elementsEqual("access-control-allow-origin".utf8) }
    #expect(allowed.map { String(decoding: $0.value, as: UTF8.self) } == (isAllowed ? values[0] : nil))
    #expect(decision.answer.headers.contains(HeaderField("vary", "Origin")) == isAllowed)
  }

  private static func preflight(_ origin: String, headers: String? = nil) -> IncomingRequest {
    var fields = [HeaderField("origin", origin), HeaderField("access-control-request-method", "POST")]
    if let headers { fields.append(HeaderField("access-control-request-headers", headers)) }
    return IncomingRequest(method: Array("OPTIONS".utf8), headers: fields)
  }

  @Test func answersAPreflight() throws {
    let trigger = try Sample.trigger(Self.open + Self.origins)
    let decision = trigger.evaluate(Self.preflight("https://shop.example.com", headers: "content-type, x-token"))
    #expect(decision.kind == .preflight)
    #expect(decision.outcome == nil)
    #expect(decision.answer.status == 204)
    #expect(decision.answer.body.isEmpty)
    #expect(
      decision.answer.headers == [
        HeaderField("access-control-allow-origin", "https://shop.example.com"), HeaderField("vary", "Origin"),
        HeaderField("access-control-allow-methods", "POST"), HeaderField("access-control-allow-headers", "content-type, x-token"),
        HeaderField("access-control-max-age", "600"),
      ])
  }

  @Test func refusesAPreflight() throws {
    let trigger = try Sample.trigger(Self.open + Self.origins)
    #expect(trigger.evaluate(Self.preflight("https://evil.example")).kind == .rejected(.originNotAllowed))
    #expect(try Sample.trigger(Self.open).evaluate(Self.preflight("https://a.example")).kind == .rejected(.methodNotAllowed))
    let odd = trigger.evaluate(Self.preflight("https://shop.example.com", headers: "a b\u{1}"))
    #expect(!odd.answer.headers.contains { $0.name.elementsEqual("access-control-allow-headers".utf8) })
    let limited = try Sample.trigger(
      Self.open + #","allow":{"origins":["https://shop.example.com"],"ips":["192.0.2.1"]}"#)
    #expect(limited.evaluate(Self.preflight("https://shop.example.com")).kind == .rejected(.addressNotAllowed))
  }

  // MARK: credentials

  @Test(arguments: [
    ([], RefusalCause.credentialMissing), (["Bearer wrong"], .credentialWrong),
    (["Bearer secret-token", "Bearer secret-token"], .credentialDoubled),
  ])
  func answersEveryRefusedCredentialAlike(_ values: [String], _ cause: RefusalCause) throws {
    let trigger = try Sample.trigger(#""auth":{"mode":"bearer"}"#, connections: Self.toOther)
    let decision = trigger.evaluate(
      Self.request("POST", "{broken", headers: values.map { HeaderField("authorization", $0) }), secret: "secret-token")
    #expect(decision.kind == .rejected(cause))
    #expect(decision.answer == .refusal(.credentialWrong))
    #expect(decision.answer.status == 401)
    #expect(Sample.text(decision.answer.body) == #"{"error":"unauthorized"}"#)
    #expect(!decision.explanation.refusedBecause.contains("secret-token"))
    #expect(!decision.storedHeaders.contains { $0.value.elementsEqual("Bearer wrong".utf8) })
  }

  @Test func acceptsACredentialAndRedactsIt() throws {
    let trigger = try Sample.trigger(#""auth":{"mode":"query"}"#, connections: Self.toOther)
    var request = Self.request("POST", headers: [HeaderField("cookie", "canary")])
    request.query = Array("a=1&token=secret-token".utf8)
    let decision = trigger.evaluate(request, secret: "secret-token")
    #expect(decision.kind == .accepted)
    #expect(Sample.text(decision.storedQuery) == "a=1&token=[redacted]")
    #expect(decision.storedHeaders == [HeaderField("content-type", "application/json"), HeaderField("cookie", "[redacted]")])
    #expect(trigger.evaluate(request).cause?.status == 401)
  }

  @Test func showsCredentialsToNoVariable() throws {
    let map = ["headers", "query", "headers.authorization", "query.token", "headers.cookie"].enumerated().map { index, path in
      #"{"variable":"v\#(index)","from":"\#(path)"}"#
    }.joined(separator: ",")
    let trigger = try Sample.trigger(
      #""auth":{"mode":"query"},"events":{"path":"query.token"},"map":[\#(map)]"#, connections: Self.toOther)
    var request = Self.request(
      "POST", headers: [HeaderField("cookie", "canary"), HeaderField("authorization", "canary"), HeaderField("x-a", "b")])
    request.query = Array("token=canary&b=2".utf8)
    let decision = trigger.evaluate(request, secret: "canary")
    #expect(decision.kind == .accepted)
    #expect(Sample.text(decision.variables)?.contains("canary") == false)
    #expect(Sample.text(decision.variables)?.contains(#""x-a":"b""#) == true)
    #expect(Sample.text(decision.event) == "[redacted]")
  }

  @Test func boundsTheVariables() throws {
    let map = (0..<40).map { #"{"variable":"v\#($0)","from":"body"}"# }.joined(separator: ",")
    let trigger = try Sample.trigger(Self.open + #","map":[\#(map)]"#, connections: Self.toOther)
    let decision = trigger.evaluate(Self.request("POST", "\"" + String(repeating: "x", count: 100_000) + "\""))
    #expect(decision.kind == .rejected(.bodyTooLarge))
    #expect(decision.answer.status == 413)
  }

  @Test func redactsAlsoWhatItRefusesBefore() throws {
    let trigger = try Sample.trigger(#""auth":{"mode":"query"},"allow":{"ips":["192.0.2.1"]}"#)
    var request = Self.request("POST")
    request.query = Array("token=secret-token".utf8)
    let decision = trigger.evaluate(request, secret: "secret-token")
    #expect(decision.kind == .rejected(.addressNotAllowed))
    #expect(Sample.text(decision.storedQuery) == "token=[redacted]")
  }

  @Test func startsNothingWhileTheSecretIsPending() throws {
    let trigger = try Sample.trigger(#""auth":{"mode":"hmac","preset":"github"}"#, connections: Self.toOther)
    let decision = trigger.evaluate(
      Self.request("POST", headers: [HeaderField("x-github-event", "push")]), credentials: TriggerCredentials(isPending: true),
      nowUs: 0)
    #expect(decision.kind == .pending)
    #expect(decision.outcome == .pending)
    #expect(decision.answer.status == 200)
    #expect(decision.entryNode == nil)
    #expect(Sample.text(decision.event) == "push")
    #expect(trigger.evaluate(Self.request("POST")).answer.status == 401)
  }

  // MARK: body and variables

  @Test func refusesABodyThatIsNotWhatItSays() throws {
    let decision = try Sample.trigger(Self.open, connections: Self.toOther).evaluate(Self.request("POST", #"{"secret": canary"#))
    #expect(decision.kind == .rejected(.bodyUnparseable))
    #expect(decision.answer.status == 400)
    #expect(Sample.text(decision.answer.body) == #"{"error":"bad_request"}"#)
    #expect(decision.explanation.refusedAt == "body")
    #expect(!decision.explanation.refusedBecause.contains("canary"))
  }

  @Test func refusesMissingAndMistypedVariables() throws {
    let trigger = try Sample.trigger(
      Self.open
        + #","events":{"path":"body.event"},"map":[{"variable":"a","from":"body.a","required":true},{"variable":"b","from":"body.b","type":"number"}]"#,
      connections: Self.toOther)
    let decision = trigger.evaluate(Self.request("POST", #"{"b":"x","event":"e"}"#))
    #expect(decision.kind == .rejected(.requiredMissing))
    #expect(decision.answer.status == 422)
    #expect(Sample.text(decision.answer.body) == #"{"error":"unprocessable"}"#)
    #expect(decision.explanation.refusedAt == "map[0].a")
    #expect(decision.explanation.refusedBecause.contains("map[1].b"))
    #expect(Sample.text(decision.event) == "e")
    #expect(decision.output.isEmpty)
    let mistyped = trigger.evaluate(Self.request("POST", #"{"a":1,"b":"x"}"#))
    #expect(mistyped.kind == .rejected(.typeMismatch))
  }

  @Test func tellsOfDuplicateKeysAndBinaryBodies() throws {
    let trigger = try Sample.trigger(Self.open + #","map":[{"variable":"a","from":"body.a.x"}]"#)
    let twice = trigger.evaluate(Self.request("POST", #"{"a":{"x":1},"a":{"x":2}}"#))
    #expect(Sample.text(twice.variables) == #"{"a":2}"#)
    #expect(twice.explanation.notes.map(\.code) == ["duplicate_key"])
    var binary = IncomingRequest(headers: [HeaderField("content-type", "application/pdf")], body: Array("%PDF".utf8))
    #expect(trigger.evaluate(binary).explanation.notes.map(\.code) == ["base64", "absent"])
    binary.body = []
    #expect(trigger.evaluate(binary).explanation.notes.map(\.code) == ["absent"])
  }

  // MARK: routing

  @Test(arguments: [
    (#"{"event":"order_approved"}"#, "approved", 1, "order_approved"), (#"{"event":200}"#, "ok", 2, "200"),
    (#"{"event":"200"}"#, "ok", 2, "200"), (#"{"event":true}"#, "yes", 3, "true"),
    (#"{"event":"Loja-BR"}"#, "shop", 4, "Loja-BR"),
    (#"{"event":"z","same":"z"}"#, "echo", 5, "z"), (#"{"event":"Order_Approved"}"#, "else", 5, "Order_Approved"),
    (#"{"event":""}"#, "else", 5, ""), (#"{"event":200.0}"#, "else", 5, "200.0"),
  ])
  func takesTheFirstEqualCase(_ body: String, _ output: String, _ compared: Int, _ value: String) throws {
    let trigger = try Sample.trigger(Self.open + "," + Self.events, connections: Self.toWelcome)
    let decision = trigger.evaluate(Self.request("POST", body))
    #expect(decision.output == output)
    #expect(decision.explanation.cases.count == compared)
    #expect(decision.explanation.cases.last?.matched == (output != "else"))
    #expect(Sample.text(decision.event) == value)
    #expect(decision.explanation.eventPath == "body.event")
    #expect(decision.explanation.eventPresent)
    let target = ["approved": "welcome", "else": "other"][output]
    #expect(decision.entryNode == target)
    #expect(decision.kind == (target == nil ? .unrouted : .accepted))
    #expect(decision.answer.status == 200)
    #expect(Sample.text(decision.answer.body) == #"{"id":"00000000-0000-0000-0000-000000000000","status":"accepted"}"#)
  }

  @Test(arguments: ["{}", #"{"event":null}"#, #"{"event":[1]}"#, #"{"event":{"a":1}}"#, "[]", "1"])
  func takesElseWithoutAComparableEvent(_ body: String) throws {
    let trigger = try Sample.trigger(Self.open + "," + Self.events, connections: Self.toWelcome)
    let decision = trigger.evaluate(Self.request("POST", body))
    #expect(decision.output == "else")
    #expect(decision.event == nil)
    #expect(decision.explanation.cases.isEmpty)
    #expect(decision.entryNode == "other")
  }

  @Test func cutsLongValues() throws {
    let trigger = try Sample.trigger(Self.open + "," + Self.events, connections: Self.toWelcome)
    let decision = trigger.evaluate(Self.request("POST", #"{"event":"\#(String(repeating: "x", count: 1000))"}"#))
    #expect(decision.event?.count == DecisionExplanation.valueLimit)
    #expect(decision.explanation.eventValue.count == DecisionExplanation.valueLimit)
  }

  @Test func takesTheEventOfAPreset() throws {
    let trigger = try Sample.trigger(
      #""auth":{"mode":"hmac","preset":"github"},"events":{"cases":[{"id":"push","value":"push"}]}"#,
      connections: #"{"from":"hook.push","to":"welcome"}"#)
    #expect(trigger.configuration.eventPath?.root == .headers)
    let decision = trigger.evaluate(
      Self.request("POST", headers: [HeaderField("x-github-event", "push")]), credentials: TriggerCredentials(isPending: true),
      nowUs: 0)
    #expect(decision.explanation.cases.map(\.matched) == [true])
  }

  // MARK: answers

  @Test func answersAsConfigured() throws {
    let response =
      #","response":{"status":202,"content_type":"text/html","headers":{"X-Thanks":"yes","X-A":"b"},"body":"<ok/>"}"#
    let decision = try Sample.trigger(Self.open + response, connections: Self.toOther).evaluate(Self.request("POST"))
    #expect(
      decision.answer
        == HTTPAnswer(
          status: 202,
          headers: [HeaderField("content-type", "text/html"), HeaderField("x-a", "b"), HeaderField("x-thanks", "yes")],
          body: Array("<ok/>".utf8)))
    let none = try Sample.trigger(Self.open + #","response":{"status":204}"#).evaluate(Self.request("POST"))
    #expect(none.answer == HTTPAnswer(status: 204))
  }

  @Test func answersASignedHandshakeOnlyWhenItIsSigned() throws {
    let trigger = try Sample.trigger(#""auth":{"preset":"slack"}"#, connections: Self.toOther)
    let body = #"{"type":"url_verification","challenge":"c123"}"#
    #expect(trigger.evaluate(Self.request("POST", body), secret: "secret-token").answer.status == 401)
    let code = HMAC.of(Array("v0:1700000000:\(body)".utf8), key: Array("secret-token".utf8), .sha256)
    let signed = Self.request(
      "POST", body,
      headers: [
        HeaderField("x-slack-request-timestamp", "1700000000"), HeaderField("x-slack-signature", "v0=" + Hex.encode(code)),
      ])
    let decision = trigger.evaluate(signed, secret: "secret-token")
    #expect(decision.kind == .handshake)
    #expect(decision.outcome == .handshake)
    #expect(decision.entryNode == nil)
    #expect(
      decision.answer
        == HTTPAnswer(
          status: 200,
          headers: [HeaderField("content-type", "text/plain; charset=utf-8"), HeaderField("x-content-type-options", "nosniff")],
          body: Array("c123".utf8)))
  }

  @Test func answersAHandshakeWithAMethodOfItsOwn() throws {
    let fields = #""auth":{"preset":"dropbox"},"allow":{"ips":["192.0.2.1"]}"#
    let trigger = try Sample.trigger(fields, connections: Self.toOther)
    var request = Self.request("GET", "")
    request.query = Array("challenge=abc".utf8)
    #expect(trigger.evaluate(request, secret: "secret-token").kind == .rejected(.addressNotAllowed))
    request.clientAddress = IPAddress("192.0.2.1")
    let decision = trigger.evaluate(request, secret: "secret-token")
    #expect(decision.kind == .handshake)
    #expect(Sample.text(decision.answer.body) == "abc")
    request.query = []
    #expect(trigger.evaluate(request, secret: "secret-token").kind == .rejected(.methodNotAllowed))
  }

  @Test func refusesAHandshakeWithoutTheCheckValue() throws {
    let trigger = try Sample.trigger(#""auth":{"preset":"meta"}"#, connections: Self.toOther)
    var request = Self.request("GET", "")
    request.query = Array("hub.mode=subscribe&hub.verify_token=x&hub.challenge=1".utf8)
    #expect(trigger.evaluate(request, secret: "secret-token").kind == .rejected(.handshakeRefused))
  }

  @Test func compilesOnlyTriggers() throws {
    let flow = try Sample.flow(Self.open)
    #expect(CompiledTrigger(flow, node: "welcome", triggerID: "x") == nil)
    #expect(CompiledTrigger(flow, node: "missing", triggerID: "x") == nil)
  }
}

@Suite struct CauseTests {
  /// The numbers of proto/headgate/v1/common.proto are stored; these must not drift.
  @Test func hasTheNumbersOfTheProtocol() {
    #expect(RefusalCause.allCases.map(\.rawValue) == Array(1...20))
    #expect(RequestOutcome.allCases.map(\.rawValue) == Array(1...7))
  }

  @Test func tellsStrangersNoMoreThanTheStatus() {
    for cause in RefusalCause.allCases {
      let same = RefusalCause.allCases.filter { $0.status == cause.status }
      #expect(Set(same.map { HTTPAnswer.refusal($0) }).count == 1)
      #expect((400...429).contains(cause.status))
      #expect(throws: Never.self) { try JSONDocument(HTTPAnswer.refusal(cause).body) }
    }
    #expect(HTTPAnswer.refusal(.unknownKey) == HTTPAnswer.refusal(.disabled))
  }
}
