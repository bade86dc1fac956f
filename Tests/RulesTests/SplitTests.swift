import Cryptography
import JSON
import Testing

@testable import Rules

/// One request, several parts.
@Suite struct SplitTests {
  private static let open = #""auth":{"mode":"public"},"#
  private static let toOther = #"{"from":"hook","to":"other"}"#
  private static let items = #""split":"body.items","map":[{"variable":"v","from":"element.id"}]"#

  private func parts(_ fields: String, _ request: IncomingRequest, connections: String = toOther) throws -> Decision {
    try Sample.trigger(fields, connections: connections).evaluate(request)
  }

  @Test(arguments: [
    "{}", #"{"items":null}"#, #"{"items":{}}"#, #"{"items":"a"}"#, #"{"items":"[1"}"#, #"{"items":1}"#, #"{"items":"{\"a\":1}"}"#,
    "[]", #"{"items":[\#(String(repeating: "{},", count: 1000)){}]}"#,
  ])
  func refusesWhatIsNoList(_ body: String) throws {
    let decision = try parts(Self.open + Self.items, Sample.json(body))
    #expect(decision.kind == .rejected(.splitRefused))
    #expect(decision.answer.status == 422)
    #expect(decision.explanation.refusedAt == "split")
    #expect(decision.explanation.refusedBecause.contains("body.items"))
    #expect(decision.parts.map(\.kind) == [.rejected(.splitRefused)])
    #expect(decision.entryNode == nil)
  }

  @Test func recordsAListWithoutElements() throws {
    let decision = try parts(Self.open + Self.items, Sample.json(#"{"items":[]}"#))
    #expect(decision.kind == .unrouted)
    #expect(decision.answer.status == 200)
    #expect(decision.parts.isEmpty)
    #expect(decision.explanation.notes.map(\.code) == ["empty_list"])
  }

  /// What a list is, format by format.
  @Test(arguments: [
    (Sample.json(#"{"items":[{"id":1},{"id":"b"},{}]}"#), [#"{"v":1}"#, #"{"v":"b"}"#, "{}"]),
    (Sample.json(#"{"items":"[{\"id\":1}]"}"#), [#"{"v":1}"#]),
    (Sample.form("items=%5B%7B%22id%22%3A1%7D,%7B%22id%22%3A2%7D%5D"), [#"{"v":1}"#, #"{"v":2}"#]),
    (BodySample.request("application/xml", Array("<items><id>1</id></items>".utf8)), [#"{"v":"1"}"#]),
    (BodySample.request("text/plain", Array(#"{"items":[{"id":1}]}"#.utf8)), [#"{"v":1}"#]),
  ])
  func splits(_ request: IncomingRequest, _ variables: [String]) throws {
    let decision = try parts(Self.open + Self.items, request)
    #expect(decision.kind == .accepted)
    #expect(decision.isDivided)
    #expect(decision.parts.map { Sample.text($0.variables) } == variables)
    #expect(decision.parts.map(\.element) == Array(variables.indices))
    #expect(decision.parts.allSatisfy { $0.entryNode == "other" && $0.subscriber == nil })
  }

  @Test(arguments: [
    ("body.a", Sample.form("a=x&a=y"), [#""x""#, #""y""#]), ("body.a", Sample.form("a=x"), [#""x""#]),
    ("body", Sample.json("[1,[2],null]"), ["1", "[2]", "null"]),
    (
      "body.o.i", BodySample.request("text/xml", Array("<o><i>1</i><i a='b'>2</i></o>".utf8)),
      [#""1""#, ##"{"@a":"b","#text":"2"}"##]
    ),
    ("body.items.0", Sample.json(#"{"items":[[1,2]]}"#), ["1", "2"]),
  ])
  func seesWholeElements(_ list: String, _ request: IncomingRequest, _ elements: [String]) throws {
    let decision = try parts(
      Self.open + #""split":"\#(list)","map":[{"variable":"v","from":"element","default":null}]"#, request)
    #expect(decision.parts.map { Sample.text($0.variables) } == elements.map { #"{"v":\#($0)}"# })
  }

  @Test func givesEachElementItsOwnEventAndOutput() throws {
    let fields =
      Self.open + #""split":"body.items","events":{"path":"element.e","cases":[{"id":"a","value":"x"},{"id":"b","value":"y"}]},"#
      + #""map":[{"variable":"n","from":"element.n","type":"number","required":true},{"variable":"t","from":"body.t"}]"#
    let connections = #"{"from":"hook.a","to":"welcome"},{"from":"hook.b","to":"other"}"#
    let body = #"{"t":"T","items":[{"e":"z","n":1},{"e":"y","n":2},{"e":"x"},{"e":"x","n":4}]}"#
    let decision = try parts(fields, Sample.json(body), connections: connections)
    #expect(decision.kind == .accepted)
    #expect(decision.parts.map(\.kind) == [.unrouted, .accepted, .rejected(.requiredMissing), .accepted])
    #expect(decision.parts.map(\.output) == ["else", "b", "", "a"])
    #expect(decision.parts.map(\.entryNode) == [nil, "other", nil, "welcome"])
    #expect(decision.parts.map { Sample.text($0.event) } == ["z", "y", "x", "x"])
    #expect(Sample.text(decision.parts[3].variables) == #"{"n":4,"t":"T"}"#)
    // The request's own row tells of the first element that starts a run.
    #expect(decision.output == "b")
    #expect(decision.entryNode == "other")
    let refused = try parts(fields, Sample.json(#"{"items":[{"e":"x"},{"e":"x","n":"?"}]}"#), connections: connections)
    #expect(refused.kind == .rejected(.requiredMissing))
    let unrouted = try parts(fields, Sample.json(#"{"items":[{"e":"x"},{"e":"z","n":1}]}"#), connections: connections)
    #expect(unrouted.kind == .unrouted)
    #expect(unrouted.answer.status == 200)
  }

  @Test func knowsElementsByTheirOwnDeliveryIDs() throws {
    let fields = Self.open + Self.items + #","dedup":{"by":"element.id","window":"1h"}"#
    let decision = try parts(fields, Sample.json(#"{"items":[{"id":"a"},{"id":7},{"id":"a"},{},{"id":""}]}"#))
    #expect(decision.parts.map { Sample.text($0.delivery?.id) } == ["a", "7", "a", nil, nil])
    #expect(decision.parts[0].delivery?.window == .seconds(3600))
    #expect(decision.parts.map(\.repeats) == [nil, nil, 0, nil, nil])
    #expect(decision.parts.map(\.startsRun) == [true, true, false, true, true])
    #expect(decision.parts[2].explanation.notes.map(\.code) == ["repeated"])
    #expect(decision.parts[3].explanation.notes.map(\.code) == ["absent", "no_delivery_id"])
    // One of the whole request makes no element a repetition of another.
    let whole = try parts(Self.open + Self.items + #","dedup":{"by":"body.id"}"#, Sample.json(#"{"id":"r","items":[{},{}]}"#))
    #expect(whole.parts.map { Sample.text($0.delivery?.id) } == ["r", "r"])
    #expect(whole.parts.map(\.repeats) == [nil, nil])
  }

  /// What a preset says of the first element of its list holds for each, once the body is split there.
  @Test(
    arguments: [
      ("sendgrid", "body", "element.event", "element.sg_event_id"),
      ("hubspot-v3", "body", "element.subscriptionType", "element.eventId"),
      ("line", "body.events", "element.type", "element.webhookEventId"), ("meta", "body.entry", "element.changes[0].field", nil),
      ("meta", "body.entry[0].changes", "element.field", nil), ("xero", "body.events", "element.eventType", nil),
      ("mandrill", "body.mandrill_events", "element.event", "element._id"),
      ("meta", "body.other", "body.entry[0].changes[0].field", nil),
      ("stripe", "body.data.items", "body.type", "body.id"),
    ] as [(String, String, String, String?)])
  func seesAPresetsPathsFromTheElement(_ preset: String, _ list: String, _ event: String, _ delivery: String?) throws {
    let node = try Sample.flow(#""auth":{"preset":"\#(preset)","\#(Self.secretField(preset))":"pending"},"split":"\#(list)""#)
      .node("hook")
    let configuration = try #require(node?.trigger)
    #expect(configuration.eventPath?.text == event)
    let lists = configuration.split?.paths(of: configuration.authentication)
    #expect(configuration.deliveryRule(of: configuration.authentication, in: lists?.first)?.path.text == delivery)
  }

  private static func secretField(_ preset: String) -> String { preset == "sendgrid" ? "public_key" : "secret" }

  @Test func splitsTheFormFieldOfMandrill() throws {
    let trigger = try Sample.trigger(
      #""auth":{"preset":"mandrill"},"split":"body.mandrill_events","events":{"cases":[{"id":"send","value":"send"}]}"#,
      connections: #"{"from":"hook.send","to":"other"}"#)
    let events = "mandrill_events=%5B%7B%22event%22%3A%22send%22,%22_id%22%3A%22a%22%7D,%7B%22event%22%3A%22open%22%7D%5D"
    let decision = trigger.evaluate(Sample.form(events), credentials: TriggerCredentials(isPending: true), nowUs: 0)
    #expect(Sample.text(decision.event) == "send")
    #expect(decision.parts.isEmpty)
    #expect(decision.kind == .pending)
  }

  @Test func boundsWhatAllElementsTogetherAmountTo() throws {
    let fields = Self.open + #""split":"body.i","map":[{"variable":"v","from":"body.big"},{"variable":"w","from":"element"}]"#
    let body =
      #"{"big":"\#(String(repeating: "x", count: 300_000))","i":[\#((0..<200).map(String.init).joined(separator: ","))]}"#
    let decision = try parts(fields, Sample.json(body))
    #expect(decision.kind == .accepted)
    #expect(decision.parts.count == 200)
    #expect(decision.parts.reduce(0) { $0 + $1.variables.count } <= 16 << 20)
    #expect(decision.parts.last?.kind == .rejected(.bodyTooLarge))
    #expect(decision.parts.filter { $0.kind == .accepted }.count == 55)
  }

  @Test func explainsTheFirstElementsInFull() throws {
    let cases = (0..<50).map { #"{"id":"c\#($0)","value":"\#($0)"}"# }.joined(separator: ",")
    let map = (0..<50).map { #"{"variable":"v\#($0)","from":"element.none"}"# }.joined(separator: ",")
    let fields = Self.open + #""split":"body","events":{"path":"element.e","cases":[\#(cases)]},"map":[\#(map)]"#
    let body = "[" + Array(repeating: #"{"e":"x"}"#, count: 300).joined(separator: ",") + "]"
    let decision = try parts(fields, Sample.json(body))
    #expect(decision.parts[0].explanation.cases.count == 50)
    #expect(decision.parts[0].explanation.notes.count == 50)
    #expect(decision.parts[299].explanation.cases.isEmpty)
    #expect(decision.parts[299].explanation.notes.count == 4)
    #expect(decision.parts[299].kind == .accepted)
  }

  // MARK: subscribers

  private func subscriber(_ fields: String, connections: String = toOther, flow: String = "second") throws -> CompiledTrigger {
    let text = String(decoding: Sample.flowText(#""source":"orders/hook""# + fields, connections: connections), as: UTF8.self)
      .replacing(#""flow":"orders""#, with: #""flow":"\#(flow)""#)
    return try #require(
      CompiledTrigger(try FlowDefinition.parse(Array(text.utf8)).definition, node: "hook", triggerID: "t-\(flow)"))
  }

  @Test func refusesRequestsToASubscribersOwnKey() throws {
    let decision = try subscriber("").evaluate(Sample.json("{}"))
    #expect(decision.kind == .rejected(.disabled))
    #expect(decision.answer == .refusal(.unknownKey))
    #expect(decision.parts.isEmpty)
  }

  @Test func givesEachSubscriberAPartOfItsOwn() throws {
    let owner = try Sample.trigger(
      #""auth":{"mode":"bearer"},"events":{"path":"body.e","cases":[{"id":"a","value":"x"}]},"response":{"body":"{{ trigger.node }}"}"#
    )
    let first = try subscriber(
      #","map":[{"variable":"t","from":"trigger.id"},{"variable":"s","from":"{{ flow.shop }}"}],"order_by":"body.e""#)
    let second = try subscriber(
      #","split":"body.i","map":[{"variable":"i","from":"element","required":true}],"dedup":{"by":"element"}"#, flow: "third")
    let request = Sample.json(#"{"e":"x","i":[1,null,1]}"#, headers: [HeaderField("authorization", "Bearer secret-token")])
    let credentials = TriggerCredentials(secrets: [SecretBytes(copying: "secret-token")])
    let decision = owner.evaluate(request, credentials: credentials, subscribers: [first, second], nowUs: 0)
    #expect(decision.kind == .accepted)
    #expect(decision.isDivided)
    #expect(decision.parts.map(\.subscriber) == [nil, 0, 1, 1, 1])
    #expect(decision.parts.map(\.element) == [0, 0, 0, 1, 2])
    #expect(
      decision.parts.map(\.kind) == [.unrouted, .accepted, .accepted, .rejected(.requiredMissing), .accepted])
    #expect(decision.parts.map(\.repeats) == [nil, nil, nil, nil, 0])
    #expect(Sample.text(decision.parts[1].variables) == #"{"t":"t-second","s":"Loja"}"#)
    #expect(Sample.text(decision.parts[1].orderKey) == "x")
    #expect(decision.parts[0].orderKey == nil)
    #expect(Sample.text(decision.answer.body) == "hook")
    // Nobody gets anything of a caller that the owner does not know.
    let stranger = owner.evaluate(Sample.json("{}"), credentials: credentials, subscribers: [first, second], nowUs: 0)
    #expect(stranger.kind == .rejected(.credentialMissing))
    #expect(stranger.parts.isEmpty)
  }

  @Test func acceptsWhatASubscriberTakesThoughTheOwnerCannot() throws {
    let owner = try Sample.trigger(
      Self.open + #""map":[{"variable":"v","from":"body.v","required":true}]"#, connections: Self.toOther)
    let subscriber = try subscriber("")
    let taken = owner.evaluate(Sample.json("{}"), credentials: .none, subscribers: [subscriber], nowUs: 0)
    #expect(taken.kind == .accepted)
    #expect(taken.parts.map(\.kind) == [.rejected(.requiredMissing), .accepted])
    let idle = try self.subscriber("", connections: "")
    #expect(owner.evaluate(Sample.json("{}"), credentials: .none, subscribers: [idle], nowUs: 0).kind == .unrouted)
    let also = try self.subscriber(#","split":"body.x""#)
    let refused = owner.evaluate(Sample.json("{}"), credentials: .none, subscribers: [also], nowUs: 0)
    // The reason of the first part, which is the owner's.
    #expect(refused.kind == .rejected(.requiredMissing))
  }

  @Test func takesThePresetsPathsOfTheOwner() throws {
    let owner = try Sample.trigger(#""auth":{"preset":"gitlab-token"}"#)
    let headers = [
      HeaderField("x-gitlab-token", "secret-token"), HeaderField("x-gitlab-event", "Push Hook"),
      HeaderField("idempotency-key", "k1"),
    ]
    let credentials = TriggerCredentials(secrets: [SecretBytes(copying: "secret-token")])
    let cases = #","events":{"cases":[{"id":"push","value":"Push Hook"}]}"#
    let push = #"{"from":"hook.push","to":"other"}"#
    let both = owner.evaluate(
      Sample.json("{}", headers: headers), credentials: credentials,
      subscribers: [try subscriber(cases, connections: push), try subscriber(cases + #","dedup":"off""#, connections: push)],
      nowUs: 0)
    #expect(both.parts.map(\.output) == ["else", "push", "push"])
    #expect(both.parts.map { Sample.text($0.delivery?.id) } == ["k1", "k1", nil])
    // Without a preset there is nothing to compare.
    let open = try Sample.trigger(#""auth":{"mode":"public"}"#)
    let none = open.evaluate(
      Sample.json("{}"), credentials: .none, subscribers: [try subscriber(cases + #","dedup":"preset""#, connections: push)],
      nowUs: 0)
    #expect(none.parts[1].output == "else")
    #expect(none.parts[1].explanation.notes.map(\.code) == ["no_event_path"])
    #expect(none.parts[1].delivery == nil)
  }

  // MARK: delivery ids and order

  @Test func knowsDeliveriesByThePresetUnlessToldOtherwise() throws {
    func rule(_ fields: String) throws -> TriggerConfiguration.DeliveryRule? {
      let trigger = try #require(try Sample.flow(fields).node("hook")?.trigger)
      return trigger.deliveryRule(of: trigger.authentication)
    }
    #expect(try rule(#""auth":{"mode":"bearer"}"#) == nil)
    #expect(try rule(#""auth":{"preset":"kiwify"}"#) == nil)
    #expect(try rule(#""auth":{"preset":"stripe"}"#)?.path.text == "body.id")
    #expect(try rule(#""auth":{"preset":"stripe"}"#)?.window == .seconds(604_800))
    #expect(try rule(#""auth":{"preset":"stripe"},"dedup":"off""#) == nil)
    #expect(try rule(#""auth":{"preset":"stripe"},"dedup":{"by":"body.data.id"}"#)?.path.text == "body.data.id")
    #expect(try rule(#""auth":{"preset":"stripe"},"dedup":{"by":"preset","window":"1d"}"#)?.window == .seconds(86_400))
    // The first element's identifier is not the request's, nor is that of a transaction a delivery's.
    #expect(try rule(#""auth":{"preset":"line"}"#) == nil)
    #expect(try rule(#""auth":{"preset":"line"},"dedup":"preset""#)?.path.text == "body.events[0].webhookEventId")
    #expect(try rule(#""auth":{"preset":"flutterwave-v3"}"#) == nil)
    #expect(try rule(#""auth":{"preset":"flutterwave-v3"},"dedup":"preset""#)?.path.text == "body.data.id")
  }

  @Test(
    arguments: [
      (#"{"id":"a"}"#, "a"), (#"{"id":9007199254740993}"#, "9007199254740993"), (#"{"id":[1]}"#, "[1]"), (#"{"id":null}"#, nil),
      (#"{"id":""}"#, nil), ("{}", nil), (#"{"id":"[redacted]"}"#, nil),
    ] as [(String, String?)])
  func readsDeliveryIDsAndOrderKeys(_ body: String, _ expected: String?) throws {
    let decision = try parts(Self.open + #""dedup":{"by":"body.id"},"order_by":"body.id""#, Sample.json(body))
    #expect(decision.kind == .accepted)
    #expect(Sample.text(decision.parts[0].delivery?.id) == expected)
    #expect(Sample.text(decision.parts[0].orderKey) == expected)
    #expect(decision.explanation.notes.map(\.code) == (expected == nil ? ["no_order_key", "no_delivery_id"] : []))
  }

  @Test func digestsLongDeliveryIDsAndOrderKeys() throws {
    for count in [256, 257] {
      let text = String(repeating: "x", count: count)
      let decision = try parts(
        Self.open + #""dedup":{"by":"body"},"order_by":"{{ body }}""#, Sample.json("\"\(text)\""))
      let expected = count == 256 ? Array(text.utf8) : Digest.of(Array(text.utf8), .sha256)
      #expect(decision.parts[0].delivery?.id == expected)
      #expect(decision.parts[0].orderKey == expected)
    }
  }

  @Test func takesNoCredentialForADeliveryID() throws {
    let trigger = try Sample.trigger(
      #""auth":{"mode":"query"},"dedup":{"by":"query.token"},"order_by":"query.token""#, connections: Self.toOther)
    let decision = trigger.evaluate(Sample.json("{}", query: "token=secret-token"), secret: "secret-token")
    #expect(decision.parts[0].delivery == nil)
    #expect(decision.parts[0].orderKey == nil)
  }
}
