import HeadgateProto
import Testing

@testable import Client

@Suite struct FieldPathTests {
  static let yaml = """
    flow: orders
    nodes:
      - id: hook
        auth: {mode: hmca, presett: kiwify}
        events:
          path: body.event
          cases:
            - {id: approved, value: x}
            - {id: refunded, value: y}
        map:
          - {variable: email, from: "body..x"}
        response:
          headers:
            x-a.b: 1
    connections:
      - {from: hook.nope, to: nobody}
    """

  @Test(arguments: [
    ("nodes[0].auth.mode", 4, 18), ("nodes[hook].auth.mode", 4, 18), ("nodes[0].events.cases[1].value", 9, 33),
    ("nodes[hook].events.cases[refunded].value", 9, 33), ("nodes[0].map[email].from", 11, 33),
    ("connections[0].to", 16, 27), ("nodes[0].response.headers[\"x-a.b\"]", 14, 16), ("flow", 1, 7),
    // What is not there: the place of what is around it.
    ("nodes[0].auth.secret", 4, 11), ("nodes[7].auth", 3, 3), ("nodes[0].events.cases[9]", 8, 9), ("missing", 1, 1),
    ("", 1, 1), ("nodes[", 3, 3), ("...", 1, 1), ("nodes[0]]]", 3, 5), ("flow.x.y", 1, 7), ("nodes.x", 3, 3),
  ])
  func leadsToThePlace(_ path: String, _ line: Int, _ column: Int) throws {
    let value = try #require(try YAMLReader.documents(in: Self.yaml).first)
    #expect(value.position(of: FieldPath(path)) == SourcePosition(line: line, column: column))
  }

  @Test func unknownFieldsAreShownAtTheirName() throws {
    let document = try #require(try ConfigurationDocument.read(Array(Self.yaml.utf8), file: "o.yaml").first)
    let unknown = Fault(path: "nodes[0].auth.presett", code: "unknown_field", message: "did you mean preset?")
    #expect(document.placed(unknown).place == "o.yaml:4:24")
    let invalid = Fault(path: "nodes[0].auth.presett", code: "invalid_value", message: "")
    #expect(document.placed(invalid).place == "o.yaml:4:33")
  }

  @Test func worksForJSONToo() throws {
    let json = "{\n  \"nodes\": [\n    {\"id\": \"a\", \"x\": 1}\n  ]\n}"
    let document = try #require(try ConfigurationDocument.read(Array(json.utf8), file: "o.json").first)
    #expect(document.placed(Fault(path: "nodes[a].x", code: "", message: "")).place == "o.json:3:22")
  }

  @Test(arguments: [
    ("-", "{\"flow\": \"a\"}", true), ("-", " \n{}", true), ("-", "{flow: a}", false), ("-", "flow: a", false),
    ("a.json", "flow: a", true), ("a.yaml", "{\"flow\": 1e5}", false), ("A.YML", "{\"flow\": 1}", false),
    ("f", "{\n\"a\":1}", true),
  ])
  func knowsJSONFromYAML(_ file: String, _ text: String, _ isJSON: Bool) {
    // JSON refuses the remark that YAML allows.
    let withRemark = text + " # remark\n"
    let isRead = (try? ConfigurationDocument.read(Array(withRemark.utf8), file: file)) != nil
    #expect(isRead == !isJSON)
  }

  @Test(arguments: ["", "# nothing\n", "---\n"])
  func refusesAnEmptyFile(_ text: String) throws {
    let failure = try #require(throws: CommandFailure.self) {
      try ConfigurationDocument.read(Array(text.utf8), file: "empty.yaml")
    }
    #expect(failure.message == "empty.yaml is empty")
    #expect(failure.status == .invalid)
  }

  @Test func refusesBytesThatAreNoText() throws {
    let failure = try #require(throws: CommandFailure.self) {
      try ConfigurationDocument.read([0x66, 0xff, 0x3a], file: "bad.yaml")
    }
    #expect(failure.message == "bad.yaml is not UTF-8 text")
  }
}
