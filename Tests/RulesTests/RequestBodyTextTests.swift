import JSON
import Testing

@testable import Rules

/// Texts, bytes and forms in their character sets.
@Suite struct RequestBodyTextTests {
  private typealias Case = (type: String?, body: [UInt8], value: String)

  @Test(
    arguments: [
      ("text/plain", Array("hello\n".utf8), #""hello\n""#), ("text/plain", Array("{not json}".utf8), #""{not json}""#),
      ("text/plain", Array("12".utf8), #""12""#), ("text/html; charset=utf-8", Array("<p>é</p>".utf8), #""<p>é</p>""#),
      ("text/csv;charset=US-ASCII", Array("a,b".utf8), #""a,b""#), ("TEXT/Plain; Charset=\"UTF-8\"", Array("é".utf8), #""é""#),
      ("text/plain; charset=iso-8859-1", [0x4a, 0x6f, 0xe3, 0x6f], #""João""#), ("text/plain; charset=latin1", [0xff], #""ÿ""#),
      ("text/plain; charset=windows-1252", [0x80, 0x20, 0x93, 0x81], "\"€ “\u{81}\""),
      ("text/plain; charset=ISO-8859-1", [0x80], #""€""#), ("text/html", Array("{}".utf8), #""{}""#),
      // Not the charset that it says: shown with U+FFFD, as forms are.
      ("text/plain", [0x61, 0xff], "\"a\u{fffd}\""),
      // A charset that is not read, and whatever is no text: base 64.
      ("text/plain; charset=shift_jis", [0x83, 0x65], #""g2U=""#), ("text/plain; charset=utf-16", [0, 0x61], #""AGE=""#),
      ("application/octet-stream", Array("{}".utf8), #""e30=""#), ("image/png", [0x89, 0x50], #""iVA=""#),
      ("multipart/mixed; boundary=x", Array("--x".utf8), #""LS14""#), (nil, Array("a=b".utf8), #""YT1i""#),
      ("", Array("text".utf8), #""dGV4dA==""#), ("application/x-ndjson", Array("{}\n{}".utf8), #""e30Ke30=""#),
    ] as [Case])
  func reads(_ type: String?, _ body: [UInt8], _ value: String) throws {
    #expect(try BodySample.value(BodySample.request(type, body)) == value)
    #expect(try BodySample.value(BodySample.request(type, body), "body.x") == nil)
    #expect(try BodySample.value(BodySample.request(type, body), "body[0]") == nil)
  }

  @Test func notesWhatIsBase64() throws {
    let trigger = try Sample.trigger(#""auth":{"mode":"public"},"map":[{"variable":"b","from":"body","type":"string"}]"#)
    let binary = trigger.evaluate(BodySample.request("application/pdf", [0x25, 0xff]))
    #expect(Sample.text(binary.variables) == #"{"b":"Jf8="}"#)
    #expect(binary.explanation.notes.map(\.code) == ["base64"])
    let text = trigger.evaluate(BodySample.request("text/plain", [0x25, 0xff]))
    #expect(text.explanation.notes.map(\.code) == ["not_utf8"])
    #expect(Sample.text(text.variables) == "{\"b\":\"%\u{fffd}\"}")
  }

  @Test(arguments: [
    ("application/x-www-form-urlencoded; charset=windows-1252", "n%E3o=%80&a=b", #"{"não":"€","a":"b"}"#),
    ("application/x-www-form-urlencoded; charset=UTF-8", "n=%C3%A3", #"{"n":"ã"}"#),
    ("application/x-www-form-urlencoded", "n=%C3%A3", #"{"n":"ã"}"#),
    ("application/x-www-form-urlencoded; charset=koi8-r", "n=%C3%A3", #"{"n":"ã"}"#),
    ("application/x-www-form-urlencoded; charset=latin1", "n=1&n=%E9", #"{"n":["1","é"]}"#),
  ])
  func readsFormsInTheirCharset(_ type: String, _ body: String, _ value: String) throws {
    #expect(try BodySample.value(BodySample.request(type, Array(body.utf8))) == value)
  }

  /// What a provider signs of a form are its bytes, whatever its charset.
  @Test func leavesAFormAsItIsUntilItIsVerified() throws {
    let request = BodySample.request("application/x-www-form-urlencoded; charset=latin1", Array("n=%E9".utf8))
    var body = LazyBody(request)
    guard case .form(let signed) = try body.parsed() else {
      Issue.record("no form")
      return
    }
    #expect(signed[0].value == [0xe9])
    body.advance(to: .verified)
    guard case .form(let seen) = try body.parsed() else {
      Issue.record("no form")
      return
    }
    #expect(seen[0].value == [0xc3, 0xa9])
  }

  @Test(arguments: ["application/xml", "multipart/form-data; boundary=b", "text/csv", "application/pdf"])
  func readsNothingElseBeforeItIsVerified(_ type: String) throws {
    var body = LazyBody(BodySample.request(type, Array("broken".utf8)))
    guard case .unread = try body.parsed() else {
      Issue.record("read")
      return
    }
    body.advance(to: .verified)
    if type == "text/csv" || type == "application/pdf" {
      #expect(throws: Never.self) { try body.parsed() }
    } else {
      #expect(throws: RequestBody.Fault.self) { try body.parsed() }
    }
  }

  @Test func convertsEveryByteOfWindows1252() throws {
    let bytes = (0...255).map { UInt8($0) }
    let text = try #require(String(validating: Charset.windows1252.utf8(bytes), as: UTF8.self))
    #expect(text.unicodeScalars.count == 256)
    // Python 3: bytes(range(0x80, 0xa0)).decode("cp1252", "ignore"), which leaves out the five control characters.
    let upper = text.unicodeScalars.dropFirst(0x80).prefix(0x20).filter { $0.value > 0xa0 }
    #expect(String(String.UnicodeScalarView(upper)) == "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ")
    #expect(Array(text.unicodeScalars.suffix(0x60)).map(\.value) == Array(0xa0...0xff))
  }
}
