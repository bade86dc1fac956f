import Identifiers
import JSON
import Testing

@testable import Rules

/// Answers with values of the request in them, and what secret variables may be used for.
@Suite struct ResponseTemplateTests {
  private static let open = #""auth":{"mode":"public"},"#
  private static let toOther = #"{"from":"hook","to":"other"}"#
  private static let hostile = #"{"x":"a\"b\\\n<i>&'\u0000é","n":1e400,"o":{"k":"\""},"l":[1,"a"],"t":true,"z":null}"#

  private func answer(_ response: String, _ request: IncomingRequest = Sample.json(hostile)) throws -> HTTPAnswer {
    try Sample.trigger(Self.open + #""response":\#(response)"#, connections: Self.toOther).evaluate(request).answer
  }

  /// Inserted text stays text, whatever stands in it.
  @Test(arguments: [
    (#"{"content_type":"application/json","body":"{\"v\":\"{{ body.x }}\"}"}"#, #"{"v":"a\"b\\\n<i>&'\u0000é"}"#),
    (
      #"{"content_type":"application/problem+json","body":"[\"{{ body.o }}\",{{ body.n }},\"{{ body.l }}\"]"}"#,
      #"["{\"k\":\"\\\"\"}",1e400,"[1,\"a\"]"]"#
    ),
    (#"{"body":"{{ body.x }}"}"#, "a\"b\\\n<i>&'\0é"),
    (#"{"content_type":"text/html; charset=utf-8","body":"<p>{{ body.x }}</p>"}"#, "<p>a&quot;b\\\n&lt;i&gt;&amp;&#39;\0é</p>"),
    (#"{"content_type":"application/xml","body":"<a b='{{ body.l }}'/>"}"#, "<a b='[1,&quot;a&quot;]'/>"),
    (#"{"body":"{{ body.none ?? \"y\" }}-{{ body.z ?? body.t }}-{{ flow.shop }}-{{ env.region }}"}"#, "y-true-Loja-BR"),
    (#"{"body":"[{{ body.none }}]"}"#, "[]"), (#"{"body":"{{ env.token }}"}"#, "canary-secret"),
  ])
  func fillsBodies(_ response: String, _ expected: String) throws {
    let answer = try answer(response)
    #expect(Sample.text(answer.body) == expected)
    #expect(answer.headers.contains(HeaderField("x-content-type-options", "nosniff")))
    #expect(answer.status == 200)
  }

  @Test(arguments: [
    (#"{{ body.x }}"#, "a\"b\\<i>&'é"), ("{{ body.none }}", ""), ("{{ request.id }}", "00000000-0000-0000-0000-000000000000"),
    ("a{{ body.none }} b", "a b"), ("{{ body.pad }}", "x"),
  ])
  func fillsHeaders(_ value: String, _ expected: String) throws {
    let request = Sample.json(Self.hostile.dropLast() + #","pad":" \r\nx\t "}"#)
    let answer = try answer(#"{"status":202,"headers":{"X-B":"{{ trigger.node }}","x-a":"\#(value)"},"body":"ok"}"#, request)
    #expect(answer.headers.map { Sample.text($0.name) } == ["content-type", "x-a", "x-b"])
    #expect(Sample.text(answer.headers[1].value) == expected)
    #expect(Sample.text(answer.headers[2].value) == "hook")
    #expect(Sample.text(answer.body) == "ok")
  }

  @Test func boundsWhatItInserts() throws {
    let body = "\"" + String(repeating: "x", count: 40_000) + "\""
    let answer = try answer(#"{"headers":{"x-a":"{{ body }}"},"body":"{{ body }}{{ body }}."}"#, Sample.json(body))
    #expect(answer.body.count == 40_001)
    #expect(answer.headers[1] == HeaderField("x-a", ""))
  }

  @Test(arguments: [
    "{}", #"{"body":"{{ request.id }} {{ request.id }}"}"#,
    #"{"status":204,"headers":{"x-id":"{{ body.none }} {{ request.id }}","x-z":"a"}}"#,
    #"{"content_type":"application/json","body":"{\"a\":\"{{ body.x }}\",\"id\":\"{{ request.id }}\"}","headers":{"l":"{{ request.id }}"}}"#,
  ])
  func namesTheFirstOfARepeatedDelivery(_ response: String) throws {
    var request = Sample.json(Self.hostile)
    let ids = [UniqueID(high: 0x0190_abcd_ef12_7345, low: 0x8899_aabb_ccdd_eeff), UniqueID(high: 1, low: 2)]
    request.id = ids[0]
    let first = try answer(response, request)
    request.id = ids[1]
    let second = try answer(response, request)
    #expect(first != second)
    #expect(second.naming(ids[0]) == first)
    #expect(first.naming(ids[0]) == first)
  }

  @Test func leavesOtherTextsThatLookLikeTheID() throws {
    let id = UniqueID(high: 1, low: 2)
    var request = Sample.json(#"{"x":"\#(id)"}"#)
    request.id = id
    let answer = try answer(#"{"body":"{{ body.x }},{{ request.id }}"}"#, request).naming(UniqueID(high: 3, low: 4))
    #expect(Sample.text(answer.body) == "\(id),\(UniqueID(high: 3, low: 4))")
  }

  @Test func showsNoCredentialInAnAnswer() throws {
    let trigger = try Sample.trigger(
      #""auth":{"mode":"query"},"response":{"body":"{{ query.token }} {{ headers.cookie }}"}"#, connections: Self.toOther)
    let request = Sample.json("{}", query: "token=secret-token", headers: [HeaderField("cookie", "canary")])
    #expect(Sample.text(trigger.evaluate(request, secret: "secret-token").answer.body) == "[redacted] [redacted]")
  }

  @Test func answersHeadWithoutABodyToFillIn() throws {
    let trigger = try Sample.trigger(Self.open + #""methods":["GET"],"response":{"body":"{{ body.x ?? method }}"}"#)
    var request = Sample.json(#"{"x":1}"#)
    request.method = Array("HEAD".utf8)
    let decision = trigger.evaluate(request)
    #expect(decision.kind == .headOnly)
    #expect(Sample.text(decision.answer.body) == "HEAD")
  }

  // MARK: secret variables

  private static let secretEverywhere =
    open + #""events":{"path":"body.e","cases":[{"id":"no","value":"{{ env.none }}"},{"id":"yes","value":"{{ env.token }}"}]},"#
    + #""map":[{"variable":"a","from":"{{ env.token }}"},{"variable":"b","from":"x{{ env.token }}y"},"#
    + #"{"variable":"c","from":"{{ body.none ?? env.token }}","default":"d"},{"variable":"f","from":"{{ body.e ?? env.token }}"}],"#
    + #""order_by":"{{ env.token }}""#

  @Test func comparesWithSecretsAndKeepsNone() throws {
    let trigger = try Sample.trigger(Self.secretEverywhere, connections: #"{"from":"hook.yes","to":"other"}"#)
    let equal = trigger.evaluate(Sample.json(#"{"e":"canary-secret","z":1}"#))
    #expect(equal.kind == .accepted)
    #expect(equal.output == "yes")
    #expect(Sample.text(equal.event) == "<secret>")
    #expect(Sample.text(equal.explanation.eventValue) == "<secret>")
    #expect(equal.explanation.cases.map { Sample.text($0.value) } == ["", "<secret>"])
    #expect(equal.parts[0].orderKey == nil)
    let other = trigger.evaluate(Sample.json(#"{"e":"x"}"#))
    #expect(other.output == "else")
    #expect(Sample.text(other.variables) == #"{"c":"d","f":"x"}"#)
    #expect(other.explanation.cases.map { Sample.text($0.value) } == ["", "<secret>"])
    #expect(Sample.text(other.event) == "x")
    #expect(
      Set(other.explanation.notes.map(\.code)) == ["absent", "default_used", "no_order_key", "secret_not_mapped"])
    #expect(other.explanation.notes.filter { $0.code == "secret_not_mapped" }.count == 4)
    #expect(!"\(other)".contains("canary"))
  }

  @Test func refusesARequiredVariableThatWouldBeASecret() throws {
    let decision = try Sample.trigger(
      Self.open + #""map":[{"variable":"a","from":"{{ env.token }}","required":true}]"#, connections: Self.toOther
    ).evaluate(Sample.json("{}"))
    #expect(decision.kind == .rejected(.requiredMissing))
  }

  @Test func printsNoSecret() {
    var text = "\(Sample.environment) \(String(reflecting: Sample.environment))"
    dump(Sample.environment, to: &text)
    #expect(!text.contains("canary"))
    // "c" of "canary" as a byte.
    #expect(!text.contains("99"))
    #expect(text.contains("BR"))
  }
}
