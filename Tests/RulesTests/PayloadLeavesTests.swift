import Addresses
import JSON
import Testing

@testable import Rules

@Suite("Leaves")
struct PayloadLeavesTests {
  private static func leaves(_ request: IncomingRequest, limit: Int = PayloadLeaves.limit) -> [PayloadLeaf] {
    PayloadLeaves.of(request, trigger: Sample.identity, limit: limit)
  }

  private static func body(_ request: IncomingRequest) -> [String] {
    leaves(request).filter { $0.path.hasPrefix("body") }.map {
      "\($0.path) \($0.type) \(String(decoding: $0.value, as: UTF8.self))"
    }
  }

  @Test("JSON of every type, with names that need brackets")
  func json() {
    let text = #"""
      {"a":{"b":[1,{"c":true}],"odd \"name\"":"x","x.y":null,"":0,"é":"ü"},"l":[],"o":{},"n":9007199254740993,"d":1,"d":"last"}
      """#
    #expect(
      Self.body(Sample.json(text)) == [
        "body.a.b[0] number 1", "body.a.b[1].c boolean true", #"body.a["odd \"name\""] string "x""#, #"body.a["x.y"] null null"#,
        #"body.a[""] number 0"#, #"body.a.é string "ü""#, "body.l empty_list []", "body.o empty_object {}",
        "body.n number 9007199254740993", #"body.d string "last""#,
      ])
    #expect(Self.body(Sample.json("[1]")) == ["body[0] number 1"])
    #expect(Self.body(Sample.json("7")) == ["body number 7"])
    #expect(Self.body(Sample.json("")).isEmpty)
    #expect(Self.body(Sample.json("{")).isEmpty)
  }

  @Test("forms, XML, multipart, text and bytes")
  func others() {
    #expect(Self.body(Sample.form("a=1&b=2&a=3")) == [#"body.a[0] string "1""#, #"body.a[1] string "3""#, #"body.b string "2""#])
    #expect(Self.body(BodySample.request("text/plain", Array("hé".utf8))) == [#"body string "hé""#])
    #expect(Self.body(BodySample.request("image/png", [0xff, 0])) == [#"body string "/wA=""#])
    let xml = Self.body(BodySample.request("application/xml", Array("<o><i>1</i><i>2</i></o>".utf8)))
    #expect(xml.contains { $0.hasSuffix(#"[1] string "2""#) })
    let multipart = Self.body(BodySample.multipart(BodySample.field("name", "Ana") + "--b--\r\n"))
    #expect(multipart == [#"body.name string "Ana""#])
  }

  @Test("every path leads to its value", arguments: [#"{"a b":{"c":[[1],{"d\\e":"x"}]},"f":false}"#, #"{"\u0001":{"'":1}}"#])
  func paths(_ text: String) throws {
    let request = Sample.json(text, query: "x=1&y z=2&x=3", headers: [HeaderField("x-a", "1"), HeaderField("x-a", "2")])
    var payload = try Sample.payload(request)
    let leaves = Self.leaves(request)
    #expect(leaves.count > 6)
    for leaf in leaves {
      let value = try #require(payload.value(at: try ValuePath(leaf.path)), "\(leaf.path)")
      #expect(value.json == String(decoding: leaf.value, as: UTF8.self), "\(leaf.path)")
    }
  }

  @Test("what is around the body")
  func around() {
    var request = Sample.json(
      "{}", query: "a=1", headers: [HeaderField("x-event", "paid"), HeaderField("origin", "https://a.example")])
    request.clientAddress = IPAddress("203.0.113.7")
    let paths = Set(Self.leaves(request).map(\.path))
    #expect(
      paths.isSuperset(of: ["query.a", "headers.x-event", "headers.content-type", "method", "ip", "origin", "received_at"]))
  }

  @Test("values are cut, and leaves are so many at most")
  func limits() {
    let long = Sample.json(#"{"t":"\#(String(repeating: "é", count: 10_000))","n":\#(String(repeating: "1", count: 10_000))}"#)
    for leaf in Self.leaves(long) { #expect(leaf.value.count <= PayloadLeaves.valueLimit) }
    let wide = Sample.json("[" + String(repeating: "1,", count: 5000) + "1]")
    #expect(Self.leaves(wide).count == PayloadLeaves.limit)
    #expect(Self.leaves(wide, limit: 3).map(\.path) == ["body[0]", "body[1]", "body[2]"])
    let name = String(repeating: "n", count: 2000)
    #expect(Self.body(Sample.json(#"{"\#(name)":1,"ok":2}"#)) == ["body.ok number 2"])
    let deep = String(repeating: #"{"a":"#, count: 120) + "1" + String(repeating: "}", count: 120)
    #expect(Self.body(Sample.json(deep)).count == 1)
    let heavy = "[" + (0..<900).map { _ in "\"\(String(repeating: "x", count: 400))\"" }.joined(separator: ",") + "]"
    let bytes = Self.leaves(Sample.json(heavy)).reduce(0) { $0 + $1.path.utf8.count + $1.value.count }
    #expect(bytes <= PayloadLeaves.totalLimit + 1400)
  }
}
