import JSON
import Testing

@testable import Rules

/// Bodies of every format.
enum BodyFuzz {
  /// A content type and a body that mostly is of it.
  static func sample(_ source: inout FuzzSource) -> (type: String?, body: [UInt8]) {
    switch source.below(8) {
    case 0, 1, 2: return ("application/json", Array(source.json(depth: 5).utf8))
    case 3:
      let pairs = (0..<source.below(5)).map { _ in
        "\(source.pick(FuzzSource.names))=\(source.pick(["1", "%C3%A9", "%5B1%5D", "[1,2]", "{\"a\":[1]}", "+", "%zz"]))"
      }
      return (
        source.pick(["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=latin1"]),
        Array(pairs.joined(separator: "&").utf8)
      )
    case 4:
      let parts = (0..<source.below(4)).map { _ in
        BodySample.part(
          "Content-Disposition: form-data; name=\"\(source.pick(["a", "items", "é"]))\""
            + source.pick(["", "; filename=\"f\"\r\nContent-Type: text/plain"]),
          source.pick(["", "1", "[1]", "--b", "é"]))
      }
      return ("multipart/form-data; boundary=b", Array((parts.joined() + "--b--\r\n").utf8))
    case 5: return (source.pick(["application/xml", "text/xml; charset=iso-8859-1"]), Array("<a>\(xml(&source, 4))</a>".utf8))
    case 6: return (source.pick(["text/plain", "text/html; charset=utf-16", "text/plain; charset=x"]), source.bytes(upTo: 60))
    default:
      return (source.pick([nil, "application/octet-stream", ";", "application/json; charset=utf-16"]), source.bytes(upTo: 60))
    }
  }

  private static func xml(_ source: inout FuzzSource, _ depth: Int) -> String {
    (0..<source.below(4)).map { _ in
      switch source.below(depth == 0 ? 3 : 5) {
      case 0: return "text &amp; <![CDATA[<b>]]>"
      case 1: return "<items/>"
      case 2: return "<b id='1' xmlns:x='y'>é</b>"
      default:
        let name = source.pick(["items", "entry", "changes", "b"])
        return "<\(name)>\(xml(&source, depth - 1))</\(name)>"
      }
    }.joined()
  }
}

@Suite("Fuzz: bodies, paths and lists") struct BodyFuzzTests {
  @Test("Bodies are read or refused at every stage, and what paths see of them is JSON", arguments: Fuzz.seeds)
  func readsBodies(_ seed: UInt64) throws {
    var (read, seen, split) = (0, 0, 0)
    try Fuzz.rounds(600, seed: seed) { source in
      var (type, body) = BodyFuzz.sample(&source)
      if source.oneIn(2) { BodySample.mutate(&body, &source) }
      var encoding: [String] = []
      if source.oneIn(6) {
        body = source.oneIn(2) ? BodySample.gzip(body) : BodySample.zlib(body)
        encoding = [source.pick(["gzip", "deflate", "gzip, deflate", "br", "identity"])]
        if source.oneIn(2) { BodySample.mutate(&body, &source) }
      }
      var request = BodySample.request(type, body, encoding: encoding)
      request.method = Array(source.pick(["POST", "GET"]).utf8)
      for stage in [RequestBody.Stage.unverified, .pending] { _ = try? RequestBody(request, stage: stage) }
      guard let parsed = try? RequestBody(request) else { return }
      read += 1
      var payload = Payload(request, body: parsed, trigger: Sample.identity)
      for _ in 0..<6 {
        guard let path = try? ValuePath(source.path(["body", "query", "headers"])) else { continue }
        #expect(try ValuePath(path.text) == path)
        guard let value = payload.value(at: path) else { continue }
        seen += 1
        #expect(throws: Never.self, "\(path)") { try JSONDocument(Array(value.json.utf8)) }
        _ = value.text
      }
      let text = "body\(source.text(of: [".items", ".entry", ".changes", ".a", "[]", "[]", "[0]", ".b"], upTo: 5))"
      guard let lists = try? SplitPath(text) else { return }
      #expect(try SplitPath(lists.text) == lists)
      guard case .list(let elements, let lacking) = payload.elements(at: [lists]) else { return }
      split += elements.isEmpty ? 0 : 1
      #expect(elements.count <= PayloadElements.limit && lacking >= 0)
      #expect(payload.element == nil && payload.parents.isEmpty)
      for element in elements.prefix(10) {
        #expect(element.parents.count == lists.levels.count - 1)
        payload.enter(element)
        let own = try #require(payload.value(at: try ValuePath("element")))
        #expect(throws: Never.self) { try JSONDocument(Array(own.json.utf8)) }
      }
    }
    #expect(read > 100 * Fuzz.factor && seen > 100 * Fuzz.factor && split > 5 * Fuzz.factor, "\(read) \(seen) \(split)")
  }

  @Test("Templates give JSON or nothing, and no secret", arguments: Fuzz.seeds)
  func evaluatesTemplates(_ seed: UInt64) throws {
    var accepted = 0
    try Fuzz.rounds(600, seed: seed) { source in
      let text = source.value().replacing("\\\"", with: "\"") + source.text(of: ["{{", "}}", "x", "é"], upTo: 2)
      guard let template = try? Template(text) else { return }
      accepted += 1
      #expect(try Template(template.text) == template)
      var scope = try Sample.scope(Sample.json(source.json()))
      guard let value = scope.value(of: template) else { return }
      #expect(throws: Never.self, "\(text)") { try JSONDocument(Array(value.json.utf8)) }
      #expect(!value.json.contains("canary-secret"), "\(text)")
    }
    #expect(accepted > 100 * Fuzz.factor, "\(accepted)")
  }

  /// The digits of a number are those that came, through every way that leads out.
  @Test("Numbers keep their digits", arguments: Fuzz.seeds)
  func keepsDigits(_ seed: UInt64) throws {
    let fields =
      #""auth":{"mode":"public"},"split":"body.e[].c","map":[{"variable":"a","from":"element"},"#
      + #"{"variable":"n","from":"element","type":"number"},{"variable":"s","from":"{{ element }}","type":"string"},"#
      + #"{"variable":"t","from":"parents[0].t","type":"number"},{"variable":"p","from":"parents[0].c"}],"order_by":"element""#
    let trigger = try Sample.trigger(fields, connections: Self.toOther)
    Fuzz.rounds(150, seed: seed) { source in
      let digits = source.text(of: ["1", "9", "0", "7"], upTo: 30)
      let number =
        (source.oneIn(2) ? "-" : "") + "3\(digits)" + (source.oneIn(2) ? ".\(digits)0" : "")
        + source.pick(["", "e400", "E-7", "e+0"])
      let decision = trigger.evaluate(Sample.json(#"{"e":[{"c":[\#(number)],"t":"\#(number)"}]}"#))
      #expect(
        decision.parts.map { Sample.text($0.variables) } == [
          #"{"a":\#(number),"n":\#(number),"s":"\#(number)","t":\#(number),"p":[\#(number)]}"#
        ])
      #expect(decision.parts.map { Sample.text($0.orderKey) } == [number])
    }
  }

  private static let toOther = #"{"from":"hook","to":"other"}"#
}
