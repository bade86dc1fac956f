import JSON
import Testing

@testable import Rules

@Suite struct VariableMappingTests {
  private func map(_ source: String, _ type: VariableType, _ request: IncomingRequest) throws -> MappedVariables {
    var scope = try Sample.scope(request)
    return [VariableMapping(variable: "v", source: try MappingSource(source), type: type)].evaluate(in: &scope)
  }

  private static let body =
    #"{"s":"text","n":12.50,"big":9007199254740993,"huge":1e400,"t":true,"f":false,"nil":null,"a":[1, 2],"o":{"k":"v"},"#
    + #""ns":"12.50","ns2":" -3e2 ","nb":"007","ne":"","ts":"TRUE","one":1,"zero":"0","yes":"yes","two":2,"js":"{\"x\":[1.0]}","esc":"\u00e9"}"#

  @Test(
    arguments: [
      ("body.s", .auto, "\"text\""), ("body.n", .auto, "12.50"), ("body.big", .auto, "9007199254740993"),
      ("body.huge", .auto, "1e400"),
      ("body.t", .auto, "true"), ("body.a", .auto, "[1, 2]"), ("body.o", .auto, #"{"k":"v"}"#), ("query.q", .auto, "\"7\""),
      ("query.many", .auto, #"["1","2"]"#), ("body.esc", .auto, #""\u00e9""#),
      ("body.s", .string, "\"text\""), ("body.n", .string, "\"12.50\""), ("body.huge", .string, "\"1e400\""),
      ("body.t", .string, "\"true\""),
      ("query.q", .string, "\"7\""), ("body.esc", .string, "\"é\""), ("x {{ body.n }}", .string, "\"x 12.50\""),
      ("body.n", .number, "12.50"), ("body.ns", .number, "12.50"), ("body.ns2", .number, "-3e2"),
      ("body.big", .number, "9007199254740993"),
      ("query.q", .number, "7"), ("{{ flow.rate }}", .number, "1.50"), ("1{{ query.q }}", .number, "17"),
      ("body.t", .boolean, "true"), ("body.f", .boolean, "false"), ("body.ts", .boolean, "true"), ("body.one", .boolean, "true"),
      ("body.zero", .boolean, "false"),
      ("body.js", .json, #"{"x":[1.0]}"#), ("body.ns", .json, "12.50"), ("body.o", .json, #"{"k":"v"}"#),
      ("query", .json, #"{"q":"7","many":["1","2"]}"#),
      ("query.q", .json, "7"),
    ] as [(String, VariableType, String)])
  func converts(_ source: String, _ type: VariableType, _ expected: String) throws {
    let mapped = try map(source, type, Sample.json(Self.body, query: "q=7&many=1&many=2"))
    #expect(mapped.faults.isEmpty)
    #expect(Sample.text(mapped.json) == #"{"v":\#(expected)}"#)
    #expect(throws: Never.self) { try JSONDocument(mapped.json) }
  }

  @Test(
    arguments: [
      ("body.a", .string), ("body.o", .string), ("query.many", .string), ("query", .string), ("body.s", .number),
      ("body.nb", .number),
      ("body.ne", .number), ("body.t", .number), ("body.a", .number), ("body.js", .number), ("body.yes", .boolean),
      ("body.ne", .boolean),
      ("body.two", .boolean), ("body.a", .boolean), ("body.n", .boolean), ("body.s", .json), ("body.ne", .json),
    ] as [(String, VariableType)])
  func refuses(_ source: String, _ type: VariableType) throws {
    let mapped = try map(source, type, Sample.json(Self.body, query: "q=7&many=1&many=2"))
    #expect(mapped.faults.map(\.cause) == [.typeMismatch])
    #expect(mapped.faults.map(\.at) == ["map[0].v"])
    #expect(Sample.text(mapped.json) == "{}")
  }

  @Test(arguments: [
    "+5", ".5", "5.", "1,5", "0x10", "1e", "1e+", "--1", "-", "01", "1 2", "NaN", "Infinity", "１", "", " ", "1_000", "1.2.3",
  ])
  func readsNoNumber(_ text: String) {
    #expect(Conversion.number(in: Array(text.utf8)) == nil)
  }

  @Test func leavesOutWhatIsNotThere() throws {
    for source in ["body.missing", "body.nil", "{{ body.missing }}"] {
      let mapped = try map(source, .number, Sample.json(Self.body))
      #expect(Sample.text(mapped.json) == "{}")
      #expect(mapped.faults.isEmpty)
      #expect(mapped.notes.map(\.code) == ["absent"])
    }
  }

  @Test func takesDefaultsAndReportsAllFaults() throws {
    var scope = try Sample.scope(Sample.json(Self.body))
    let lines = [
      VariableMapping(variable: "a", source: try MappingSource("body.missing"), type: .number, defaultValue: Array("0.00".utf8)),
      VariableMapping(variable: "b", source: try MappingSource("body.nil"), defaultValue: Array("null".utf8)),
      VariableMapping(variable: "c", source: try MappingSource("body.missing"), isRequired: true),
      VariableMapping(variable: "d", source: try MappingSource("body.s"), type: .number),
      VariableMapping(variable: "e", source: try MappingSource("body.n"), type: .string, isRequired: true),
    ]
    let mapped = lines.evaluate(in: &scope)
    #expect(Sample.text(mapped.json) == #"{"a":0.00,"b":null,"e":"12.50"}"#)
    #expect(mapped.faults.map(\.cause) == [.requiredMissing, .typeMismatch])
    #expect(mapped.faults.map(\.at) == ["map[2].c", "map[3].d"])
    #expect(mapped.notes.map(\.code) == ["default_used", "default_used", "converted"])
    #expect(!mapped.faults.contains { $0.message.contains("text\"") })
  }

  @Test func replacesWhatIsNotUTF8AndSaysSo() throws {
    let mapped = try map("query.q", .string, Sample.json("{}", query: "q=%ff"))
    #expect(Sample.text(mapped.json) == "{\"v\":\"\u{fffd}\"}")
    #expect(mapped.notes.map(\.code) == ["not_utf8"])
  }
}
