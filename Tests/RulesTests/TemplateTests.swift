import Testing

@testable import Rules

@Suite struct TemplateTests {
  @Test(arguments: [
    ("{{", 0), ("a {{ body.x", 2), ("{{ }}", 3), ("{{ body.x ?? }}", 13), ("{{ body.x ? \"a\" }}", 10), ("{{ body.x } }", 10),
    ("{{ \"a }}", 3), ("{{ flow }}", 3), ("{{ flow.a.b }}", 3), ("{{ flow[0] }}", 3), ("{{ env.a[0] }}", 3),
    ("{{ nothing.x }}", 3),
    ("{{ body.x }} {{ query.a.b }}", 21), ("{{{ body.x }}}", 2),
  ])
  func refuses(_ text: String, _ offset: Int) {
    do throws(PathSyntaxError) {
      _ = try Template(text)
      Issue.record("accepted")
    } catch {
      #expect(error.offset == offset, "\(error)")
    }
  }

  @Test func limitsLengthAndAlternatives() {
    #expect(throws: PathSyntaxError.self) { try Template(String(repeating: "a", count: Template.maximumBytes + 1)) }
    #expect(throws: PathSyntaxError.self) { try Template("{{ body" + String(repeating: " ?? body", count: 16) + " }}") }
    #expect(throws: Never.self) { try Template("{{ body" + String(repeating: " ?? body", count: 15) + " }}") }
  }

  @Test(arguments: [
    ("plain", "\"plain\""), ("", "\"\""), ("{ not one }", "\"{ not one }\""), ("a } b", "\"a } b\""),
    ("{{ body.name }}", "\"Ana\""), ("{{body.n}}", "12.50"), ("{{ body.list }}", "[1,2]"), ("Hi {{ body.name }}!", "\"Hi Ana!\""),
    ("{{ body.n }} {{ body.yes }}", "\"12.50 true\""), ("n={{ body.list }}", "\"n=[1,2]\""),
    ("{{ body.missing ?? \"none\" }}", "\"none\""), ("{{ body.nil ?? body.name }}", "\"Ana\""),
    ("{{ body.empty ?? \"none\" }}", "\"\""), ("{{ body.a ?? body.b ?? 'c' }}", "\"c\""), ("{{ flow.shop }}", "\"Loja\""),
    ("{{ flow.rate }}", "1.50"), ("{{ env.region }}-{{ flow.rate }}", "\"BR-1.50\""),
    ("{{ env.missing ?? flow.shop }}", "\"Loja\""),
    ("{{ \"{{\" }}", "\"{{\""), ("{{ \"}}\" }} {{ query.q }}", "\"}} 1\""), ("a{{ body.missing }}b{{ body.name }}", "\"abAna\""),
    ("{{ body[\"x }} y\"] }}", "\"odd\""),
  ])
  func fills(_ text: String, _ expected: String) throws {
    var scope = try Sample.scope(Self.request)
    #expect(scope.value(of: try Template(text))?.json == expected)
  }

  @Test(arguments: ["{{ body.missing }}", "{{ body.nil }}", "{{ env.x ?? flow.y }}", "a {{ body.missing }} b"])
  func hasNoValueWithoutAny(_ text: String) throws {
    var scope = try Sample.scope(Self.request)
    #expect(scope.value(of: try Template(text)) == nil)
  }

  @Test func namesItsConstants() throws {
    #expect(try Template("{{ flow.a ?? flow.b }} {{ env.c }}").constants == ["a", "b"])
  }

  @Test func knowsOneWhenItSeesIt() {
    #expect(!Template.isTemplate("body.x"))
    #expect(!Template.isTemplate("{ {"))
    #expect(Template.isTemplate("x{{"))
  }

  private static let request = Sample.json(
    #"{"name":"Ana","n":12.50,"yes":true,"nil":null,"empty":"","list":[1,2],"x }} y":"odd"}"#, query: "q=1")
}
