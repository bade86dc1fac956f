import JSON
import Testing

@testable import Rules

@Suite struct FlowDefinitionTests {
  /// The flow file of the documentation, as JSON.
  private static let orders = #"""
    {
      "flow": "orders",
      "nodes": [
        {
          "id": "hook", "type": "webhook_trigger", "auth": {"mode": "hmac", "preset": "kiwify"},
          "allow": {"ips": ["203.0.113.0/24", "2001:db8::/32"], "origins": ["https://shop.example.com"]},
          "events": {
            "path": "body.webhook_event_type",
            "cases": [
              {"id": "approved", "value": "order_approved", "label": "Approved"},
              {"id": "refunded", "value": "order_refunded", "label": "Refunded"}
            ]
          },
          "map": [
            {"variable": "email", "from": "body.Customer.email", "required": true},
            {"variable": "amount", "from": "body.items[0].amount", "type": "number", "default": 0}
          ]
        },
        {"id": "welcome", "type": "task"},
        {"type": "task", "zeta": [1.50, {"b": 1, "a": null}], "id": "other", "alpha": "é\u00e9"}
      ],
      "connections": [{"from": "hook.approved", "to": "welcome"}, {"from": "hook.else", "to": "other"}]
    }
    """#

  private func parse(_ text: String) throws -> ParsedFlow { try FlowDefinition.parse(Array(text.utf8)) }

  @Test func listsFiveFaultsOfOneFile() {
    let text =
      Self.orders
      .replacing("body.items[0].amount", with: "body.items[0.amount")
      .replacing("\"203.0.113.0/24\"", with: "\"203.0.113.0/33\"")
      .replacing("\"preset\": \"kiwify\"", with: "\"preset\": \"kiwfy\"")
      .replacing("\"required\": true", with: "\"requird\": true")
      .replacing("\"to\": \"welcome\"", with: "\"to\": \"wellcome\"")
    let faults = Sample.faults(text)
    #expect(
      faults.map { "\($0.path) \($0.code.rawValue)" } == [
        "nodes[0].auth.preset unknown_reference", "nodes[0].allow.ips[0] invalid_value", "nodes[0].map[0].requird unknown_field",
        "nodes[0].map[1].from invalid_value", "connections[0].to unknown_reference",
      ])
    #expect(faults[0].message.contains("Did you mean \"kiwify\"?"))
    #expect(faults[2].message.contains("Did you mean \"required\"?"))
    #expect(faults[3].message.contains("at character 13"))
    #expect(faults[4].message.contains("Did you mean \"welcome\"?"))
  }

  @Test(arguments: [
    ("", "", "invalid_json"), ("[]", "", "wrong_type"), ("{", "", "invalid_json"), (#"{"nodes":[]}"#, "flow", "required"),
    (#"{"flow":"","nodes":[]}"#, "flow", "required"), (#"{"flow":"a/b","nodes":[]}"#, "flow", "invalid_value"),
    (#"{"flow":"wh_x","nodes":[]}"#, "flow", "invalid_value"),
    (#"{"flow":"0190a000-0000-7000-8000-000000000001","nodes":[]}"#, "flow", "invalid_value"),
    (#"{"flow":1,"nodes":[]}"#, "flow", "wrong_type"),
    (#"{"flow":"a"}"#, "nodes", "required"), (#"{"flow":"a","nodes":{}}"#, "nodes", "wrong_type"),
    (#"{"flow":"a","flow":"b","nodes":[]}"#, "flow", "duplicate"),
    (#"{"flow":"a","nodes":[],"edges":[]}"#, "edges", "unknown_field"),
    (#"{"flow":"a","nodes":[],"a b":1}"#, "[\"a b\"]", "unknown_field"), (#"{"flow":"a","nodes":[1]}"#, "nodes[0]", "wrong_type"),
    (#"{"flow":"a","nodes":[{"type":"task"}]}"#, "nodes[0].id", "required"),
    (#"{"flow":"a","nodes":[{"id":"x"}]}"#, "nodes[0].type", "required"),
    (#"{"flow":"a","nodes":[{"id":"x.y","type":"task"}]}"#, "nodes[0].id", "invalid_value"),
    (#"{"flow":"a","nodes":[{"id":"x","type":"webhook_triger"}]}"#, "nodes[0].type", "invalid_value"),
    (#"{"flow":"a","nodes":[{"id":"x","type":"task"},{"id":"x","type":"task"}]}"#, "nodes[1].id", "duplicate"),
    (#"{"flow":"a","nodes":[{"id":"x","type":"webhook_trigger"}]}"#, "nodes[0].auth", "required"),
    (#"{"flow":"a","nodes":[],"constants":{"1a":1}}"#, "constants.1a", "invalid_value"),
    (#"{"flow":"a","nodes":[],"constants":{"a":[]}}"#, "constants.a", "wrong_type"),
    (#"{"flow":"a","nodes":[],"constants":{"a":1,"a":2}}"#, "constants.a", "duplicate"),
    (#"{"flow":"a","nodes":[],"connections":[{"from":"x","to":"y"}]}"#, "connections[0].from", "unknown_reference"),
  ])
  func refuses(_ text: String, _ path: String, _ code: String) {
    let faults = Sample.faults(text)
    #expect(faults.first.map { [$0.path, $0.code.rawValue] } == [path, code], "\(faults)")
  }

  @Test(arguments: [
    (#""auth":{"mode":"public"},"sorce":"x/y""#, "nodes[0].sorce", "unknown_field"),
    (#""auth":{"mode":"public"},"source":"x/y""#, "nodes[0].auth", "conflict"),
    (#""auth":{"mode":"bearr"}"#, "nodes[0].auth.mode", "invalid_value"),
    (#""auth":{"mode":"bearer","secret":""}"#, "nodes[0].auth.secret", "required"),
    (#""auth":{"mode":"public"},"allow":{"origins":["shop.example.com"]}"#, "nodes[0].allow.origins[0]", "invalid_value"),
    (#""auth":{"mode":"public"},"allow":{"ips":["10.0.0.1/8"]}"#, "nodes[0].allow.ips[0]", "invalid_value"),
    (#""auth":{"mode":"public"},"allow":{"ips":["10.0.0.1","10.0.0.1"]}"#, "nodes[0].allow.ips[1]", "duplicate"),
    (#""auth":{"mode":"public"},"allow":{"ips":[1]}"#, "nodes[0].allow.ips[0]", "wrong_type"),
    (#""auth":{"mode":"public"},"methods":[]"#, "nodes[0].methods", "required"),
    (#""auth":{"mode":"public"},"methods":["HEAD"]"#, "nodes[0].methods[0]", "invalid_value"),
    (#""auth":{"mode":"public"},"methods":["POST","post"]"#, "nodes[0].methods[1]", "duplicate"),
    (#""auth":{"mode":"public"},"methods":"POST""#, "nodes[0].methods", "wrong_type"),
    (#""auth":{"mode":"public"},"events":{"cases":[]}"#, "nodes[0].events.path", "required"),
    (#""auth":{"mode":"public"},"events":{"path":"flow.shop"}"#, "nodes[0].events.path", "invalid_value"),
    (
      #""auth":{"mode":"public"},"events":{"path":"body.e","cases":[{"id":"else","value":"x"}]}"#, "nodes[0].events.cases[0].id",
      "conflict"
    ),
    (#""auth":{"mode":"public"},"events":{"path":"body.e","cases":[{"value":"x"}]}"#, "nodes[0].events.cases[0].id", "required"),
    (#""auth":{"mode":"public"},"events":{"path":"body.e","cases":[{"id":"a"}]}"#, "nodes[0].events.cases[0].value", "required"),
    (
      #""auth":{"mode":"public"},"events":{"path":"body.e","cases":[{"id":"a","value":[]}]}"#, "nodes[0].events.cases[0].value",
      "wrong_type"
    ),
    (
      #""auth":{"mode":"public"},"events":{"path":"body.e","cases":[{"id":"a","value":"x"},{"id":"a","value":"y"}]}"#,
      "nodes[0].events.cases[1].id", "duplicate"
    ),
    (
      #""auth":{"mode":"public"},"events":{"path":"body.e","cases":[{"id":"a","value":"200"},{"id":"b","value":200}]}"#,
      "nodes[0].events.cases[1].value", "duplicate"
    ),
    (
      #""auth":{"mode":"public"},"events":{"path":"body.e","cases":[{"id":"a","value":"{{ flow.shp }}"}]}"#,
      "nodes[0].events.cases[0].value", "unknown_reference"
    ),
    (#""auth":{"mode":"public"},"map":[{"from":"body.a"}]"#, "nodes[0].map[0].variable", "required"),
    (#""auth":{"mode":"public"},"map":[{"variable":"a"}]"#, "nodes[0].map[0].from", "required"),
    (#""auth":{"mode":"public"},"map":[{"variable":"a b","from":"body.a"}]"#, "nodes[0].map[0].variable", "invalid_value"),
    (#""auth":{"mode":"public"},"map":[{"variable":"a","from":"body.a","type":"int"}]"#, "nodes[0].map[0].type", "invalid_value"),
    (
      #""auth":{"mode":"public"},"map":[{"variable":"a","from":"body.a","type":"number","default":"0"}]"#,
      "nodes[0].map[0].default", "wrong_type"
    ),
    (
      #""auth":{"mode":"public"},"map":[{"variable":"a","from":"body.a","default":0,"required":true}]"#,
      "nodes[0].map[0].default", "conflict"
    ),
    (
      #""auth":{"mode":"public"},"map":[{"variable":"a","from":"body.a"},{"variable":"a","from":"body.b"}]"#,
      "nodes[0].map[1].variable", "duplicate"
    ),
    (#""auth":{"mode":"public"},"map":[{"variable":"a","from":"{{ body.a"}]"#, "nodes[0].map[0].from", "invalid_value"),
    (
      #""auth":{"mode":"public"},"map":[{"variable":"a","from":"{{ flow.nothing }}"}]"#, "nodes[0].map[0].from",
      "unknown_reference"
    ),
    (#""auth":{"mode":"public"},"response":{"status":302}"#, "nodes[0].response.status", "invalid_value"),
    (#""auth":{"mode":"public"},"response":{"status":204,"body":"x"}"#, "nodes[0].response.body", "conflict"),
    (#""auth":{"mode":"public"},"response":{"content_type":"text"}"#, "nodes[0].response.content_type", "invalid_value"),
    (
      #""auth":{"mode":"public"},"response":{"content_type":"text/plain\r\nx: y"}"#, "nodes[0].response.content_type",
      "invalid_value"
    ),
    (
      #""auth":{"mode":"public"},"response":{"headers":{"Content-Length":"1"}}"#, "nodes[0].response.headers.Content-Length",
      "conflict"
    ),
    (#""auth":{"mode":"public"},"response":{"headers":{"x":"a\nb"}}"#, "nodes[0].response.headers.x", "invalid_value"),
    (#""auth":{"mode":"public"},"response":{"headers":{"x y":"a"}}"#, "nodes[0].response.headers[\"x y\"]", "invalid_value"),
    (#""auth":{"mode":"public"},"response":{"headers":{"x":"a","X":"b"}}"#, "nodes[0].response.headers.X", "duplicate"),
    (#""auth":{"mode":"public"},"response":{"body":"{{ body.a "}"#, "nodes[0].response.body", "invalid_value"),
    (#""auth":{"mode":"public"},"deadline_ms":99"#, "nodes[0].deadline_ms", "unknown_field"),
  ])
  func refusesTriggers(_ fields: String, _ path: String, _ code: String) {
    let faults = Sample.faults(Sample.flowText(fields))
    #expect(faults.map { [$0.path, $0.code.rawValue] } == [[path, code]])
  }

  private static let twoCases =
    #""auth":{"mode":"public"},"events":{"path":"body.e","cases":[{"id":"approved","value":"a"},{"id":"b","value":"b"}]}"#

  @Test(arguments: [
    (#"{"from":"hook.aproved","to":"welcome"}"#, "connections[0].from", "unknown_reference"),
    (#"{"from":"hok","to":"welcome"}"#, "connections[0].from", "unknown_reference"),
    (#"{"from":"hook.b","to":"hook"}"#, "connections[0].to", "invalid_value"),
    (#"{"from":"hook.b","to":"nobody"}"#, "connections[0].to", "unknown_reference"),
    (#"{"from":"hook.b"}"#, "connections[0].to", "required"),
    (#"{"from":"hook.b","to":"other","when":1}"#, "connections[0].when", "unknown_field"),
    (#"{"from":"hook.b","to":"other"},{"from":"hook.b","to":"other"}"#, "connections[1]", "duplicate"),
    (#"{"from":"hook","to":"other"},{"from":"hook.else","to":"welcome"}"#, "connections[1].from", "duplicate"),
    (#"{"from":"welcome.a b","to":"other"}"#, "connections[0].from", "invalid_value"),
    (#"{"from":"","to":"other"}"#, "connections[0].from", "required"), (#"1"#, "connections[0]", "wrong_type"),
  ])
  func refusesConnections(_ connections: String, _ path: String, _ code: String) {
    let faults = Sample.faults(Sample.flowText(Self.twoCases, connections: connections))
    #expect(faults.map { [$0.path, $0.code.rawValue] } == [[path, code]])
  }

  @Test func leavesGraphsToThePlatform() throws {
    let connections =
      #"{"from":"hook","to":"welcome"},{"from":"welcome","to":"other"},{"from":"other.done","to":"welcome"},"#
      + #"{"from":"welcome","to":"welcome"},{"from":"other","to":"other"}"#
    let flow = try Sample.flow(#""auth":{"mode":"public"}"#, connections: connections)
    #expect(flow.connections.count == 5)
    #expect(flow.target(of: "hook", output: "else") == "welcome")
  }

  @Test func readsTheDocumentedFlow() throws {
    let parsed = try parse(Self.orders)
    #expect(parsed.warnings == ["hook.refunded leads nowhere: its requests are recorded and start no run."])
    #expect(parsed.secrets == ["hook": .none])
    let flow = parsed.definition
    #expect(flow.name == "orders")
    #expect(flow.triggers.map(\.id) == ["hook"])
    #expect(flow.target(of: "hook", output: "approved") == "welcome")
    #expect(flow.target(of: "hook", output: "refunded") == nil)
  }

  @Test func writesOneTextForOneFlow() throws {
    let first = try parse(Self.orders).definition
    let again = try FlowDefinition.parse(first.canonicalJSON).definition
    #expect(again == first)
    #expect(again.canonicalJSON == first.canonicalJSON)
    let text = try #require(Sample.text(first.canonicalJSON))
    #expect(
      text.hasPrefix(
        #"{"flow":"orders","nodes":[{"id":"hook","type":"webhook_trigger","auth":{"mode":"hmac","preset":"kiwify"},"allow":"#))
    #expect(text.contains(#"{"id":"other","type":"task","alpha":"éé","zeta":[1.50,{"a":null,"b":1}]}"#))
    #expect(!text.contains("\n"))
  }

  @Test func writesEveryFieldBack() throws {
    let fields =
      #""auth":{"mode":"header","name":"X-Token"},"allow":{"ips":["10.0.0.1"],"origins":["HTTPS://Shop.Example.com:443"]},"#
      + #""methods":["PUT","get"],"events":{"path":" body.e ","cases":[{"id":"a","value":5,"label":"L"}]},"#
      + #""map":[{"variable":"v","from":"{{ body.a ?? 'x' }}","type":"json","default":{"b":1,"a":[1.0]}},{"variable":"w","from":"ip","required":true}],"#
      + #""response":{"status":201,"content_type":"text/plain","headers":{"X-B":"1","X-A":"2"},"body":"ok"}"#
    let flow = try Sample.flow(fields, connections: #"{"from":"hook","to":"other"}"#)
    #expect(
      Sample.text(flow.node("hook")?.canonicalJSON)
        == #"{"id":"hook","type":"webhook_trigger","auth":{"mode":"header","name":"x-token"},"#
        + #""allow":{"ips":["10.0.0.1"],"origins":["https://shop.example.com"]},"methods":["GET","PUT"],"#
        + #""events":{"path":"body.e","cases":[{"id":"a","value":"5","label":"L"}]},"#
        + #""map":[{"variable":"v","from":"{{ body.a ?? 'x' }}","type":"json","default":{"a":[1.0],"b":1}},{"variable":"w","from":"ip","required":true}],"#
        + #""response":{"status":201,"content_type":"text/plain","headers":{"x-a":"2","x-b":"1"},"body":"ok"}}"#
    )
    #expect(try FlowDefinition.parse(flow.canonicalJSON).definition == flow)
  }

  // MARK: secrets

  @Test(arguments: [
    (#""secret":"generated""#, SecretInput.generated), (#""secret":"pending""#, .pending),
    (#""secret":"0123456789abcdef""#, .given(Array("0123456789abcdef".utf8))), ("\"secret\":null", .none),
  ])
  func takesSecretsOut(_ field: String, _ expected: SecretInput) throws {
    let parsed = try FlowDefinition.parse(
      Sample.flowText(#""auth":{"mode":"bearer",\#(field)}"#, connections: #"{"from":"hook","to":"other"}"#))
    #expect(parsed.secrets == ["hook": expected])
    #expect(parsed.warnings.isEmpty)
    #expect(Sample.text(parsed.definition.canonicalJSON)?.contains("0123456789abcdef") == false)
    #expect(Sample.text(parsed.definition.canonicalJSON)?.contains("secret") == false)
  }

  @Test func warnsOfShortSecretsAndShowsNone() throws {
    let parsed = try FlowDefinition.parse(Sample.flowText(#""auth":{"mode":"bearer","secret":"canary-1"}"#))
    #expect(parsed.warnings == ["nodes[0].auth.secret is shorter than 16 characters."])
    #expect(!"\(parsed)".contains("canary"))
    var dumped = ""
    dump(parsed.secrets, to: &dumped)
    // "c" of "canary" as a byte.
    #expect(!dumped.contains("99"))
    let faults = Sample.faults(Sample.flowText(#""auth":{"mode":"bearer","secret":"canary-1","mod":1},"allow":1"#))
    #expect(faults.count == 2)
    #expect(!faults.description.contains("canary"))
  }

  @Test(arguments: [
    ("webhook", true), ("Trigger", true), ("webhook_call", false), ("task", false),
  ])
  func warnsOfTypesThatMeanATrigger(_ type: String, _ expected: Bool) throws {
    let trigger = #"{"id":"hook","type":"webhook_trigger","auth":{"mode":"public"}}"#
    let node = #"{"id":"x","type":"\#(type)","auth":{"mode":"bearer"}}"#
    let warnings = try parse(#"{"flow":"a","nodes":[\#(node),\#(trigger)]}"#).warnings
    #expect(warnings == (expected ? ["nodes[0].type is \"\(type)\", which has no URL. Did you mean \"webhook_trigger\"?"] : []))
  }

  @Test func warnsOfFlowsWithoutTrigger() throws {
    let warning = "The flow has no node of the type webhook_trigger, so no URL."
    #expect(try parse(#"{"flow":"a","nodes":[]}"#).warnings == [warning])
    #expect(try parse(#"{"flow":"a","nodes":[{"id":"x","type":"task"}]}"#).warnings == [warning])
  }

  // MARK: changes

  private func changes(_ old: String, _ new: String) throws -> [String] {
    try parse(new).definition.changes(from: try parse(old).definition).map { change in
      "\(change.path): \(Sample.text(change.before) ?? "") -> \(Sample.text(change.after) ?? "")"
    }
  }

  @Test func findsNoChangeInOtherWriting() throws {
    #expect(try changes(Self.orders, Self.orders.replacing("\n", with: " ")) == [])
    #expect(try changes(Self.orders, Self.orders.replacing("\"hook.else\"", with: "\"hook\"")) == [])
  }

  @Test(arguments: [
    ("order_approved", "paid", [#"nodes[hook].events.cases[approved].value: "order_approved" -> "paid""#]),
    ("\"default\": 0", "\"default\": 1.50", ["nodes[hook].map[amount].default: 0 -> 1.50"]),
    (", \"required\": true", "", ["nodes[hook].map[email].required: true -> "]),
    ("\"label\": \"Approved\"", "\"label\": null", [#"nodes[hook].events.cases[approved].label: "Approved" -> "#]),
    ("\"to\": \"welcome\"", "\"to\": \"other\"", [#"connections[hook.approved].to: "welcome" -> "other""#]),
    (
      "\"203.0.113.0/24\"", "\"10.0.0.0/8\"",
      [#"nodes[hook].allow.ips: ["203.0.113.0/24","2001:db8::/32"] -> ["10.0.0.0/8","2001:db8::/32"]"#]
    ),
    (
      "{\"id\": \"welcome\", \"type\": \"task\"},",
      "{\"id\": \"welcome\", \"type\": \"task\"}, {\"id\": \"new\", \"type\": \"task\"},",
      [#"nodes[new]:  -> {"id":"new","type":"task"}"#]
    ),
    ("\"preset\": \"kiwify\"", "\"preset\": \"github\"", [#"nodes[hook].auth.preset: "kiwify" -> "github""#]),
  ])
  func namesChangesById(_ from: String, _ to: String, _ expected: [String]) throws {
    #expect(try changes(Self.orders, Self.orders.replacing(from, with: to)) == expected)
  }

  @Test func tellsOfOrderAndRemoval() throws {
    let one = #"{"flow":"f","nodes":[{"id":"a","type":"task"},{"id":"b","type":"task"},{"id":"c","type":"task"}]}"#
    let two = #"{"flow":"f","nodes":[{"id":"b","type":"task"},{"id":"a","type":"task"}]}"#
    #expect(
      try changes(one, two) == [#"nodes: ["a","b"] -> ["b","a"]"#, #"nodes[c]: {"id":"c","type":"task"} -> "#])
    #expect(try parse(one).definition.changes(from: nil).map(\.before) == [[]])
  }

  // MARK: editing

  @Test func addsReplacesAndRemovesNodes() throws {
    let flow = try parse(Self.orders).definition
    let added = try flow.replacing(
      node: nil, with: Array(#"{"id":"second","auth":{"mode":"bearer","secret":"0123456789abcdef"}}"#.utf8))
    #expect(added.definition.triggers.map(\.id) == ["hook", "second"])
    #expect(added.secrets["second"] == .given(Array("0123456789abcdef".utf8)))
    #expect(added.secrets["hook"] == SecretInput.none)
    let replaced = try added.definition.replacing(node: "second", with: Array(#"{"auth":{"mode":"public"}}"#.utf8)).definition
    #expect(replaced.node("second")?.trigger?.authentication == .open)
    #expect(replaced.nodes.map(\.id) == ["hook", "welcome", "other", "second"])
    let removed = try replaced.removing(node: "hook").definition
    #expect(removed.nodes.map(\.id) == ["welcome", "other", "second"])
    #expect(removed.connections.isEmpty)
    #expect(try flow.replacing(node: "other", with: try #require(flow.node("other")).canonicalJSON).definition == flow)
  }

  @Test(
    arguments: [
      ("hook", #"{"auth":{"mode":"x"}}"#, ["auth.mode", "connections[0].from"]), ("hook", "[]", [""]), ("hook", "{", [""]),
      ("nobody", "{}", ["id"]),
      (nil, #"{"auth":{"mode":"public"}}"#, ["id"]), (nil, #"{"id":"hook","auth":{"mode":"public"}}"#, ["id"]),
      ("hook", #"{"auth":{"mode":"public"}}"#, ["connections[0].from"]),
      ("hook", #"{"auth":{"mode":"public"}},{"id":"z","type":"task"}"#, [""]),
    ] as [(String?, String, [String])])
  func refusesEdits(_ node: String?, _ json: String, _ paths: [String]) throws {
    let flow = try parse(Self.orders).definition
    do throws(InvalidFlow) {
      _ = try flow.replacing(node: node, with: Array(json.utf8))
      Issue.record("accepted")
    } catch {
      #expect(error.faults.map(\.path) == paths)
    }
  }

  @Test func startsEmpty() throws {
    #expect(throws: InvalidFlow.self) { try FlowDefinition.empty(name: "a b") }
    let flow = try FlowDefinition.empty(name: "new")
    #expect(Sample.text(flow.canonicalJSON) == #"{"flow":"new","nodes":[]}"#)
    #expect(throws: InvalidFlow.self) { try flow.removing(node: "x") }
    let json = Array(#"{"id":"hook","auth":{"mode":"public"}}"#.utf8)
    #expect(try flow.replacing(node: nil, with: json).definition.triggers.count == 1)
  }
}

@Suite struct SpellingTests {
  @Test(arguments: [
    ("requird", "required"), ("fro", "from"), ("vairable", "variable"), ("FROM", "from"), ("xyz", nil), ("", nil),
    ("typ", "type"),
  ])
  func finds(_ word: String, _ expected: String?) {
    #expect(Spelling.nearest(to: word, in: ["required", "from", "variable", "type", "default"]) == expected)
  }

  @Test func showsNoControlCharacters() {
    #expect(Spelling.quoted("a\u{1b}[31m\n") == "\"a\u{fffd}[31m\u{fffd}\"")
    #expect(Spelling.quoted(String(repeating: "x", count: 1000)).count < 80)
  }
}
