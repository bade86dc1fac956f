import Testing

@testable import Client

@Suite struct JSONReaderTests {
  @Test(arguments: [
    ("", "1:1", "unexpected end"), ("{", "1:2", "expected a name"), ("{\"a\"", "1:5", "expected \":\""),
    ("{\"a\":1,}", "1:8", "expected a name"), ("[1,]", "1:4", "expected a value"), ("[1 2]", "1:4", "expected \",\" or \"]\""),
    ("{\n  \"a\": 1,\n  \"a\": 2\n}", "3:3", "occurs twice"), ("{\"é\": tru}", "1:7", "expected a value"),
    ("[01]", "1:2", "01 is not a number"), ("[1e]", "1:2", "not a number"), ("[+1]", "1:2", "expected a value"),
    ("[\"\\ud800\"]", "1:3", "surrogate"), ("[\"\\q\"]", "1:3", "unknown escape"), ("[\"\\u12g4\"]", "1:3", "four hexadecimal"),
    ("[\"a\nb\"]", "1:4", "control character"), ("[\"abc", "1:2", "has no end"), ("1 2", "1:3", "after the value"),
    ("'a'", "1:1", "expected a value"), ("{a: 1}", "1:2", "in double quotes"),
  ])
  func refusesWithThePlace(_ json: String, _ place: String, _ message: String) throws {
    let error = try #require(throws: DocumentError.self) { try JSONReader.read(json.utf8, duplicateNames: .refused) }
    #expect(error.position?.description == place)
    #expect(error.message.contains(message), "\(error.message)")
  }

  @Test func refusesDeepNestingWithoutExhaustingTheStack() throws {
    let error = try #require(throws: DocumentError.self) { try JSONReader.read(repeatElement(UInt8(ascii: "["), count: 100_000)) }
    #expect(error.message.contains("nested deeper than 256"))
  }

  @Test(arguments: [
    #"{"n":[0,-0,1e400,0.10,123456789012345678901234567890,9007199254740993]}"#, #"{"b":1,"a":2,"b":3}"#, "[]", "{}",
    #""\"\\\n\r\t\u0008""#, #"["é","日本語","😀"]"#,
  ])
  func keepsDigitsOrderAndRepeatedNames(_ json: String) throws {
    let value = try JSONReader.read(json.utf8).json
    #expect(try JSONReader.read(value.bytes).json == value)
    #expect(value.compact == json)
  }

  @Test func readsEscapedCharacters() throws {
    let value = try JSONReader.read(#""\ud83d\ude00\u00e9\/\b\f""#.utf8).json
    #expect(value == .string("😀é/\u{8}\u{c}"))
  }

  @Test func prettyIsWhatJqWrites() throws {
    let value = try JSONReader.read(#"{"a":[1,{"b":null}],"c":{},"d":[],"e":"x"}"#.utf8).json
    #expect(
      value.pretty == """
        {
          "a": [
            1,
            {
              "b": null
            }
          ],
          "c": {},
          "d": [],
          "e": "x"
        }
        """)
  }

  @Test func outputCannotActOnATerminal() {
    let value = JSONValue.string("\u{1b}[2J\u{7f}\u{9b}31m\u{202e}\u{2028}\u{feff}\u{e0041}")
    #expect(value.compact == #""\u001b[2J\u007f\u009b31m\u202e\u2028\ufeff\udb40\udc41""#)
  }

  @Test(.enabled(if: Corpora.isThere("JSONTestSuite"), "the corpora are not beside the repository"))
  func agreesWithJSONTestSuite() throws {
    var counts = (accepted: 0, refused: 0)
    for name in try Corpora.names(in: "JSONTestSuite/test_parsing") {
      let bytes = try Corpora.bytes("JSONTestSuite/test_parsing/\(name)")
      let isAccepted = (try? JSONReader.read(bytes)) != nil
      switch name.prefix(2) {
      case "y_":
        #expect(isAccepted, "\(name)")
        counts.accepted += 1
      case "n_":
        #expect(!isAccepted, "\(name)")
        counts.refused += 1
      default: break
      }
    }
    #expect(counts == (95, 188))
  }
}
