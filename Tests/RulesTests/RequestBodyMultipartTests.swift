import Foundation
import JSON
import RulesTestSupport
import Testing

@testable import Rules

@Suite struct RequestBodyMultipartTests {
  private static let end = "--b--\r\n"
  private static let good = BodySample.field("a", "1") + end

  // MARK: what is refused

  @Test(arguments: [
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
    "multipart/form-data; boundary=\"b \"",
    "multipart/form-data; boundary=b; boundary=c", "multipart/form-data; boundary=\"a\\\"b\"",
    "multipart/form-data; boundary=\"é\"",
    "multipart/form-data; boundary=\(String(repeating: "b", count: 71))", "multipart/form-data; boundary=c",
  ])
  func refusesBoundaries(_ type: String) {
    #expect(BodySample.cause(BodySample.request(type, Array(Self.good.utf8))) == .bodyUnparseable)
  }

  @Test(arguments: [
    "x", "--", "--b", "--b-", "--b\r\n", "--b\r\n\r\n", "--c--", "x--b--", "\n--b--", " --b--",
    // Without an end.
    BodySample.field("a", "1"), BodySample.field("a", "1") + "--b", BodySample.field("a", "1") + "--b-",
    BodySample.field("a", "1") + "--b\r\n", BodySample.field("a", "1") + "--b\r\nContent-Disposition: form-data; name=\"b\"",
    BodySample.field("a", "1") + "\r\n-b--", BodySample.field("a", "1\r\n--B--"),
    // Lines that one reader takes for a boundary and another one does not.
    BodySample.field("a", "1\r\n--bb\r\n") + end, BodySample.field("a", "1") + "--b--x",
    BodySample.field("a", "1") + "--b-x\r\n" + end,
    BodySample.field("a", "1") + "--b x\r\n" + end,
    // Line breaks that are none.
    Self.good.replacing("\r\n", with: "\n"), Self.good.replacing("\r\n", with: "\r"),
    "--b\r\nContent-Disposition: form-data; name=\"a\"\n\r\n1\r\n" + end,
    "--b\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n" + end,
    // Header fields.
    BodySample.part("Content-Type: text/plain") + end, BodySample.part("Content-Disposition: form-data") + end,
    BodySample.part("Content-Disposition: attachment; name=\"a\"") + end,
    BodySample.part("Content-Disposition: form-data; name=a b") + end,
    BodySample.part("Content-Disposition: form-data; name=\"a") + end,
    BodySample.part("Content-Disposition: form-data; name") + end,
    BodySample.part("Content-Disposition: form-data; name=\"a\"; name=\"b\"") + end,
    BodySample.part("Content-Disposition: form-data; filename=\"a\"") + end, BodySample.part("Content-Disposition") + end,
    BodySample.part("Content-Disposition : form-data; name=\"a\"") + end, BodySample.part(": x") + end,
    BodySample.part("Content-Disposition: form-data;\r\n name=\"a\"") + end,
    BodySample.part("Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"") + end,
    BodySample.part("Content-Disposition: form-data; name=\"a\"\r\nContent-Type: a/b\r\nContent-Type: c/d") + end,
    BodySample.part("Content-Disposition: form-data; name=\"a\u{0}\"") + end,
    BodySample.part("Content-Disposition: form-data; name=\"a\"; filename*=x") + end,
    BodySample.part("Content-Disposition: form-data; name=\"a\"; filename*=utf-8''%4") + end,
    BodySample.part("Content-Disposition: form-data; name=\"a\"; filename*=koi8-r''a") + end,
  ])
  func refuses(_ body: String) {
    #expect(BodySample.cause(BodySample.multipart(body)) == .bodyUnparseable)
  }

  @Test func refusesEveryTruncation() {
    let whole = Array(
      ("preamble\r\n" + BodySample.field("a", "1\r\n2")
        + BodySample.part("Content-Disposition: form-data; name=\"f\"; filename=\"x\"\r\nContent-Type: a/b", "\r\n-\r\n--\r\n--c")
        + "--b--").utf8)
    #expect(BodySample.cause(BodySample.multipart(whole)) == nil)
    for count in 1..<whole.count {
      #expect(
        BodySample.cause(BodySample.multipart(Array(whole.prefix(count)))) == .bodyUnparseable, "\(count) of \(whole.count) bytes"
      )
    }
  }

  @Test func refusesMoreThanItsLimits() {
    let limits = RequestBody.Limits(multipart: MultipartForm.Limits(parts: 3, headersPerPart: 2, headerBytesPerPart: 100))
    let cause = { (body: String) in BodySample.cause(BodySample.multipart(body + Self.end), limits: limits) }
    let field = BodySample.field("a", "")
    let disposition = "Content-Disposition: form-data; name=\"a\""
    #expect(cause(field + field + field) == nil)
    #expect(cause(field + field + field + field) == .bodyTooLarge)
    #expect(cause(BodySample.part(disposition + "\r\nA: b")) == nil)
    #expect(cause(BodySample.part(disposition + "\r\nA: b\r\nC: d")) == .bodyTooLarge)
    #expect(cause(BodySample.part(disposition + "\r\nA: " + String(repeating: "x", count: 51))) == nil)
    #expect(cause(BodySample.part(disposition + "\r\nA: " + String(repeating: "x", count: 52))) == .bodyTooLarge)
    #expect(cause(BodySample.part(disposition + "\r\nA: " + String(repeating: "x", count: 5000))) == .bodyTooLarge)
    #expect(BodySample.cause(BodySample.multipart(String(repeating: field, count: 1001) + Self.end)) == .bodyTooLarge)
  }

  /// What looks like a boundary again and again does not make it slow, nor does a header or a body that never ends.
  @Test(arguments: [
    "\r\n--b", "\r\n--", "\r", "\r\n", "x", "\r\n--bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
  ])
  func takesTimeInProportion(_ piece: String) {
    let boundary = String(repeating: "b", count: 70)
    let start = "--\(boundary)\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
    for start in [start, "--\(boundary)\r\n", ""] {
      var body = Array(start.utf8)
      while body.count < 1 << 20 { body += Array(piece.utf8) }
      let time = ContinuousClock().measure {
        let cause = BodySample.cause(BodySample.multipart(body, boundary: boundary))
        #expect(cause == .bodyUnparseable || cause == .bodyTooLarge)
      }
      #expect(time < .seconds(10))
    }
  }

  // MARK: what is read

  @Test(arguments: [
    ("", #"{}"#), (BodySample.field("a", "1"), #"{"a":"1"}"#), (BodySample.field("a", ""), #"{"a":""}"#),
    (BodySample.field("", "1"), #"{"":"1"}"#), (BodySample.field("a", "x\r\ny\r\n"), #"{"a":"x\r\ny\r\n"}"#),
    (BodySample.field("a", "\r\n--c\r\n--\r\n-\r"), #"{"a":"\r\n--c\r\n--\r\n-\r"}"#),
    (BodySample.field("a", "1") + BodySample.field("b", "2") + BodySample.field("a", "3"), #"{"a":["1","3"],"b":"2"}"#),
    (BodySample.field("items[0][name]", "x"), #"{"items[0][name]":"x"}"#), (BodySample.field("é", "ü"), #"{"é":"ü"}"#),
    ("preamble\r\n" + BodySample.field("a", "1"), #"{"a":"1"}"#), ("\r\n" + BodySample.field("a", "1"), #"{"a":"1"}"#),
    (BodySample.part("content-DISPOSITION:form-data;name=a", "1"), #"{"a":"1"}"#),
    (BodySample.part("Content-Disposition: Form-Data ; name=\"a\" ;", "1"), #"{"a":"1"}"#),
    (BodySample.part("X: y\r\nContent-Disposition: form-data; name=\"a\"", "1"), #"{"a":"1"}"#),
    // Nothing in the part, not even the empty line's own line break (RFC 2046 §5.1.1).
    ("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n", #"{"a":""}"#),
    // Space behind the boundary is the transport's.
    ("--b \t\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n", #"{"a":"1"}"#),
    (
      BodySample.part("Content-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain", "hi"),
      #"{"f":{"name":"a.txt","type":"text/plain","size":2,"base64":"aGk="}}"#
    ),
    (
      BodySample.part("Content-Disposition: form-data; name=\"f\"; filename=\"\"", ""),
      #"{"f":{"name":"","type":"application/octet-stream","size":0,"base64":""}}"#
    ),
    (
      BodySample.field("f", "1")
        + BodySample.part("Content-Disposition: form-data; name=\"f\"; filename=\"x\"\r\nContent-Type: a/b; c=d", "1"),
      #"{"f":["1",{"name":"x","type":"a/b; c=d","size":1,"base64":"MQ=="}]}"#
    ),
    (
      BodySample.part("Content-Disposition: form-data; name=\"a\"\r\nContent-Type: application/json", #"{"b":1}"#),
      #"{"a":"{\"b\":1}"}"#
    ),
  ])
  func reads(_ parts: String, _ value: String) throws {
    for end in [Self.end, "--b--", "--b-- \t", "--b--\r\nepilogue\r\n--b\r\n"] {
      #expect(try BodySample.value(BodySample.multipart(parts + end)) == value)
    }
  }

  @Test(arguments: [
    (#"name="a\"b""#, #"a"b"#, nil), (#"name="a\\b""#, #"a\b"#, nil), (#"name="a%22b%0D%0a""#, "a\"b\r\n", nil),
    (#"name="a%20%zz%2""#, "a%20%zz%2", nil), (#"name="a"; filename="C:\dir\x.txt""#, "a", #"C:\dir\x.txt"#),
    (#"name="a"; filename="n;o\"p%22""#, "a", "n;o\"p\""), (#"name="a"; filename=x.txt"#, "a", "x.txt"),
    (#"name="a"; filename="ã.txt""#, "a", "ã.txt"), (#"name="a"; filename*=UTF-8''%E2%82%AC%20x.txt"#, "a", "€ x.txt"),
    (#"name="a"; filename="fallback"; filename*=utf-8'pt'n%C3%A3o"#, "a", "não"),
    (#"filename*=iso-8859-1''%e3; name="a""#, "a", "ã"),
    (#"name="a"; filename="fallback"; filename*=broken"#, "a", "fallback"), (#"name="a"; NAME*=utf-8''b; x=y"#, "a", nil),
  ])
  func readsNames(_ parameters: String, _ name: String, _ fileName: String?) throws {
    let disposition = try #require(ContentDisposition(Array("form-data; \(parameters)".utf8)))
    #expect(disposition.name == Array(name.utf8))
    #expect(disposition.fileName == fileName.map { Array($0.utf8) })
  }

  @Test func readsCharsets() throws {
    let latin: [UInt8] = [0x6e, 0xe3, 0x6f]
    let body = { (headers: String, before: String) in
      Array((before + "--b\r\nContent-Disposition: form-data; name=\"a\"\(headers)\r\n\r\n").utf8) + latin
        + Array("\r\n--b--".utf8)
    }
    let own = BodySample.multipart(body("\r\nContent-Type: text/plain; charset=ISO-8859-1", ""))
    #expect(try BodySample.value(own, "body.a") == #""não""#)
    let field = BodySample.multipart(body("", BodySample.field("_charset_", "iso-8859-1")))
    #expect(try BodySample.value(field, "body.a") == #""não""#)
    let trigger = try Sample.trigger(#""auth":{"mode":"public"},"map":[{"variable":"a","from":"body.a"}]"#)
    let none = trigger.evaluate(BodySample.multipart(body("", "")))
    #expect(Sample.text(none.variables) == "{\"a\":\"n\u{fffd}o\"}")
    #expect(none.explanation.notes.map(\.code) == ["not_utf8"])
    #expect(trigger.evaluate(field).explanation.notes.isEmpty)
  }

  @Test func notesTransferEncodings() throws {
    let trigger = try Sample.trigger(#""auth":{"mode":"public"},"map":[{"variable":"a","from":"body.a"}]"#)
    let codes = { (encoding: String) in
      let part = BodySample.part("Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: \(encoding)", "MQ==")
      return trigger.evaluate(BodySample.multipart(part + Self.end)).explanation.notes.map(\.code)
    }
    #expect(codes("base64") == ["transfer_encoding_ignored"])
    #expect(codes("8BIT").isEmpty)
  }

  @Test func looksInside() throws {
    let file = BodySample.part(
      "Content-Disposition: form-data; name=\"doc\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf", "%PDF")
    let request = BodySample.multipart(
      BodySample.field("n", "7") + BodySample.field("t", "a") + BodySample.field("t", "b") + file + Self.end)
    for (path, value) in [
      ("body.n", #""7""#), ("body.n[0]", #""7""#), ("body.t[1]", #""b""#), ("body.t.0", #""a""#), ("body.doc.name", #""a.pdf""#),
      ("body.doc[0].size", "4"), ("body.doc.base64", #""JVBERg==""#), ("body.doc.x", nil), ("body.n[1]", nil), ("body.x", nil),
    ] as [(String, String?)] {
      #expect(try BodySample.value(request, path) == value, "\(path)")
    }
    let trigger = try Sample.trigger(
      #""auth":{"mode":"public"},"map":[{"variable":"n","from":"body.n","type":"number"},{"variable":"d","from":"body.doc","type":"json"}]"#
    )
    #expect(
      Sample.text(trigger.evaluate(request).variables)
        == #"{"n":7,"d":{"name":"a.pdf","type":"application/pdf","size":4,"base64":"JVBERg=="}}"#)
  }

  // MARK: anything

  @Test func takesNaughtyStringsUnchanged() throws {
    guard SharedData.exists("corpora/blns/blns.json") else { try Test.cancel("the corpora are not beside the repository") }
    let strings = try SharedData.json("corpora/blns/blns.json").elements.compactMap(\.string)
    #expect(strings.count > 400)
    let trigger = try Sample.trigger(#""auth":{"mode":"public"},"map":[{"variable":"v","from":"body.v"}]"#)
    for string in strings {
      let body = BodySample.multipart(BodySample.field("v", string) + Self.end)
      #expect(try JSONDocument(trigger.evaluate(body).variables).root["v"]?.stringBytes == Array(string.utf8))
      // As a name, escaped as browsers do.
      let escaped = string.replacing("\"", with: "%22").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
      guard !string.utf8.contains(where: { $0 < 0x20 && $0 != 9 && $0 != 10 && $0 != 13 }), !string.contains("\\") else {
        continue
      }
      let named = try RequestBody(BodySample.multipart(BodySample.field(escaped, "x") + Self.end))
      guard case .multipart(let form) = named else {
        Issue.record("no form")
        continue
      }
      #expect(form.parts.map(\.name) == [Array(string.utf8)])
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64]) func survivesMutations(_ seed: UInt64) throws {
    var source = BodySample.Source(state: seed)
    let good = Array(
      (BodySample.field("a", "1")
        + BodySample.part("Content-Disposition: form-data; name=\"f\"; filename*=utf-8''x%20y\r\nContent-Type: a/b", "\r\n--")
        + BodySample.field("a", "é") + Self.end).utf8)
    var accepted = 0
    for _ in 0..<1500 {
      var body = good
      BodySample.mutate(&body, &source)
      guard let value = try? BodySample.value(BodySample.multipart(body)) else { continue }
      accepted += 1
      #expect(throws: Never.self) { try JSONDocument(Array(value.utf8)) }
    }
    #expect(accepted > 50)
  }
}
