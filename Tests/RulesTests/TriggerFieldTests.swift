import JSON
import Testing

@testable import Rules

/// The fields of a trigger beyond authentication, events and mapping.
@Suite struct TriggerFieldTests {
  private static let open = #""auth":{"mode":"public"},"#
  private static let github = #""auth":{"preset":"github"},"#
  private static let meta = #""auth":{"preset":"meta""#

  @Test(arguments: [
    (#""source":"""#, "nodes[0].source", "required"), (#""source":1"#, "nodes[0].source", "wrong_type"),
    (#""source":"hook""#, "nodes[0].source", "invalid_value"), (#""source":"a/b/c""#, "nodes[0].source", "invalid_value"),
    (#""source":"a b/c""#, "nodes[0].source", "invalid_value"),
    (#""source":"orders/hook""#, "nodes[0].source", "conflict"),
    (#""source":"orders/nobody""#, "nodes[0].source", "unknown_reference"),
    (#""source":"orders/welcome""#, "nodes[0].source", "invalid_value"),
    (#""source":"x/y","auth":{"mode":"bearer"}"#, "nodes[0].auth", "conflict"),
    (#""source":"x/y","allow":{}"#, "nodes[0].allow", "conflict"),
    (#""source":"x/y","methods":["GET"]"#, "nodes[0].methods", "conflict"),
    (#""source":"x/y","rate_limit":{"per_minute":1}"#, "nodes[0].rate_limit", "conflict"),
    (#""source":"x/y","deadline":"1s""#, "nodes[0].deadline", "conflict"),
    (#""source":"x/y","response":{"status":204}"#, "nodes[0].response", "conflict"),
    (open + #""split":"body.""#, "nodes[0].split", "invalid_value"),
    (open + #""split":"headers.x""#, "nodes[0].split", "invalid_value"),
    (open + #""split":"element.x""#, "nodes[0].split", "invalid_value"),
    (open + #""split":{"a":"body.x"}"#, "nodes[0].split", "wrong_type"),
    (open + #""split":[]"#, "nodes[0].split", "required"),
    (open + #""split":["body.x",1]"#, "nodes[0].split[1]", "wrong_type"),
    (open + #""split":["body.x","body.x[]"]"#, "nodes[0].split[1]", "duplicate"),
    (open + #""split":["body.x","query.a"]"#, "nodes[0].split[1]", "invalid_value"),
    (open + #""split":"body.a[]b""#, "nodes[0].split", "invalid_value"),
    (open + #""split":"body.a[].""#, "nodes[0].split", "invalid_value"),
    (open + #""split":"body[].a[].b[].c[].d""#, "nodes[0].split", "invalid_value"),
    (open + #""split":"preset""#, "nodes[0].split", "unknown_reference"),
    (github + #""split":"preset""#, "nodes[0].split", "unknown_reference"),
    (open + #""map":[{"variable":"a","from":"parents[0].a"}]"#, "nodes[0].map[0].from", "invalid_value"),
    (open + #""split":"body.a[].b","map":[{"variable":"a","from":"parents.a"}]"#, "nodes[0].map[0].from", "invalid_value"),
    (open + #""map":[{"variable":"a","from":"element.a"}]"#, "nodes[0].map[0].from", "invalid_value"),
    (open + #""map":[{"variable":"a","from":"{{ body.a ?? element.a }}"}]"#, "nodes[0].map[0].from", "invalid_value"),
    (open + #""events":{"path":"element.e"}"#, "nodes[0].events.path", "invalid_value"),
    (
      open + #""events":{"path":"body.e","cases":[{"id":"a","value":"{{ element.a }}"}]}"#, "nodes[0].events.cases[0].value",
      "invalid_value"
    ),
    (open + #""order_by":"element.a""#, "nodes[0].order_by", "invalid_value"),
    (open + #""dedup":{"by":"element.a"}"#, "nodes[0].dedup.by", "invalid_value"),
    (open + #""split":"body.a","response":{"body":"{{ element.a }}"}"#, "nodes[0].response.body", "invalid_value"),
    (open + #""dedup":"preset""#, "nodes[0].dedup", "unknown_reference"),
    (#""auth":{"preset":"kiwify"},"dedup":{"by":"preset"}"#, "nodes[0].dedup.by", "unknown_reference"),
    (open + #""dedup":"body.id""#, "nodes[0].dedup", "invalid_value"), (open + #""dedup":true"#, "nodes[0].dedup", "wrong_type"),
    (open + #""dedup":{}"#, "nodes[0].dedup.by", "required"), (open + #""dedup":[]"#, "nodes[0].dedup", "wrong_type"),
    (open + #""dedup":{"by":"body.id","windows":"1d"}"#, "nodes[0].dedup.windows", "unknown_field"),
    (open + #""dedup":{"by":"headers.Authorization"}"#, "nodes[0].dedup.by", "invalid_value"),
    (open + #""dedup":{"by":"headers.cookie"}"#, "nodes[0].dedup.by", "invalid_value"),
    (open + #""dedup":{"by":"body.id","window":"59s"}"#, "nodes[0].dedup.window", "invalid_value"),
    (open + #""dedup":{"by":"body.id","window":"91d"}"#, "nodes[0].dedup.window", "invalid_value"),
    (open + #""dedup":{"by":"body.id","window":60}"#, "nodes[0].dedup.window", "wrong_type"),
    (open + #""dedup":{"by":"body.id","window":"1 day"}"#, "nodes[0].dedup.window", "invalid_value"),
    (open + #""order_by":1"#, "nodes[0].order_by", "wrong_type"),
    (open + #""order_by":"bdy.id""#, "nodes[0].order_by", "invalid_value"),
    (open + #""order_by":"{{ flow.none }}""#, "nodes[0].order_by", "unknown_reference"),
    (open + #""deadline":"499ms""#, "nodes[0].deadline", "invalid_value"),
    (open + #""deadline":"31s""#, "nodes[0].deadline", "invalid_value"),
    (open + #""deadline":4.5"#, "nodes[0].deadline", "wrong_type"),
    (open + #""deadline":"4.5""#, "nodes[0].deadline", "invalid_value"),
    (open + #""deadline":"-1s""#, "nodes[0].deadline", "invalid_value"),
    (open + #""deadline":"1.2.3s""#, "nodes[0].deadline", "invalid_value"),
    (open + #""deadline":"99999999999999999999s""#, "nodes[0].deadline", "invalid_value"),
    (open + #""rate_limit":600"#, "nodes[0].rate_limit", "wrong_type"),
    (open + #""rate_limit":{}"#, "nodes[0].rate_limit.per_minute", "required"),
    (open + #""rate_limit":{"burst":5}"#, "nodes[0].rate_limit.per_minute", "required"),
    (open + #""rate_limit":{"per_minute":0}"#, "nodes[0].rate_limit.per_minute", "invalid_value"),
    (open + #""rate_limit":{"per_minute":1.5}"#, "nodes[0].rate_limit.per_minute", "invalid_value"),
    (open + #""rate_limit":{"per_minute":1,"burst":0}"#, "nodes[0].rate_limit.burst", "invalid_value"),
    (open + #""rate_limit":{"per_source":{}}"#, "nodes[0].rate_limit.per_source.per_minute", "required"),
    (
      open + #""rate_limit":{"per_source":{"per_minute":1,"per_source":{}}}"#, "nodes[0].rate_limit.per_source.per_source",
      "unknown_field"
    ),
    (github + #""events":{"path":"request.id"}"#, "nodes[0].events.path", "invalid_value"),
    (open + #""response":{"body":"{{ request.ip }}"}"#, "nodes[0].response.body", "invalid_value"),
    (open + #""response":{"body":"{{ flow.nothing }}"}"#, "nodes[0].response.body", "unknown_reference"),
    (open + #""response":{"headers":{"x-a":"{{ body.a"}}"#, "nodes[0].response.headers.x-a", "invalid_value"),
    (open + #""response":{"headers":{"x-a":"{{ body.a }}\n"}}"#, "nodes[0].response.headers.x-a", "invalid_value"),
    (meta + #","verify_token":""}"#, "nodes[0].auth.verify_token", "required"),
    (meta + #","verify_token":1}"#, "nodes[0].auth.verify_token", "wrong_type"),
    (meta + #","verify_token":"pending"}"#, "nodes[0].auth.verify_token", "invalid_value"),
    (meta + #","verify_token":"\#(String(repeating: "x", count: 257))"}"#, "nodes[0].auth.verify_token", "too_long"),
    (#""auth":{"preset":"github","verify_token":"x"}"#, "nodes[0].auth.verify_token", "conflict"),
    (#""auth":{"mode":"bearer","verify_token":"x"}"#, "nodes[0].auth.verify_token", "conflict"),
  ])
  func refuses(_ fields: String, _ path: String, _ code: String) {
    let faults = Sample.faults(Sample.flowText(fields))
    #expect(faults.map { [$0.path, $0.code.rawValue] } == [[path, code]], "\(faults)")
  }

  @Test func listsEveryFaultOfASubscriber() {
    let fields = #""source":"x","auth":{},"deadline":"1s","dedup":{"by":"bdy"},"split":"ip","order_by":"{{""#
    #expect(
      Sample.faults(Sample.flowText(fields)).map(\.path) == [
        "nodes[0].source", "nodes[0].auth", "nodes[0].deadline", "nodes[0].split", "nodes[0].dedup.by", "nodes[0].order_by",
      ])
  }

  /// The shortest text that says the same.
  @Test(arguments: [
    (#""dedup":"off""#, #""dedup":"off""#), (#""dedup":false"#, #""dedup":"off""#), (#""dedup":"preset""#, #""dedup":"preset""#),
    (#""dedup":{"by":"preset","window":"168h"}"#, #""dedup":"preset""#),
    (#""dedup":{"window":"90m","by":"preset"}"#, #""dedup":{"by":"preset","window":"90m"}"#),
    (#""dedup":{"by":" headers['X-Id'] "}"#, #""dedup":{"by":"headers['X-Id']"}"#),
    (#""deadline":"4500ms""#, #""deadline":"4.5s""#), (#""deadline":"0.5s""#, #""deadline":"500ms""#),
    (#""deadline":"30.000s""#, #""deadline":"30s""#), (#""deadline":"0.5m""#, #""deadline":"30s""#),
    (#""rate_limit":{"per_minute":600}"#, #""rate_limit":{"per_minute":600,"burst":100}"#),
    (
      #""rate_limit":{"per_source":{"per_minute":1}}"#,
      #""rate_limit":{"per_source":{"per_minute":1,"burst":1}}"#
    ),
    (#""order_by":"body.order.id""#, #""order_by":"body.order.id""#),
    (#""order_by":"{{ env.shop }}-{{ body.id }}""#, #""order_by":"{{ env.shop }}-{{ body.id }}""#),
    (#""split":"body.entry[].changes[]""#, #""split":"body.entry[].changes""#),
    (#""split":["body.rows[]","body[\"a[]\"][][]"]"#, #""split":["body.rows","body[\"a[]\"][][]"]"#),
    (#""split":" body.items ","dedup":{"by":"element.id"}"#, #""split":"body.items","dedup":{"by":"element.id"}"#),
    (
      #""response":{"headers":{"X-A":"{{ request.id }}"},"body":"{{ body.a ?? 'é' }}"}"#,
      #""response":{"headers":{"x-a":"{{ request.id }}"},"body":"{{ body.a ?? 'é' }}"}"#
    ),
  ])
  func writesBack(_ written: String, _ canonical: String) throws {
    let flow = try Sample.flow(Self.github + written, connections: #"{"from":"hook","to":"other"}"#)
    let expected = #"{"id":"hook","type":"webhook_trigger","auth":{"mode":"hmac","preset":"github"},\#(canonical)}"#
    #expect(Sample.text(flow.node("hook")?.canonicalJSON) == expected)
    #expect(try FlowDefinition.parse(flow.canonicalJSON).definition == flow)
  }

  @Test func writesASubscriberBack() throws {
    let fields = #""source":"shop/hook","split":"body.a","events":{"cases":[{"id":"x","value":"{{ env.X }}"}]},"dedup":"preset""#
    let flow = try Sample.flow(fields)
    #expect(Sample.text(flow.node("hook")?.canonicalJSON) == #"{"id":"hook","type":"webhook_trigger",\#(fields)}"#)
    #expect(try FlowDefinition.parse(flow.canonicalJSON).definition == flow)
    #expect(flow.node("hook")?.trigger?.source?.description == "shop/hook")
    let changed = try Sample.flow(fields.replacing("shop/hook", with: "shop/other"))
    #expect(changed.changes(from: flow).map(\.path) == ["nodes[hook].source"])
  }

  @Test func takesVerifyTokensOut() throws {
    for (text, expected) in [
      (#","verify_token":"generated"}"#, SecretInput.generated), ("}", .none), (#","verify_token":"x"}"#, .given([0x78])),
    ] {
      let parsed = try FlowDefinition.parse(Sample.flowText(Self.meta + text))
      #expect(parsed.verifyTokens == ["hook": expected])
      #expect(parsed.secrets == ["hook": SecretInput.none])
      #expect(Sample.text(parsed.definition.canonicalJSON)?.contains("verify_token") == false)
    }
    #expect(try FlowDefinition.parse(Sample.flowText(Self.github + #""split":"body.a""#)).verifyTokens.isEmpty)
    let subscriber = try FlowDefinition.parse(Sample.flowText(#""source":"a/b""#))
    #expect(subscriber.secrets.isEmpty)
  }

  @Test func takesDeadlinesOfProviders() throws {
    let slack = try #require(try Sample.flow(#""auth":{"preset":"slack"}"#).node("hook")?.trigger)
    #expect(slack.effectiveDeadline == .milliseconds(2500))
    let own = try #require(try Sample.flow(#""auth":{"preset":"slack"},"deadline":"1s""#).node("hook")?.trigger)
    #expect(own.effectiveDeadline == .seconds(1))
    #expect(try Sample.flow(#""auth":{"preset":"shopify"}"#).node("hook")?.trigger?.effectiveDeadline == .milliseconds(4500))
    #expect(try Sample.flow(#""auth":{"mode":"public"}"#).node("hook")?.trigger?.effectiveDeadline == nil)
  }
}
