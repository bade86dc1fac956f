import Addresses
import Testing

@testable import Rules

@Suite struct ValuePathTests {
  @Test(arguments: [
    ("", 0), ("   ", 3), ("body.", 5), ("body..a", 5), ("body[", 5), ("body[0", 6), ("body[]", 5), ("body[x]", 5),
    ("body[-]", 5), ("body[-0]", 5), ("body[1234567890]", 5), ("body[\"a]", 5), ("body['a\\n']", 7), ("body.a b", 7),
    ("body.a!", 6), ("bodi.a", 0), ("Body", 0), (".body", 0), ("[0]", 0), ("method.x", 6), ("ip[0]", 2), ("received_at.x", 11),
    ("headers[0]", 7), ("query[0]", 5), ("query.a.b", 5), ("query.a[0].b", 5), ("trigger.key", 7), ("trigger.id.x", 7),
    ("flow.x", 0), ("env.x", 0), ("body}}", 4), ("body.a\u{0}", 6),
  ])
  func refuses(_ text: String, _ offset: Int) {
    do throws(PathSyntaxError) {
      _ = try ValuePath(text)
      Issue.record("accepted")
    } catch {
      #expect(error.offset == offset)
      #expect(!error.message.isEmpty)
    }
  }

  @Test func tellsWhatWasMeant() {
    #expect(throws: PathSyntaxError.self) { try ValuePath("heders.x") }
    do throws(PathSyntaxError) { _ = try ValuePath("heders.x") } catch {
      #expect("\(error)".contains("Did you mean \"headers\"?"))
      #expect("\(error)".hasPrefix("at character 1:"))
    }
    do throws(PathSyntaxError) { _ = try ValuePath("flow.shop") } catch { #expect(error.message.contains("{{ flow.name }}")) }
  }

  @Test func limitsLengthAndDepth() {
    #expect(throws: PathSyntaxError.self) { try ValuePath("body." + String(repeating: "a", count: ValuePath.maximumBytes)) }
    #expect(throws: PathSyntaxError.self) { try ValuePath("body" + String(repeating: "[0]", count: 131)) }
    #expect(throws: Never.self) { try ValuePath("body" + String(repeating: "[0]", count: 130)) }
  }

  @Test(arguments: [
    ("body", [ValuePath.Step]()),
    (" body.data[0].name ", [.name(Array("data".utf8), index: nil), .index(0), .name(Array("name".utf8), index: nil)]),
    ("body[ -1 ]", [.index(-1)]),
    ("body[\"a.b \\\" c\"]", [.name(Array("a.b \" c".utf8), index: nil)]),
    ("body['x-y']", [.name(Array("x-y".utf8), index: nil)]),
    ("body.x-y.@id.$ref.xs:date", ["x-y", "@id", "$ref", "xs:date"].map { .name(Array($0.utf8), index: nil) }),
    ("body.endereço.0", [.name(Array("endereço".utf8), index: nil), .name([0x30], index: 0)]),
    ("headers[\"X-Event\"]", [.name(Array("x-event".utf8), index: nil)]),
    ("headers.X-Event", [.name(Array("x-event".utf8), index: nil)]),
    ("query.Token", [.name(Array("Token".utf8), index: nil)]),
  ])
  func parses(_ text: String, _ steps: [ValuePath.Step]) throws {
    let path = try ValuePath(text)
    #expect(path.steps == steps)
    #expect(try ValuePath(path.text) == path)
    #expect(!path.text.hasPrefix(" "))
  }

  private static let body =
    #"{"data":[{"name":"A"},{"name":"B"}],"event":"x","n":9007199254740993,"nil":null,"":1,"o":{"0":"zero"},"dup":1,"dup":2}"#

  @Test(arguments: [
    ("body.data[0].name", "\"A\""), ("body.data[-1].name", "\"B\""), ("body.data.1.name", "\"B\""), ("body.o.0", "\"zero\""),
    ("body.n", "9007199254740993"), ("body.nil", "null"), ("body[\"\"]", "1"), ("body.dup", "2"),
    ("body.o", #"{"0":"zero"}"#), ("query.token", "\"a b\""), ("query.id", #"["1","2"]"#), ("query.id[1]", "\"2\""),
    ("query.id[-2]", "\"1\""), ("query.token[0]", "\"a b\""), ("query", #"{"token":"a b","id":["1","2"],"empty":""}"#),
    ("query.empty", "\"\""), ("headers[\"X-Event\"]", "\"push\""), ("headers.x-two", #"["1","2"]"#), ("method", "\"POST\""),
    ("path", "\"/a%20b\""), ("ip", "\"203.0.113.7\""), ("origin", "\"https://a.example\""),
    ("received_at", "\"2023-11-14T22:13:20.000001Z\""), ("trigger.flow", "\"orders\""),
    ("trigger", #"{"id":"0190a000-0000-7000-8000-000000000001","flow":"orders","node":"hook"}"#),
  ])
  func finds(_ path: String, _ expected: String) throws {
    var payload = try Sample.payload(Self.request)
    #expect(payload.value(at: try ValuePath(path))?.json == expected)
  }

  @Test(arguments: [
    "body.missing", "body.data[2]", "body.data[-3]", "body.data.name", "body.event.x", "body.event[0]", "body.nil.x", "body.o[0]",
    "query.missing", "query.id[2]", "query.id[-3]", "query.token[1]", "headers.x-missing",
  ])
  func findsNothing(_ path: String) throws {
    var payload = try Sample.payload(Self.request)
    #expect(payload.value(at: try ValuePath(path)) == nil)
    #expect(payload.duplicateKeys.isEmpty)
  }

  @Test func notesDuplicateKeysOnTheWay() throws {
    var payload = try Sample.payload(Self.request)
    _ = payload.value(at: try ValuePath("body.dup"))
    _ = payload.value(at: try ValuePath("body.dup"))
    #expect(payload.duplicateKeys == ["body.dup"])
  }

  @Test func findsNothingWhereThereIsNothing() throws {
    var payload = try Sample.payload(IncomingRequest())
    for path in ["body", "body.a", "ip", "origin", "query.a", "headers.a"] {
      #expect(payload.value(at: try ValuePath(path)) == nil, "\(path)")
    }
    #expect(payload.value(at: try ValuePath("query"))?.json == "{}")
    #expect(payload.value(at: try ValuePath("path"))?.json == "\"\"")
  }

  private static var request: IncomingRequest {
    var request = Sample.json(
      body, query: "token=a+b&id=1&id=2&empty",
      headers: [
        HeaderField("x-event", "push"), HeaderField("x-two", "1"), HeaderField("x-two", "2"),
        HeaderField("origin", "https://a.example"),
      ])
    request.path = Array("/a%20b".utf8)
    request.clientAddress = IPAddress("203.0.113.7")
    request.receivedAtUs = 1_700_000_000_000_001
    return request
  }
}

@Suite struct InstantTextTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
      (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
      (4_107_542_399_123_456, "2100-02-28T23:59:59.123456Z"), (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
      (Int64.max, "9999-12-31T23:59:59.775807Z"), (Int64.min, "0001-01-01T00:00:00.224192Z"),
    ] as [(Int64, String)])
  func writes(_ microseconds: Int64, _ expected: String) {
    #expect(InstantText.rfc3339(microseconds: microseconds) == expected)
  }
}
