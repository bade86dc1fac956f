import Testing

@testable import Client

@Suite struct YAMLReaderTests {
  struct Refused: CustomTestStringConvertible {
    var yaml: String
    var place: String
    var message: String
    var testDescription: String { yaml }
  }

  @Test(arguments: [
    Refused(yaml: "a: 1\na: 2\n", place: "1:1", message: "occurs twice"),
    Refused(yaml: "x:\n  b: 1\n  \"b\": 2\n", place: "2:3", message: "\"b\" occurs twice"),
    Refused(yaml: "1: a\n'1': b\n", place: "1:1", message: "occurs twice"),
    Refused(yaml: "a: [1, 2\nb: 3\n", place: "2:2", message: "did not find expected ',' or ']'"),
    Refused(yaml: "a: b: c\n", place: "1:5", message: "mapping values are not allowed"),
    Refused(yaml: "a:\n\t- b\n", place: "2:1", message: "cannot start any token"),
    Refused(yaml: "a: \"x\n", place: "2:1", message: "unexpected end of stream"),
    Refused(yaml: "a: *nowhere\n", place: "1:4", message: "undefined alias"),
    Refused(yaml: "? [a, b]\n: c\n", place: "1:3", message: "a name must be text"),
    Refused(yaml: "a: !!int twelve\n", place: "1:4", message: "is not what its tag"),
    Refused(yaml: "a: !!int 1.5\n", place: "1:4", message: "is not what its tag"),
    Refused(yaml: "a: !!bool yes\n", place: "1:4", message: "is not what its tag"),
    Refused(yaml: "a: !!binary aGk=\n", place: "1:4", message: "not supported"),
    Refused(yaml: "a: !secret x\n", place: "1:4", message: "not supported"),
    Refused(yaml: "a: !!set {x}\n", place: "1:4", message: "not supported"),
    Refused(yaml: "b: {<<: 1}\n", place: "1:9", message: "merges mappings only"),
    Refused(yaml: "a: 1\n--- \nb: [\n", place: "4:1", message: "did not find expected node content"),
  ])
  func refusesWithThePlace(_ refused: Refused) throws {
    let error = try #require(throws: DocumentError.self) { try YAMLReader.documents(in: refused.yaml) }
    #expect(error.position?.description == refused.place)
    #expect(error.message.contains(refused.message), "\(error.message)")
  }

  @Test func refusesAliasesThatMultiply() throws {
    var yaml = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...8 {
      yaml += "l\(level): &l\(level) [" + repeatElement("*l\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
    }
    let error = try #require(throws: DocumentError.self) { try YAMLReader.documents(in: yaml) }
    #expect(error.message.contains("more than 100000 values"))
  }

  @Test func refusesDeepNesting() throws {
    let yaml = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
    let error = try #require(throws: DocumentError.self) { try YAMLReader.documents(in: yaml) }
    #expect(error.message.contains("nested deeper"))
  }

  /// What people write on the left must arrive at the control plane as on the right, to the character.
  @Test(arguments: [
    ("0123", #""0123""#), ("1e400", "1e400"), ("-0", "-0"), ("0", "0"), ("0.10", "0.10"), ("1E+5", "1E+5"),
    ("9007199254740993", "9007199254740993"), ("123456789012345678901234567890", "123456789012345678901234567890"),
    ("+5511999999999", #""+5511999999999""#), ("1_000", #""1_000""#), ("0x1f", #""0x1f""#), ("0o17", #""0o17""#),
    ("12:30", #""12:30""#), ("2026-01-02", #""2026-01-02""#), (".5", #"".5""#), ("5.", #""5.""#), (".inf", #"".inf""#),
    ("-.inf", #""-.inf""#), (".nan", #"".nan""#), ("yes", #""yes""#), ("no", #""no""#), ("on", #""on""#), ("off", #""off""#),
    ("y", #""y""#), ("NO", #""NO""#), ("true", "true"), ("True", "true"), ("FALSE", "false"), ("tRue", #""tRue""#),
    ("null", "null"), ("~", "null"), ("", "null"), ("Null", "null"), ("nULL", #""nULL""#), ("'null'", #""null""#),
    ("'12'", #""12""#), ("\"1e5\"", #""1e5""#), ("'true'", #""true""#), ("!!str 12", #""12""#), ("! 12", #""12""#),
    ("!!int \"12\"", "12"), ("!!float 1.50", "1.50"), ("!!null ''", "null"), ("!!str", #""""#), ("=", #""=""#),
    ("[1, a, null]", #"[1,"a",null]"#), ("{a: 1, b: }", #"{"a":1,"b":null}"#), ("\"\\u00e9\\x41\\n\"", #""éA\n""#),
    ("|\n  two\n  lines\n", #""two\nlines\n""#), (">-\n  one\n  line\n", #""one line""#), ("\"\\0\"", "\"\\u0000\""),
  ])
  func scalars(_ yaml: String, _ json: String) throws {
    let documents = try YAMLReader.documents(in: "v: \(yaml)")
    #expect(documents.map(\.json.compact) == [#"{"v":"# + json + "}"])
  }

  @Test func namesAreTextAsWritten() throws {
    let documents = try YAMLReader.documents(in: "yes: 1\n010: 2\n1.0: 3\n~: 4\n")
    #expect(documents.first?.json.compact == #"{"yes":1,"010":2,"1.0":3,"~":4}"#)
  }

  @Test func mergesLikeYAMLSays() throws {
    let yaml = """
      base: &base {a: 1, b: 2}
      more: &more {b: 3, c: 4}
      one: {<<: *base, b: 9}
      two: {<<: [*base, *more]}
      text: {"<<": *base}
      """
    let json = try #require(try YAMLReader.documents(in: yaml).first).json
    #expect(json["one"]?.compact == #"{"b":9,"a":1}"#)
    #expect(json["two"]?.compact == #"{"a":1,"b":2,"c":4}"#)
    #expect(json["text"]?.compact == #"{"<<":{"a":1,"b":2}}"#)
  }

  @Test func readsSeveralDocumentsAndLeavesOutEmptyOnes() throws {
    let documents = try YAMLReader.documents(in: "---\nflow: a\n---\n# nothing\n---\nflow: b\n...\n")
    #expect(documents.map(\.json.compact) == [#"{"flow":"a"}"#, #"{"flow":"b"}"#])
    #expect(documents.map(\.position.line) == [2, 6])
    #expect(try YAMLReader.documents(in: "# only a remark\n").isEmpty)
    #expect(try YAMLReader.documents(in: "").isEmpty)
  }

  @Test func positionsCountCharactersAfterAByteOrderMark() throws {
    let value = try #require(try YAMLReader.documents(in: "\u{feff}é: {größe: 1}\n").first)
    guard case .object(let members) = value.content, case .object(let inner)? = members.first?.value.content else {
      Issue.record("no object")
      return
    }
    #expect(inner.first?.namePosition == SourcePosition(line: 1, column: 5))
    #expect(inner.first?.value.position == SourcePosition(line: 1, column: 12))
  }
}
