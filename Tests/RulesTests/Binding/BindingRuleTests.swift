import JSON
import Testing

@testable import Rules

@Suite struct BindingRuleTests {
  private func parse(_ json: String) throws -> (rule: BindingRule?, faults: [ConfigurationFault]) {
    let document = try JSONDocument(Array(json.utf8))
    var faults: [ConfigurationFault] = []
    let fields = try #require(FieldReader(document.root, at: "nodes[0]", known: BindingRule.fields, faults: &faults))
    let rule = BindingRule.parse(fields, constants: ["brand"], faults: &faults)
    return (rule, faults)
  }

  private static let faulty: [(String, String, ConfigurationFault.Code)] = [
    (#"{"customer": {}}"#, "nodes[0].customer", .wrongType),
    (#"{"customer": [{"from": "body.x", "key": true}]}"#, "nodes[0].customer[0].field", .required),
    (#"{"customer": [{"field": "mail", "from": "body.x"}]}"#, "nodes[0].customer[0].field", .invalidValue),
    (#"{"customer": [{"field": "sms", "from": "body.x"}]}"#, "nodes[0].customer[0].field", .invalidValue),
    (#"{"customer": [{"field": "email", "key": true}]}"#, "nodes[0].customer[0].from", .required),
    (#"{"customer": [{"field": "email", "from": "bdy.x", "key": true}]}"#, "nodes[0].customer[0].from", .invalidValue),
    (#"{"customer": [{"field": "email", "from": "{{ flow.x }}", "key": true}]}"#, "nodes[0].customer[0].from", .unknownReference),
    (#"{"customer": [{"field": "email", "from": "body.x", "key": "yes"}]}"#, "nodes[0].customer[0].key", .wrongType),
    (#"{"customer": [{"field": "email", "from": "body.x", "kee": true}]}"#, "nodes[0].customer[0].kee", .unknownField),
    (
      #"{"customer": [{"field": "email", "from": "body.x", "key": true, "region": "BR"}]}"#, "nodes[0].customer[0].region",
      .conflict
    ),
    (
      #"{"customer": [{"field": "phone", "from": "body.x", "key": true, "region": "br"}]}"#, "nodes[0].customer[0].region",
      .invalidValue
    ),
    (#"{"customer": [{"field": "name", "from": "body.x"}]}"#, "nodes[0].customer", .required),
    (
      #"{"customer": [{"field": "email", "from": "body.x", "key": true}, {"field": "email", "from": "body.y"}]}"#,
      "nodes[0].customer[1].field", .duplicate
    ),
    (#"{"chat": "whatsapp"}"#, "nodes[0].chat", .wrongType),
    (#"{"chat": {"channel": "phone", "from": "body.x"}}"#, "nodes[0].chat.channel", .invalidValue),
    (#"{"chat": {"channel": "sms"}}"#, "nodes[0].chat.from", .required),
    (#"{"chat": {"channel": "email", "from": "body.x", "region": "BR"}}"#, "nodes[0].chat.region", .conflict),
  ]

  @Test(arguments: faulty)
  func eachFaultNamesItsField(json: String, path: String, code: ConfigurationFault.Code) throws {
    let faults = try parse(json).faults
    #expect(faults.map(\.path) == [path])
    #expect(faults.map(\.code) == [code])
  }

  @Test(arguments: ["{}", #"{"customer": []}"#, #"{"customer": null, "chat": null}"#])
  func nothingIsNoRule(json: String) throws {
    let (rule, faults) = try parse(json)
    #expect(rule == nil && faults.isEmpty)
  }

  @Test func whatWasReadIsWrittenAlike() throws {
    let json =
      #"{"customer":[{"field":"email","from":"body.user.email","key":true},"#
      + #"{"field":"phone","from":"body.user.phone","region":"BR","key":true},"#
      + #"{"field":"name","from":"{{ flow.brand }} {{ body.name }}"}],"#
      + #""chat":{"channel":"whatsapp","from":"body.user.phone","region":"PT"}}"#
    let (rule, faults) = try parse(json)
    #expect(faults.isEmpty)
    var writer = JSONWriter()
    writer.beginObject()
    try #require(rule).writeCanonicalFields(to: &writer)
    writer.endObject()
    #expect(String(decoding: writer.bytes, as: UTF8.self) == json)
  }

  @Test func valuesAreReadAndNormalized() throws {
    let rule = BindingRule(
      customer: [
        BindingRule.Field(kind: .email, source: try MappingSource("body.email"), isKey: true),
        BindingRule.Field(kind: .phone, source: try MappingSource("body.phone"), isKey: true),
        BindingRule.Field(kind: .whatsapp, source: try MappingSource("body.wa"), region: "PT"),
        BindingRule.Field(kind: .document, source: try MappingSource("body.document")),
        BindingRule.Field(kind: .name, source: try MappingSource("{{ body.first }} {{ body.last }}")),
        BindingRule.Field(kind: .instagram, source: try MappingSource("body.list")),
        BindingRule.Field(kind: .telegram, source: try MappingSource("body.none")),
      ], chat: BindingRule.Chat(channel: .sms, source: try MappingSource("body.phone")))
    let body =
      #"{"email": " A@X.com", "phone": 11988887777, "wa": "912345678", "document": "no!" , "first": "Ana", "last": "M", "list": ["a"]}"#
    var scope = TemplateScope(
      payload: try Sample.payload(Sample.json(body)), environment: WorkspaceEnvironment(defaultRegion: "BR"))
    let request = try #require(rule.request(in: &scope))
    #expect(request.customer.map(\.value) == ["a@x.com", "+5511988887777", "+351912345678", "NO", "Ana M", nil, nil])
    #expect(request.customer.map(\.isKey) == [true, true, false, false, false, false, false])
    #expect(request.customer[0].original == Array(" A@X.com".utf8))
    #expect(request.customer[1].original == Array("11988887777".utf8))
    #expect(request.customer[5].problem == "It is a list, not a text.")
    #expect(request.customer[6].problem.isEmpty)
    #expect(request.chat?.contact.value == "+5511988887777" && request.chat?.channel == .sms)
    // Odoo and others write `false` for what is empty; what does not fit is cut for the record.
    let long = String(repeating: "x", count: 1000)
    scope = TemplateScope(
      payload: try Sample.payload(Sample.json(#"{"email": false, "phone": "\#(long)", "wa": "", "document": null}"#)))
    let strange = try #require(rule.request(in: &scope))
    #expect(strange.customer.allSatisfy { $0.value == nil || $0.kind == .name })
    #expect(strange.customer[0].problem == "It is true or false, not a text.")
    #expect(strange.customer[1].problem == "It is longer than 64 bytes.")
    #expect(strange.customer[1].original.count == DecisionExplanation.valueLimit)
    #expect(strange.customer[2].problem.isEmpty && strange.customer[3].problem.isEmpty)
  }

  /// One number is not read in two ways: what a line of the customer says of a value holds for the same value of the chat.
  @Test(
    arguments: [
      (#""from":"body.p","region":"PT""#, #""from":"body.p""#, "PT"),
      (#""from":"body.p","region":"PT""#, #""from":"body.q""#, "BR"),
      (#""from":"body.p","region":"PT""#, #""from":"body.p","region":"US""#, "US"),
      (#""from":"body.p""#, #""from":"body.p""#, "BR"),
    ])
  func theChatsRegionIsTheCustomersForTheSameValue(_ customer: String, _ chat: String, _ region: String) throws {
    let numbers = ["PT": "912345678", "BR": "11988887777", "US": "2125550123"]
    let expected = ["PT": "+351912345678", "BR": "+5511988887777", "US": "+12125550123"]
    let trigger = try Sample.trigger(
      #""auth":{"mode":"public"},"customer":[{"field":"phone",\#(customer),"key":true}],"chat":{"channel":"sms",\#(chat)}"#)
    let number = try #require(numbers[region])
    let decision = trigger.evaluate(
      Sample.json(#"{"p":"\#(number)","q":"\#(number)"}"#), credentials: .none,
      environment: WorkspaceEnvironment(defaultRegion: "BR"), nowUs: 0)
    #expect(decision.parts.first?.binding?.chat?.contact.value == expected[region])
  }

  @Test func aFlowFileHasItsBinding() throws {
    let node =
      #""auth":{"mode":"public"},"customer":[{"field":"email","from":"body.email","key":true}],"#
      + #""chat":{"channel":"sms","from":"body.phone"}"#
    let trigger = try Sample.trigger(node)
    let environment = WorkspaceEnvironment(defaultRegion: "BR")
    let request = Sample.json(#"{"email":"Ana@X.com","phone":"11988887777"}"#)
    let decision = trigger.evaluate(request, credentials: .none, environment: environment, nowUs: 1_700_000_000_000_000)
    let binding = try #require(decision.parts.first?.binding)
    #expect(binding.customer.map(\.value) == ["ana@x.com"])
    #expect(binding.chat?.contact.value == "+5511988887777")
    let faults = Sample.faults(
      Sample.flowText(#""auth":{"mode":"public"},"chat":{"channel":"sms","from":"element.phone"}"#))
    #expect(faults.map(\.path) == ["nodes[0].chat.from"])
    // Each element of a body that is split has its own customer.
    let split = try Sample.trigger(
      #""auth":{"mode":"public"},"split":"body.items","customer":[{"field":"name","from":"element.n","key":true}]"#)
    let parts = split.evaluate(
      Sample.json(#"{"items":[{"n":"Ana"},{"n":"Bia"}]}"#), credentials: .none, environment: environment,
      nowUs: 1_700_000_000_000_000
    ).parts
    #expect(parts.map { $0.binding?.customer.first?.value } == ["Ana", "Bia"])
  }
}
