import Testing

@testable import JSON

@Suite struct JSONDocumentTests {
  private func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws -> JSONValue {
    try JSONDocument(Array(text.utf8), limits: limits).root
  }

  private func error(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) -> JSONError? {
    do throws(JSONError) {
      _ = try JSONDocument(bytes, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: ["", " ", "\u{0}", "{", "[1,]", "{\"a\":1,}", "01", "+1", "1.", ".5", "1e", "nul", "[1 2]", "\"\n\"", "1 2"])
  func refuses(_ text: String) {
    #expect(error(Array(text.utf8))?.code == .syntax)
  }

  @Test(arguments: ["1\u{0}", "{}\u{0}{}", "\"a\u{0}b\"", "[1\u{0}]", "true\u{0}"])
  func refusesNulInside(_ text: String) {
    #expect(error(Array(text.utf8))?.code == .syntax)
  }

  @Test func tellsWhere() {
    #expect(error(Array(#"{"a": [1, x]}"#.utf8))?.offset == 10)
    #expect(error(Array(#"{} x"#.utf8))?.offset == 3)
  }

  @Test func refusesDepthFast() {
    let clock = ContinuousClock()
    let bytes = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
    let time = clock.measure { #expect(error(bytes)?.code == .tooDeep) }
    let objects = Array(String(repeating: #"{"a":"#, count: 100_000).utf8)
    #expect(error(objects)?.code == .tooDeep)
    // Refused at the 129th bracket, so in microseconds; the bound only keeps a regression to whole-text work out.
    #expect(time < .milliseconds(50))
  }

  @Test(arguments: [(128, true), (129, false)])
  func countsDepth(_ depth: Int, _ isAccepted: Bool) {
    let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    #expect((error(Array(text.utf8)) == nil) == isAccepted)
  }

  @Test func obeysLimits() {
    #expect(error(Array("[[]]".utf8), limits: JSONLimits(depth: 1))?.code == .tooDeep)
    #expect(error(Array("[1,2,3]".utf8), limits: JSONLimits(entries: 3))?.code == .tooLarge)
    #expect(error(Array("[1,2,3]".utf8), limits: JSONLimits(entries: 4)) == nil)
    #expect(error(Array("[1,2,3]".utf8), limits: JSONLimits(bytes: 6))?.code == .tooLarge)
    #expect(JSONLimits(depth: 1_000_000).depth == JSONLimits.maximumDepth)
  }

  @Test(arguments: ["1e400", "-1E-400", "9007199254740993", "0.1", "-0", "12.50", "1e+05", String(repeating: "9", count: 4000)])
  func keepsNumbersExactly(_ text: String) throws {
    #expect(try parse(text).numberText.map(Array.init) == Array(text.utf8))
    #expect(try parse("[\(text)]")[0]?.numberText.map(Array.init) == Array(text.utf8))
  }

  @Test func readsIntegers() throws {
    #expect(try parse("-9223372036854775808").integer == .min)
    #expect(try parse("9223372036854775808").integer == nil)
    #expect(try parse("1.0").integer == nil)
    #expect(try parse("\"1\"").integer == nil)
  }

  @Test(arguments: [
    (#""""#, ""), (#""a\nb\t\"\\\/""#, "a\nb\t\"\\/"), (#""\u00e9""#, "é"), (#""é😀""#, "é😀"), (#""\ud83d\ude00""#, "😀"),
    (#""\u0000x""#, "\u{0}x"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""\ud7ff\ue000""#, "\u{d7ff}\u{e000}"),
  ])
  func decodesStrings(_ text: String, _ expected: String) throws {
    let value = try parse(text)
    #expect(value.string == expected)
    #expect(value.stringBytes == Array(expected.utf8))
    #expect(value.equals(Array(expected.utf8)))
    #expect(!value.equals(Array((expected + "x").utf8)))
    #expect(Array(value.raw) == Array(text.utf8))
  }

  @Test(arguments: [#""\uDC00""#, #""a\uDFFFb""#, #""\uD800""#, #""\uD800\u0041""#, #"{"\uDEAD":1}"#])
  func refusesLoneSurrogates(_ text: String) {
    #expect(error(Array(text.utf8))?.code == .syntax)
  }

  @Test func looksUp() throws {
    let root = try parse(#"{"a":{"b":[1,[2,3],{"c":null}]},"d":true,"e\u0041":"x","a ":[ ]}"#)
    #expect(root["a"]?["b"]?[1]?[-1]?.integer == 3)
    #expect(root["a"]?["b"]?[2]?["c"]?.isNull == true)
    #expect(root["a"]?["b"]?[3] == nil)
    #expect(root["a"]?["b"]?[-4] == nil)
    #expect(root["a"]?["b"]?[Int.min] == nil)
    #expect(root["d"]?.boolean == true)
    #expect(root["eA"]?.string == "x")
    #expect(root["a "]?.count == 0)
    #expect(root["missing"] == nil)
    #expect(root["d"]?["x"] == nil)
    #expect(root["d"]?[0] == nil)
    #expect(root.count == 4)
    #expect(root["a"]?.raw.elementsEqual(#"{"b":[1,[2,3],{"c":null}]}"#.utf8) == true)
    #expect(root["a"]?["b"]?.elements.map { Array($0.raw) }.count == 3)
    #expect(root.members.compactMap(\.key.string) == ["a", "d", "eA", "a "])
  }

  @Test func takesTheLastOfDuplicateKeys() throws {
    let root = try parse(#"{"a":1,"b":2,"a":{"x":3},"\u0061":4}"#)
    let found = root.members(named: Array("a".utf8))
    #expect(found.last?.integer == 4)
    #expect(found.count == 3)
    #expect(root.members(named: Array("b".utf8)).count == 1)
  }

  @Test func skipsAByteOrderMarkOnlyWhenAsked() throws {
    let bytes: [UInt8] = [0xef, 0xbb, 0xbf] + Array(#" {"a":"b\u0063"}"#.utf8)
    #expect(error(bytes)?.code == .syntax)
    let root = try JSONDocument(bytes, acceptsByteOrderMark: true).root
    #expect(root["a"]?.string == "bc")
    #expect(root.raw.elementsEqual(#"{"a":"b\u0063"}"#.utf8))
    #expect(throws: JSONError.self) { try JSONDocument([0xef, 0xbb, 0xbf], acceptsByteOrderMark: true) }
  }

  @Test func keepsTheBytes() throws {
    let bytes = Array(" [ 1 , \"\\u0041\" ] ".utf8)
    #expect(try JSONDocument(bytes).bytes == bytes)
  }

  @Test func takesManyKeysAndALongNumber() throws {
    let members = (0..<200_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    let root = try parse("{\(members)}")
    #expect(root.count == 200_000)
    #expect(root["k199999"]?.integer == 199_999)
    let number = String(repeating: "1", count: 1_000_000)
    #expect(try parse(number).numberText?.count == 1_000_000)
  }

  @Test func showsNoContent() throws {
    let value = try parse(#"{"token":"canary"}"#)
    #expect("\(value)" == "JSONValue(object)")
    #expect(!"\(error(Array("\"canary".utf8)) ?? JSONError(code: .syntax, offset: 0, message: "canary"))".contains("canary"))
  }
}
