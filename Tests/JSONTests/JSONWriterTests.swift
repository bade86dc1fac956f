import Testing

@testable import JSON

@Suite struct JSONWriterTests {
  private func written(_ build: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    build(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func putsCommasWhereTheyBelong() {
    let text = written { writer in
      writer.beginObject()
      writer.key("a")
      writer.integer(-5)
      writer.key("b")
      writer.beginArray()
      writer.boolean(true)
      writer.null()
      writer.beginObject()
      writer.endObject()
      writer.raw("1e400".utf8)
      writer.endArray()
      writer.key("c")
      writer.string("x")
      writer.members(Array(#"{"d":1, "e":2}"#.utf8))
      writer.members(Array("{ }".utf8))
      writer.key("f")
      writer.boolean(false)
      writer.endObject()
    }
    #expect(text == #"{"a":-5,"b":[true,null,{},1e400],"c":"x","d":1, "e":2,"f":false}"#)
  }

  @Test(arguments: [
    ("a\"b\\c/", #""a\"b\\c/""#), ("\n\r\t", #""\n\r\t""#), ("\u{0}\u{1f}\u{7f}", "\"\\u0000\\u001f\u{7f}\""),
    ("é😀\u{2028}", "\"é😀\u{2028}\""),
  ])
  func escapes(_ text: String, _ expected: String) {
    #expect(written { $0.string(text) } == expected)
  }

  @Test(arguments: [[0xff], [0x61, 0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0x22, 0x80, 0x22]] as [[UInt8]])
  func replacesWhatIsNotUTF8(_ bytes: [UInt8]) throws {
    var writer = JSONWriter()
    writer.string(bytes)
    let value = try JSONDocument(writer.bytes).root
    #expect(value.string == String(decoding: bytes, as: UTF8.self))
    #expect(value.string?.contains("\u{fffd}") == true)
  }

  @Test func takesBack() {
    let text = written { writer in
      writer.beginObject()
      writer.key("a")
      writer.integer(1)
      let mark = writer.mark
      writer.key("b")
      writer.beginArray()
      writer.rewind(to: mark)
      writer.key("c")
      writer.integer(2)
      writer.endObject()
    }
    #expect(text == #"{"a":1,"c":2}"#)
  }

  @Test func copiesSubtrees() throws {
    let root = try JSONDocument(Array(#"{"a": [1.50, "\u0041"]}"#.utf8)).root
    let value = try #require(root["a"])
    #expect(written { $0.value(value) } == #"[1.50, "\u0041"]"#)
  }
}
