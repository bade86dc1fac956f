import JSON
import Testing

@testable import Rules

@Suite struct RequestBodyXMLTests {
  private func request(_ text: String, _ type: String = "application/xml") -> IncomingRequest {
    BodySample.request(type, Array(text.utf8))
  }

  @Test(arguments: [
    "", "<a", "<a><b></a>", "<a>&x;</a>", #"<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>"#, "<!DOCTYPE a><a/>", "{}", "a=b",
    "<?xml version='1.0' encoding='shift_jis'?><a/>",
  ])
  func refuses(_ text: String) {
    #expect(BodySample.cause(request(text + " ")) == .bodyUnparseable)
  }

  @Test func refusesWhatIsTooMuch() {
    let nested = { (depth: Int) in String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth) }
    #expect(BodySample.cause(request(nested(128))) == nil)
    #expect(BodySample.cause(request(nested(129))) == .bodyUnparseable)
    #expect(BodySample.cause(request(nested(300_000))) == .bodyUnparseable)
    // Lists are levels of their own.
    let listed = String(repeating: "<a><b/>", count: 60) + String(repeating: "</a>", count: 60)
    #expect(BodySample.cause(request("<r>\(listed)\(listed)</r>")) == nil)
    let twice = (0..<70).reduce("x") { inner, _ in "<a>\(inner)</a><a/>" }
    #expect(BodySample.cause(request("<r>\(twice)</r>")) == .bodyUnparseable)
    let many = "<a>" + String(repeating: "<b/>", count: 400_000) + "</a>"
    #expect(BodySample.cause(request(many)) == .bodyTooLarge)
    #expect(BodySample.cause(request("<a>" + String(repeating: "x", count: 3 << 20) + "</a>")) == .bodyTooLarge)
  }

  @Test(arguments: ["utf-7", "shift_jis", "x-unknown", "ucs-4"]) func refusesUnknownCharsets(_ charset: String) {
    #expect(BodySample.cause(request("<a/>", "text/xml; charset=\(charset)")) == .bodyUnparseable)
  }

  /// What the documentation of `XMLBody` says.
  @Test(arguments: [
    ("<a/>", #"{"a":""}"#), ("<a></a>", #"{"a":""}"#), ("<a> </a>", #"{"a":" "}"#), ("<a>x</a>", #"{"a":"x"}"#),
    ("<a>9007199254740993</a>", #"{"a":"9007199254740993"}"#), ("<a>true</a>", #"{"a":"true"}"#),
    ("<a b='1'/>", #"{"a":{"@b":"1"}}"#), ("<a b='1'>x</a>", ##"{"a":{"@b":"1","#text":"x"}}"##),
    ("<a><b/></a>", #"{"a":{"b":""}}"#), ("<a>\n  <b>1</b>\n  <c>2</c>\n</a>", #"{"a":{"b":"1","c":"2"}}"#),
    ("<a><b>1</b><b>2</b></a>", #"{"a":{"b":["1","2"]}}"#),
    ("<a><b>1</b><c/><b x='y'/></a>", #"{"a":{"b":["1",{"@x":"y"}],"c":""}}"#),
    ("<a>x<b>y</b>z</a>", ##"{"a":{"b":"y","#text":"xz"}}"##), ("<a><![CDATA[<x>\"&]]></a>", #"{"a":"<x>\"&"}"#),
    ("<a>&lt;&amp;&#9;</a>", #"{"a":"<&\t"}"#), ("<!-- c --><a><!-- d -->x<?p i?></a>", #"{"a":"x"}"#),
    (
      "<s:Envelope xmlns:s='u'><s:Body><m:Order xmlns:m='v' id='7'/></s:Body></s:Envelope>",
      #"{"s:Envelope":{"@xmlns:s":"u","s:Body":{"m:Order":{"@xmlns:m":"v","@id":"7"}}}}"#
    ), ("<é>ü</é>", #"{"é":"ü"}"#),
  ])
  func reads(_ text: String, _ value: String) throws {
    #expect(try BodySample.value(request(text)) == value)
  }

  @Test(arguments: [
    "application/xml", "text/xml", "Text/XML; charset=utf-8", "application/soap+xml; action=x", "application/atom+xml",
    "image/svg+xml",
  ])
  func readsTheTypesOfXML(_ type: String) throws {
    #expect(try BodySample.value(request("<a>é</a>", type), "body.a") == "\"é\"")
  }

  @Test(
    arguments: [
      ("text/xml", "<?xml version='1.0' encoding='ISO-8859-1'?><a>#</a>", [0xe3], "ã"),
      ("text/xml", "<?xml version='1.0' encoding='windows-1252'?><a>#</a>", [0x80], "€"),
      ("text/xml", "<?xml version='1.0' encoding='utf8'?><a>#</a>", [0xc3, 0xa3], "ã"),
      ("text/xml; charset=iso-8859-1", "<a>#</a>", [0xe3], "ã"), ("text/xml; charset=windows-1252", "<a>#</a>", [0x80], "€"),
      // The Content-Type counts more than the declaration, a byte order mark more than both.
      ("text/xml; charset=utf-8", "<?xml version='1.0' encoding='ISO-8859-1'?><a>#</a>", [0xc3, 0xa3], "ã"),
      ("text/xml; charset=iso-8859-1", "\u{feff}<?xml version='1.0' encoding='ISO-8859-1'?><a>#</a>", [0xc3, 0xa3], "ã"),
    ] as [(String, String, [UInt8], String)])
  func readsCharsets(_ type: String, _ text: String, _ bytes: [UInt8], _ value: String) throws {
    let body = Array(text.utf8.split(separator: UInt8(ascii: "#"))).map(Array.init).joined(separator: bytes)
    #expect(try BodySample.value(BodySample.request(type, Array(body)), "body.a") == "\"\(value)\"")
  }

  @Test func readsUTF16() throws {
    let little = "\u{feff}<?xml version='1.0' encoding='utf-16'?><a>ã</a>".utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    #expect(try BodySample.value(BodySample.request("application/xml", little), "body.a") == "\"ã\"")
    #expect(try BodySample.value(BodySample.request("application/xml; charset=utf-8", little), "body.a") == "\"ã\"")
    let big = "<a>ã</a>".utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
    #expect(try BodySample.value(BodySample.request("application/xml; charset=utf-16be", big), "body.a") == "\"ã\"")
    #expect(try BodySample.value(BodySample.request("application/xml; charset=UTF-16", big), "body.a") == "\"ã\"")
  }

  private static let order =
    "<order id='7'><item sku='a'><qty>1</qty></item><item sku='b'><qty>2</qty></item><note>one</note><empty/></order>"

  @Test(arguments: [
    ("body.order.@id", #""7""#), ("body.order.item[0].@sku", #""a""#), ("body.order.item[-1].qty", #""2""#),
    ("body.order.item.1.qty", #""2""#), ("body.order.item[2]", nil), ("body.order.item.qty", nil), ("body.order.note", #""one""#),
    // What occurs once can be looked at as a list of one.
    ("body.order.note[0]", #""one""#), ("body.order.note[-1]", #""one""#), ("body.order.note.0", #""one""#),
    ("body.order.note[1]", nil),
    ("body.order[0].item[1].qty[0]", #""2""#), ("body.order.note.x", nil), ("body.order.empty", #""""#), ("body.other", nil),
    ("body.order[\"#text\"]", nil), ("body[0].order.note", #""one""#),
  ])
  func looksInside(_ path: String, _ value: String?) throws {
    #expect(try BodySample.value(request(Self.order), path) == value)
  }

  @Test func mapsAndRoutes() throws {
    let trigger = try Sample.trigger(
      #""auth":{"mode":"public"},"events":{"path":"body.order.note","cases":[{"id":"x","value":"one"}]},"#
        + #""map":[{"variable":"id","from":"body.order.@id","type":"number"},{"variable":"items","from":"body.order.item"}]"#,
      connections: #"{"from":"hook.x","to":"welcome"}"#)
    let decision = trigger.evaluate(request(Self.order))
    #expect(decision.kind == .accepted)
    #expect(decision.output == "x")
    #expect(Sample.text(decision.variables) == #"{"id":7,"items":[{"@sku":"a","qty":"1"},{"@sku":"b","qty":"2"}]}"#)
    #expect(trigger.evaluate(request("<order>")).kind == .rejected(.bodyUnparseable))
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64]) func survivesMutations(_ seed: UInt64) throws {
    var source = BodySample.Source(state: seed)
    var accepted = 0
    for _ in 0..<1500 {
      var body = Array(Self.order.utf8)
      BodySample.mutate(&body, &source)
      guard let value = try? BodySample.value(BodySample.request("text/xml", body)) else { continue }
      accepted += 1
      #expect(throws: Never.self) { try JSONDocument(Array(value.utf8)) }
    }
    #expect(accepted > 50)
  }
}
