import JSON
import Testing

@testable import Rules

/// Lists in the elements of other lists.
@Suite struct SplitLevelTests {
  private static let open = #""auth":{"mode":"public"},"#
  private static let toOther = #"{"from":"hook","to":"other"}"#
  private static let meta = #""split":["body.entry[].changes","body.entry[].messaging"]"#

  private static let verified = {
    var credentials = TriggerCredentials()
    credentials.isVerified = true
    return credentials
  }()

  private func parts(_ fields: String, _ request: IncomingRequest) throws -> Decision {
    try Sample.trigger(Self.open + fields, connections: Self.toOther).evaluate(request)
  }

  private func values(_ list: String, _ from: String, _ body: String) throws -> [String?] {
    let fields = #""split":\#(list),"map":[{"variable":"v","from":"\#(from)","default":null}]"#
    return try parts(fields, Sample.json(body)).parts.map { Sample.text($0.variables).map { String($0.dropFirst(5).dropLast()) } }
  }

  @Test(
    arguments: [
      ("", 0), ("body.", 5), ("entry[]", 0), ("query.a[]", 0), ("element[].a", 0), ("body.a[]b", 8), ("body.a[].", 9),
      ("body.a[] .b", 9), ("body.a[]]", 8), ("body[].a[].b[].c[].d", 18), ("body.a[ ]", 8), ("[]", 0),
    ])
  func refusesWhatIsNoPath(_ text: String, _ offset: Int) {
    let error = #expect(throws: PathSyntaxError.self) { try SplitPath(text) }
    #expect(error?.offset == offset, "\(text): \(error.map { "\($0)" } ?? "")")
  }

  @Test(
    arguments: [
      ("body", "body", 1), ("body[]", "body", 1), (" body.a ", "body.a", 1), ("body.a[].b", "body.a[].b", 2),
      ("body.a[].b[]", "body.a[].b", 2), ("body[][]", "body[][]", 2), (#"body["a[]"][].b"#, #"body["a[]"][].b"#, 2),
      ("body.a[0].b[]['c d'][].e", #"body.a[0].b[]["c d"][].e"#, 3), ("body[].a[].b[].c[]", "body[].a[].b[].c", 4),
    ])
  func readsPaths(_ text: String, _ written: String, _ levels: Int) throws {
    let path = try SplitPath(text)
    #expect(path.text == written)
    #expect(path.levels.count == levels)
    #expect(try SplitPath(path.text) == path)
  }

  @Test(
    arguments: [
      (#""body.e[].c""#, "element", #"{"e":[{"c":[1,2]},{"c":[]},{"c":[3]}]}"#, ["1", "2", "3"]),
      (#""body.e[].c""#, "parents[0].i", #"{"e":[{"i":"a","c":[1,2]},{"i":"b","c":[3]}]}"#, [#""a""#, #""a""#, #""b""#]),
      (#""body.e[].c""#, "parents[-1].i", #"{"e":[{"i":"a","c":[1]}]}"#, [#""a""#]),
      (#""body.e[].c""#, "parents[1]", #"{"e":[{"i":"a","c":[1]}]}"#, ["null"]),
      (#""body.e""#, "parents[0]", #"{"e":[1]}"#, ["null"]),
      (#""body[][]""#, "element", "[[1,2],[3]]", ["1", "2", "3"]),
      (
        #""body.a[].b[].c""#, "{{ parents[0].i }}{{ parents[1].i }}{{ element }}", #"{"a":[{"i":1,"b":[{"i":2,"c":[3,4]}]}]}"#,
        [#""123""#, #""124""#]
      ),
      // Element by element of one path, then of the next.
      (#"["body.e[].c","body.e[].m"]"#, "element", #"{"e":[{"c":[1],"m":[8]},{"m":[9]},{"c":[2]}]}"#, ["1", "2", "8", "9"]),
      (#"["body.e[].c","body.m"]"#, "element", #"{"e":[],"m":[9]}"#, ["9"]),
      (#"["body.e[].c","body.m"]"#, "element", #"{"m":[9]}"#, ["9"]),
      // A text that holds a list is one at any level.
      (#""body.e[].c""#, "element.x", #"{"e":"[{\"c\":[{\"x\":1}]}]"}"#, ["1"]),
      (#""body.e[].c""#, "element", #"{"e":[{"c":"[9007199254740993,1e400]"}]}"#, ["9007199254740993", "1e400"]),
      (#""body.e[].c""#, "element.n", #"{"e":[{"c":[{"n":9007199254740993},{"n":1e400}]}]}"#, ["9007199254740993", "1e400"]),
    ])
  func seesElementsAndWhatTheyAreIn(_ list: String, _ from: String, _ body: String, _ expected: [String]) throws {
    #expect(try values(list, from, body) == expected)
  }

  @Test func readsListsOfXML() throws {
    let body = "<o><e><i>a</i><c>1</c><c>2</c></e><e><i>b</i><c>3</c></e></o>"
    let decision = try parts(
      #""split":"body.o.e[].c","map":[{"variable":"v","from":"{{ parents[0].i }}{{ element }}"}]"#,
      BodySample.request("text/xml", Array(body.utf8)))
    #expect(decision.parts.map { Sample.text($0.variables) } == ["a1", "a2", "b3"].map { #"{"v":"\#($0)"}"# })
  }

  @Test(arguments: [#"{"e":[{},{"x":1}]}"#, #"{"e":[1,null,"[1"]}"#, "{}", #"{"e":{"c":[1]}}"#, #"{"c":[1]}"#])
  func refusesWhereNoListIs(_ body: String) throws {
    let decision = try parts(#""split":"body.e[].c""#, Sample.json(body))
    #expect(decision.kind == .rejected(.splitRefused))
    #expect(decision.explanation.refusedBecause.contains("body.e[].c"))
  }

  @Test(arguments: [#"{"e":[]}"#, #"{"e":[{"c":[]}]}"#])
  func recordsListsWithoutElements(_ body: String) throws {
    let decision = try parts(#""split":"body.e[].c""#, Sample.json(body))
    #expect(decision.kind == .unrouted)
    #expect(decision.parts.isEmpty)
  }

  @Test func saysWhichElementsHaveNoList() throws {
    let decision = try parts(Self.meta, Sample.json(#"{"entry":[{"changes":[1]},{},{"messaging":[2]},{"standby":[3]}]}"#))
    #expect(decision.parts.count == 2)
    let notes = decision.parts.map { $0.explanation.notes.filter { $0.code == "no_list" }.map(\.message) }
    #expect(
      notes == [
        ["2 element(s) have no list at body.entry[].changes or body.entry[].messaging; nothing starts for them."], [],
      ])
  }

  @Test func boundsTheNumberOfElements() throws {
    func body(_ outer: Int, _ inner: Int) -> String {
      let element = #"{"c":[\#(Array(repeating: "0", count: inner).joined(separator: ","))]}"#
      return #"{"e":[\#(Array(repeating: element, count: outer).joined(separator: ","))]}"#
    }
    #expect(try parts(#""split":"body.e[].c""#, Sample.json(body(10, 100))).parts.count == 1000)
    for (outer, inner) in [(11, 100), (1001, 0), (1, 1001)] {
      let decision = try parts(#""split":"body.e[].c""#, Sample.json(body(outer, inner)))
      #expect(decision.kind == .rejected(.splitRefused), "\(outer) x \(inner)")
    }
    // Together they are too many.
    let both = try parts(#""split":["body.e[].c","body.e"]"#, Sample.json(body(10, 100)))
    #expect(both.kind == .rejected(.splitRefused))
  }

  /// What belongs to an outer element is that of several, and makes none of them a repetition.
  @Test func knowsElementsByTheirOwnDeliveryIDsOnly() throws {
    let body = #"{"e":[{"i":"a","c":[{"i":1},{"i":1}]}]}"#
    let outer = try parts(#""split":"body.e[].c","dedup":{"by":"parents[0].i"},"order_by":"parents[0].i""#, Sample.json(body))
    #expect(outer.parts.map(\.repeats) == [nil, nil])
    #expect(outer.parts.map { Sample.text($0.delivery?.id) } == ["a", "a"])
    #expect(outer.parts.map { Sample.text($0.orderKey) } == ["a", "a"])
    let own = try parts(#""split":"body.e[].c","dedup":{"by":"element.i"}"#, Sample.json(body))
    #expect(own.parts.map(\.repeats) == [nil, 0])
  }

  @Test func bindsEachElementsOwnCustomerAndChat() throws {
    let fields = #"""
      "split":"body.entry[].changes","customer":[{"field":"whatsapp","from":"element.from","key":true,"region":"BR"}],
      "chat":{"channel":"instagram","from":"parents[0].id"}
      """#
    let decision = try parts(
      fields, Sample.json(#"{"entry":[{"id":"p1","changes":[{"from":"11987654321"},{"from":"+12125550123"}]}]}"#))
    #expect(decision.parts.map { $0.binding?.customer[0].value } == ["+5511987654321", "+12125550123"])
    #expect(decision.parts.map { $0.binding?.chat?.contact.value } == ["p1", "p1"])
  }

  @Test func seesAPresetsPathsFromEachList() throws {
    let fields =
      #""auth":{"preset":"meta"},"split":"preset","events":{"cases":[{"id":"m","value":"messages"}]},"#
      + #""map":[{"variable":"e","from":"parents[0].id"}]"#
    let trigger = try Sample.trigger(fields, connections: #"{"from":"hook.m","to":"other"},{"from":"hook","to":"welcome"}"#)
    let configuration = trigger.configuration
    #expect(configuration.split == .preset)
    let lists = try #require(configuration.split?.paths(of: configuration.authentication))
    #expect(lists.map(\.text) == ["body.entry[].changes", "body.entry[].messaging"])
    #expect(
      lists.map { configuration.eventPath(of: configuration.authentication, in: $0)?.text }
        == ["element.field", "parents[0].changes[0].field"])
    let body = #"{"entry":[{"id":"1","changes":[{"field":"messages"},{"field":"status"}]},{"id":"2","messaging":[{}]}]}"#
    let decision = trigger.evaluate(Sample.json(body), credentials: Self.verified, nowUs: 0)
    #expect(decision.parts.map(\.output) == ["m", "else", "else"])
    #expect(decision.parts.map(\.entryNode) == ["other", "welcome", "welcome"])
    #expect(decision.parts.map(\.element) == [0, 1, 2])
    #expect(decision.parts.map { Sample.text($0.variables) } == [#"{"e":"1"}"#, #"{"e":"1"}"#, #"{"e":"2"}"#])
  }

  @Test func aSubscriberSplitsAtTheListsOfTheOwnersPreset() throws {
    func subscriber() throws -> CompiledTrigger {
      try Sample.trigger(#""source":"shop/hook","split":"preset""#, connections: Self.toOther)
    }
    let body = Sample.json(#"{"entry":[{"changes":[{},{}]}]}"#)
    let owner = try Sample.trigger(#""auth":{"preset":"meta"}"#)
    let known = owner.evaluate(
      body, credentials: Self.verified, subscribers: [try subscriber()], nowUs: 0)
    #expect(known.parts.map(\.kind) == [.unrouted, .accepted, .accepted])
    let open = try Sample.trigger(#""auth":{"mode":"public"}"#)
    let unknown = open.evaluate(body, credentials: .none, subscribers: [try subscriber()], nowUs: 0)
    #expect(unknown.parts.map(\.kind) == [.unrouted, .rejected(.splitRefused)])
    #expect(unknown.parts[1].explanation.refusedBecause.contains("no preset"))
  }
}
