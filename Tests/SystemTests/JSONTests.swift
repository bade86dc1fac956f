import HeadgateProto
import RulesTestSupport
import Testing

/// JSON over HTTP: what is refused, what is taken, and what becomes of numbers.
@Suite("JSON over HTTP", .timeLimit(.minutes(5)))
struct JSONTests {
  private static let folder = "corpora/JSONTestSuite/test_parsing"

  /// Where RFC 8259 leaves it open: numbers are text, so any size is taken, and a byte order mark is passed over. Text is UTF-8
  /// without surrogates, and 500 levels are beyond the depth limit.
  private static let open: Set<String> = [
    "i_number_double_huge_neg_exp", "i_number_huge_exp", "i_number_neg_int_huge_exp", "i_number_pos_double_huge_exp",
    "i_number_real_neg_overflow", "i_number_real_pos_overflow", "i_number_real_underflow", "i_number_too_big_neg_int",
    "i_number_too_big_pos_int", "i_number_very_big_negative_int", "i_structure_UTF-8_BOM_empty_object",
  ]

  @Test("JSONTestSuite", .enabled(if: SharedData.exists(folder), "the corpora are not beside the repository"))
  func suite() async throws {
    try await withSystem { system in
      let key = try await system.publish(flow: "suite", trigger: #""auth": {"mode": "public"}"#)
      var counts: [Character: Int] = [:]
      for name in try SharedData.names(in: Self.folder, prefix: "", suffix: ".json") {
        let answer = try await system.send(Webhook(key, body: try SharedData.bytes("\(Self.folder)/\(name)")))
        let kind = try #require(name.first)
        counts[kind, default: 0] += 1
        let isAccepted = kind == "y" || Self.open.contains(String(name.dropLast(5)))
        #expect(answer.status == (isAccepted ? 200 : 400), "\(name): \(answer.body)")
      }
      #expect(counts == ["y": 95, "n": 188, "i": 35])
      #expect(try await system.count("SELECT count(*) FROM requests WHERE outcome = 1") == 95 + Self.open.count)
      #expect(try await system.count("SELECT count(*) FROM runs") == 95 + Self.open.count)
    }
  }

  @Test("An empty body is no JSON, but for methods and questions that need none, and never before the caller is known")
  func empty() async throws {
    try await withSystem { system in
      let json = "application/json"
      let open = try await system.publish(
        flow: "open", trigger: #""auth": {"mode": "public"}, "methods": ["GET", "POST", "PUT", "PATCH", "DELETE"]"#)
      let bearer = try await system.publish(
        flow: "bearer", trigger: #""auth": {"mode": "bearer", "secret": "0123456789abcdef0123"}"#)
      let trello = try await system.publish(flow: "trello", trigger: #""auth": {"preset": "trello"}"#)
      let graph = try await system.publish(
        flow: "graph",
        trigger: #"""
          "auth": {"mode": "bearer", "handshake": {"match": {"query:validationToken": "*"},
          "respond": {"text": "{query:validationToken}"}}}
          """#)
      let pending = try await system.publish(flow: "pending", trigger: #""auth": {"mode": "bearer", "secret": "pending"}"#)
      var cases: [(target: String, method: String, type: String?, token: Bool, status: Int)] = []
      for method in ["POST", "PUT", "PATCH"] {
        cases.append((open, method, json, false, 400))
        cases.append((open, method, "application/vnd.a+json; charset=utf-8", false, 400))
        for type in [nil, "text/plain", "application/x-www-form-urlencoded"] as [String?] {
          cases.append((open, method, type, false, 200))
        }
      }
      for method in ["GET", "HEAD", "DELETE"] { cases.append((open, method, json, false, 200)) }
      // Who is not known hears nothing of the body; a question is answered whatever it comes with; what cannot be verified yet
      // is recorded.
      cases += [
        (bearer, "POST", json, false, 401), (bearer, "POST", json, true, 400), (bearer, "POST", nil, true, 200),
        (trello, "HEAD", json, false, 200), (graph + "?validationToken=abc", "POST", json, false, 200),
        (pending, "POST", json, false, 200),
      ]
      for (target, method, type, token, status) in cases {
        var webhook = Webhook(target)
        webhook.method = method
        webhook.headers = type.map { [("content-type", $0)] } ?? []
        if token { webhook.headers.append(("authorization", "Bearer 0123456789abcdef0123")) }
        let answer = try await system.send(webhook)
        #expect(answer.status == status, "\(method) \(type ?? "-") \(token): \(answer.body)")
        if target.contains("?") { #expect(answer.body == "abc") }
      }
    }
  }

  @Test("Numbers come out of mapping, log and run as they went in")
  func numbers() async throws {
    try await withSystem { system in
      let key = try await system.publish(
        flow: "numbers",
        trigger: #"""
          "auth": {"mode": "public"}, "map": [{"variable": "a", "from": "body.a"},
          {"variable": "b", "from": "body.b", "type": "number"}, {"variable": "c", "from": "body.c[0]", "type": "string"},
          {"variable": "d", "from": "body", "type": "json"}]
          """#)
      let body = #"{"a":9007199254740993,"b":1e400,"c":[-0.10],"d":0.1e-0007}"#
      let answer = try await system.send(Webhook(key, body))
      #expect(answer.status == 200)
      let run = try #require(try await system.runs.lease(LeaseRunsRequest()).runs.first)
      let variables = String(decoding: run.variables, as: UTF8.self)
      #expect(variables == #"{"a":9007199254740993,"b":1e400,"c":"-0.10","d":\#(body)}"#)
      let entry = try await system.logs.get(GetLogRequest(id: run.requestId))
      #expect(String(decoding: entry.body, as: UTF8.self) == body)
      #expect(entry.runs.map { String(decoding: $0.variables, as: UTF8.self) } == [variables])
      #expect(answer.body.contains(run.requestId))
    }
  }
}
