import HeadgateProto
import Testing

@testable import Client

/// Requests made up for triggers from their configurations.
@Suite struct SampleRequestTests {
  private static func sample(_ configuration: String, eventPath: String = "", deliveryPath: String = "") throws -> SampleRequest {
    SampleRequest(
      try JSONReader.read(configuration.utf8).json, eventPath: eventPath, deliveryPath: deliveryPath, unique: "u1")
  }

  @Test(arguments: [
    ("{}", "{}"), (#"{"events": {"path": "body.event", "cases": []}}"#, #"{"event":"sample"}"#),
    (#"{"events": {"path": "body.event", "cases": [{"value": "{{ env.x }}"}, {"value": "paid"}]}}"#, #"{"event":"paid"}"#),
    (#"{"map": [{"variable": "n", "from": "body.items[1].n", "type": "number"}]}"#, #"{"items":[null,{"n":12.50}]}"#),
    (#"{"map": [{"variable": "n", "from": "body.items[-1]", "type": "boolean"}]}"#, #"{"items":[true]}"#),
    (#"{"map": [{"variable": "n", "from": "body.items[99999999]"}]}"#, #"{"items":[]}"#),
    (
      #"{"map": [{"variable": "n", "from": "body.n", "type": "number"}, {"variable": "z", "from": "body.n"}]}"#, #"{"n":12.50}"#
    ), (#"{"map": [{"variable": "z", "from": "body.total"}]}"#, #"{"total":12.50}"#),
    (#"{"map": [{"variable": "n", "from": "body.a"}, {"variable": "m", "from": "body.a.b"}]}"#, #"{"a":{"b":"sample"}}"#),
    (#"{"map": [{"variable": "m", "from": "body.a.b"}, {"variable": "n", "from": "body.a"}]}"#, #"{"a":{"b":"sample"}}"#),
    (#"{"map": [{"variable": "x", "from": "{{ body.first ?? body.last }} {{ body.z }}"}]}"#, #"{"first":"sample"}"#),
    (#"{"map": [{"variable": "x", "from": "text only"}, {"variable": "y", "from": "{{ \"a\" }}"}, {"from": 3}]}"#, "{}"),
    (#"{"map": [{"variable": "x", "from": "body[\"odd.name\"].y"}]}"#, #"{"odd.name":{"y":"sample"}}"#),
    (#"{"split": "body.rows", "map": [{"variable": "x", "from": "element.id"}]}"#, #"{"rows":[{"id":"sample"}]}"#),
    (
      #"{"customer": [{"field": "email", "from": "body.m"}, {"field": "phone", "from": "body.p"}]}"#,
      #"{"m":"ana@example.com","p":"+12025550123"}"#
    ),
    (#"{"chat": {"channel": "telegram", "from": "body.h"}, "order_by": "body.o"}"#, #"{"h":"ana_example","o":"sample"}"#),
    (#"{"dedup": {"by": "body.id", "window": "1d"}}"#, #"{"id":"u1"}"#), (#"{"dedup": "off"}"#, "{}"),
    (#"{"map": "nonsense", "customer": {}, "events": 3, "chat": []}"#, "{}"),
  ])
  func everyPlaceGetsAValue(_ configuration: String, _ body: String) throws {
    #expect(try Self.sample(configuration).body.compact == body)
  }

  @Test func whatThePresetSaysIsUsed() throws {
    let sample = try Self.sample(
      #"{"events": {"cases": [{"value": "push"}]}, "map": [{"variable": "s", "from": "query.s"}]}"#,
      eventPath: #"headers["x-github-event"]"#, deliveryPath: #"headers["X-GitHub-Delivery"]"#)
    #expect(sample.body == [:])
    #expect(
      sample.headers == [
        .init(name: "x-github-delivery", value: "u1"), .init(name: "x-github-event", value: "push"),
      ])
    #expect(sample.query == [.init(name: "s", value: "sample")])
  }

  @Test func withoutASampleOneIsMadeUpAndShown() async throws {
    let control = FakeControlPlane()
    control.on(TriggerServiceMethods.get) { _ in
      Trigger(
        id: "t", flow: "orders", node: "hook", url: "/w/wh_key", config: Array(#"{"events": {"path": "body.draft"}}"#.utf8),
        publishedConfig: Array(
          #"{"events": {"path": "body.event", "cases": [{"value": "paid"}]}, "map": [{"variable": "q", "from": "query.a b"}]}"#
            .utf8))
    }
    control.on(TriggerServiceMethods.signSample) { request in
      SignSampleResponse(
        method: Array("POST".utf8), target: Array("/w/wh_key".utf8), headers: request.headers, body: request.body)
    }
    control.on(LogServiceMethods.get) { _ in LogsCommandTests.accepted }
    var setting = CommandRun.Setting(control: control)
    setting.send = { _, _, _ in
      HTTPSampleAnswer(status: 200, body: Array(#"{"id":"01934a5e-0000-7000-8000-000000000000"}"#.utf8), took: .milliseconds(1))
    }
    let run = await CommandRun.headgate(["trigger", "test", "orders/hook", "--edge", "http://127.0.0.1:8080"], setting)
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.output.hasPrefix("sent, made up from the configuration:\n{\n  \"event\": \"paid\"\n}\nanswered 200"), "\(run.output)")
    let asked = try #require(control.requests(of: TriggerServiceMethods.signSample).first)
    #expect(asked.headers.contains { $0.name == Array("content-type".utf8) && $0.value == Array("application/json".utf8) })
    #expect(String(decoding: asked.body, as: UTF8.self).contains("paid"))
  }
}
