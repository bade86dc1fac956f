import Foundation
import JSON
import Testing

@testable import Rules

/// Random and naughty input of bounded size: nothing traps, and what comes out is JSON.
@Suite struct HostileInputTests {
  private static let seeds = Array(1...6) as [UInt64]
  private static let rounds = 600

  private func bytes(_ alphabet: [UInt8], _ limit: Int, _ source: inout BodySample.Source) -> [UInt8] {
    let count = Int.random(in: 0...limit, using: &source)
    return (0..<count).map { _ in alphabet[Int.random(in: alphabet.indices, using: &source)] }
  }

  @Test(arguments: seeds) func survivesPathsAndTemplates(_ seed: UInt64) throws {
    var source = BodySample.Source(state: seed)
    let words = [
      "body", "query", "headers", "trigger", "flow", "env", ".", "[", "]", "0", "-1", "\"", "'", "\\", "{{", "}}", "??", " ", "é",
      "id", "a",
      "\u{0}", "😀", "ip",
    ]
    var scope = try Sample.scope(Sample.json(#"{"a":[{"a":1},null],"0":{"id":"x"}}"#, query: "a=1&a=2&id=%"))
    var accepted = 0
    for _ in 0..<Self.rounds {
      let text = (0..<Int.random(in: 0...9, using: &source)).map { _ in words[Int.random(in: words.indices, using: &source)] }
        .joined()
      if let path = try? ValuePath(text) {
        accepted += 1
        #expect(try ValuePath(path.text) == path)
        if let value = scope.payload.value(at: path) { try checkJSON(Array(value.json.utf8)) }
      }
      if let template = try? Template(text), let value = scope.value(of: template) { try checkJSON(Array(value.json.utf8)) }
    }
    #expect(accepted > 0)
  }

  @Test(arguments: seeds) func survivesRequests(_ seed: UInt64) throws {
    var source = BodySample.Source(state: seed)
    let trigger = try Sample.trigger(
      #""auth":{"mode":"public"},"methods":["POST","GET"],"allow":{"origins":["https://a.example"]},"#
        + #""events":{"path":"body.a","cases":[{"id":"x","value":"{{ query.a }}"}]},"#
        + #""map":[{"variable":"a","from":"body.a","type":"string","default":""},{"variable":"q","from":"query"},{"variable":"h","from":"headers"},{"variable":"b","from":"body"}]"#
    )
    let alphabet = Array("{}[]\":,a1%=&+;/ \u{0}\n\\".utf8) + [0xff, 0xc3, 0xa9]
    let types = ["application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ";", "a/b;\"", ""]
    var kinds: Set<Int32> = []
    for _ in 0..<Self.rounds {
      let request = IncomingRequest(
        method: Bool.random(using: &source) ? Array("POST".utf8) : bytes(alphabet, 6, &source),
        path: bytes(alphabet, 20, &source),
        query: bytes(alphabet, 40, &source),
        headers: [
          HeaderField("content-type", types[Int.random(in: types.indices, using: &source)]),
          HeaderField("origin", Bool.random(using: &source) ? "https://a.example" : "https://b.example"),
          HeaderField(name: Array("x".utf8), value: bytes(alphabet, 20, &source)),
        ],
        body: bytes(alphabet, 40, &source))
      let decision = trigger.evaluate(request)
      kinds.insert(decision.outcome?.rawValue ?? 0)
      if !decision.variables.isEmpty { try checkJSON(decision.variables) }
      if decision.kind != .headOnly, decision.answer.status != 204 { try checkJSON(decision.answer.body) }
    }
    #expect(kinds.count >= 2)
  }

  @Test(arguments: seeds) func survivesFlowFiles(_ seed: UInt64) throws {
    var source = BodySample.Source(state: seed)
    let good = Sample.flowText(
      #""auth":{"mode":"hmac","preset":"github","secret":"canary-canary-canary"},"allow":{"ips":["10.0.0.0/8"],"origins":["https://a.example"]},"methods":["POST"],"#
        + #""events":{"path":"body.a","cases":[{"id":"x","value":"{{ flow.shop }}"}]},"map":[{"variable":"a","from":"body.a[0]","type":"number","default":1}],"#
        + #""response":{"status":200,"headers":{"x":"y"},"body":"ok"}"#,
      connections: #"{"from":"hook.x","to":"welcome"},{"from":"hook","to":"other"}"#)
    #expect(Sample.faults(good).isEmpty)
    let pieces = ["null", "1", "\"\"", "[]", "{}", "\"body\"", "true", "-1", "1e999", "\"{{\"", "\"else\"", "\"\\u0000\""].map {
      Array($0.utf8)
    }
    for _ in 0..<Self.rounds {
      var text = good
      for _ in 0..<Int.random(in: 1...3, using: &source) {
        let start = Int.random(in: text.indices, using: &source)
        if Bool.random(using: &source) {
          // A whole value becomes another one.
          guard let colon = text[start...].firstIndex(of: UInt8(ascii: ":")),
            let end = text[colon...].dropFirst(2).firstIndex(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") })
          else { continue }
          text.replaceSubrange((colon + 1)..<end, with: pieces[Int.random(in: pieces.indices, using: &source)])
        } else {
          text[start] = UInt8.random(in: 0...255, using: &source)
        }
      }
      do throws(InvalidFlow) {
        let flow = try FlowDefinition.parse(text).definition
        #expect(try FlowDefinition.parse(flow.canonicalJSON).definition == flow)
        _ = flow.changes(from: try? FlowDefinition.parse(good).definition)
      } catch {
        #expect(!error.faults.isEmpty)
        #expect(!error.faults.contains { $0.message.contains("canary-canary-canary") })
      }
    }
  }

  @Test func mapsNaughtyStringsUnchanged() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("shared/corpora/blns/blns.json")
    let shared = ProcessInfo.processInfo.environment["HEADGATE_SHARED"].map {
      URL(fileURLWithPath: $0 + "/corpora/blns/blns.json")
    }
    guard let data = try? Data(contentsOf: shared ?? file) else {
      try Test.cancel("the corpora are not beside the repository")
    }
    let trigger = try Sample.trigger(
      #""auth":{"mode":"public"},"events":{"path":"body.s"},"map":[{"variable":"s","from":"body.s","type":"string"},{"variable":"t","from":"{{ body.s }}!"}]"#
    )
    for element in try JSONDocument(Array(data)).root.elements {
      let text = try #require(element.stringBytes)
      var writer = JSONWriter()
      writer.beginObject()
      writer.key("s")
      writer.string(text)
      writer.endObject()
      let decision = trigger.evaluate(
        IncomingRequest(headers: [HeaderField("content-type", "application/json")], body: writer.bytes))
      let variables = try JSONDocument(decision.variables).root
      #expect(variables["s"]?.stringBytes == text)
      #expect(variables["t"]?.stringBytes == text + [UInt8(ascii: "!")])
      #expect(decision.event == Array(text.prefix(DecisionExplanation.valueLimit)))
    }
  }

  private func checkJSON(_ bytes: [UInt8]) throws {
    #expect(throws: Never.self, "\(String(decoding: bytes, as: UTF8.self))") { try JSONDocument(bytes) }
  }
}
