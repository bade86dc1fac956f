import Edge
import HeadgateProto
import Testing

/// What follows a request at the nodes that get it: repeated deliveries, lists, several flows, order.
@Suite("Deliveries over HTTP", .timeLimit(.minutes(2)))
struct DeliveryTests {
  private static func delivery(_ key: String, _ id: String?, _ body: String = "{}") -> Webhook {
    var webhook = Webhook(key, body)
    if let id { webhook.headers.append(("x-delivery", id)) }
    return webhook
  }

  @Test("A delivery that comes twice starts one run, and its caller gets the first answer")
  func repeated() async throws {
    try await withSystem { system in
      let key = try await system.publish(
        flow: "dedup", trigger: #""auth": {"mode": "public"}, "dedup": {"by": "headers[\"x-delivery\"]", "window": "1h"}"#)
      let first = try await system.send(Self.delivery(key, "a", #"{"n": 1}"#))
      #expect(first.status == 200)
      // What the sender says beside the id does not matter.
      let again = try await system.send(Self.delivery(key, "a", #"{"n": 2}"#))
      #expect(again.status == 200 && again.body == first.body)
      // Twenty at once, of another delivery; then without an id, where nothing is known of repetitions.
      let answers = try await withThrowingTaskGroup(of: HTTPAnswer.self) { group in
        for _ in 0..<20 { group.addTask { try await system.send(Self.delivery(key, "b")) } }
        return try await group.reduce(into: [HTTPAnswer]()) { $0.append($1) }
      }
      #expect(answers.allSatisfy { $0.status == 200 } && Set(answers.map(\.body)).count == 1)
      for _ in 0..<2 {
        let answer = try await system.send(Self.delivery(key, nil))
        #expect(answer.status == 200)
      }
      #expect(try await system.count("SELECT count(*) FROM runs") == 4)
      #expect(try await system.count("SELECT count(*) FROM requests") == 24)
      #expect(try await system.count("SELECT count(*) FROM requests WHERE outcome = 3") == 20)
    }
  }

  @Test("A delivery that was refused is not known as one")
  func refusedFirst() async throws {
    try await withSystem { system in
      let key = try await system.publish(
        flow: "dedup",
        trigger: #"""
          "auth": {"mode": "bearer", "secret": "0123456789abcdef0123"}, "dedup": {"by": "body.id"},
          "map": [{"variable": "a", "from": "body.a", "required": true}]
          """#)
      var webhook = Webhook(key, #"{"id": 1, "a": 2}"#)
      #expect(try await system.send(webhook).status == 401)
      webhook.headers.append(("authorization", "Bearer 0123456789abcdef0123"))
      webhook.body = Array(#"{"id": 1}"#.utf8)
      #expect(try await system.send(webhook).status == 422)
      webhook.body = Array(#"{"id": 1, "a": 2}"#.utf8)
      #expect(try await system.send(webhook).status == 200)
      #expect(try await system.count("SELECT count(*) FROM runs") == 1)
    }
  }

  @Test("Each element of a list starts a run of its own; of a list that comes again, what is new")
  func split() async throws {
    try await withSystem { system in
      let key = try await system.publish(
        flow: "split",
        trigger: #"""
          "auth": {"mode": "public"}, "split": "body.entry", "dedup": {"by": "element.id"},
          "map": [{"variable": "id", "from": "element.id"}]
          """#)
      let first = try await system.send(Webhook(key, #"{"entry": [{"id": 1}, {"id": 2}, {"id": 3}]}"#))
      #expect(first.status == 200)
      let second = try await system.send(Webhook(key, #"{"entry": [{"id": 2}, {"id": 4}, {"id": 4}]}"#))
      #expect(second.status == 200 && second.body != first.body)
      let third = try await system.send(Webhook(key, #"{"entry": [{"id": 3}, {"id": 1}]}"#))
      #expect(third.status == 200 && third.body == first.body)
      let runs = try await system.runs.lease(LeaseRunsRequest(maxRuns: 100)).runs
      #expect(
        runs.map { String(decoding: $0.variables, as: UTF8.self) }.sorted() == [1, 2, 3, 4].map { #"{"id":\#($0)}"# })
    }
  }

  @Test("Meta's changes and messages in all their entries: a run, a customer and a chat of its own for each")
  func lists() async throws {
    try await withSystem { system in
      let key = try await system.publish(
        flow: "meta",
        trigger: #"""
          "auth": {"mode": "bearer", "secret": "0123456789abcdef0123"},
          "split": ["body.entry[].changes", "body.entry[].messaging"], "dedup": {"by": "element.id"},
          "order_by": "{{ parents[0].id }}/{{ element.from }}",
          "map": [{"variable": "page", "from": "parents[0].id"}, {"variable": "n", "from": "element.n"}],
          "customer": [{"field": "instagram", "from": "element.from", "key": true}],
          "chat": {"channel": "instagram", "from": "element.from"}
          """#)
      func send(_ body: String) async throws -> HTTPAnswer {
        var webhook = Webhook(key, body)
        webhook.headers.append(("authorization", "Bearer 0123456789abcdef0123"))
        return try await system.send(webhook)
      }
      let first = try await send(
        #"""
        {"entry": [
          {"id": "p1", "changes": [{"id": 1, "from": "ana", "n": 9007199254740993}, {"id": 2, "from": "bia", "n": 1e400}]},
          {"id": "p2", "messaging": [{"id": 3, "from": "ana", "n": -0.10}]},
          {"id": "p3", "changes": [{"id": 1, "from": "ana", "n": 0}]}]}
        """#)
      #expect(first.status == 200)
      // What came before is known by its own id, wherever it stands.
      let second = try await send(
        #"{"entry": [{"id": "p9", "messaging": [{"id": 2, "from": "bia"}, {"id": 4, "from": "cris", "n": 4}]}]}"#)
      #expect(second.status == 200 && second.body != first.body)
      let runs = try await system.runs.lease(LeaseRunsRequest(maxRuns: 100)).runs
      #expect(
        runs.map { String(decoding: $0.variables, as: UTF8.self) }.sorted() == [
          #"{"page":"p1","n":1e400}"#, #"{"page":"p1","n":9007199254740993}"#, #"{"page":"p2","n":-0.10}"#,
          #"{"page":"p9","n":4}"#,
        ])
      #expect(Set(runs.map(\.customerId)).count == 3 && Set(runs.map(\.chatId)).count == 3)
      #expect(try await system.count("SELECT count(*) FROM customers") == 3)
      #expect(try await system.count("SELECT count(*) FROM chats") == 3)
      let lacking = try await send(#"{"entry": [{"id": "p1"}]}"#)
      #expect(lacking.status == 422)
      let none = try await send(#"{"entry": []}"#)
      #expect(none.status == 200)
      #expect(try await system.count("SELECT count(*) FROM runs") == 4)
    }
  }

  @Test("Several flows on one URL: each gets a run, and the owner's verification holds for all")
  func flows() async throws {
    try await withSystem { system in
      let key = try await system.publish(
        flow: "orders", trigger: #""auth": {"mode": "bearer", "secret": "0123456789abcdef0123"}"#)
      for name in ["mails", "stock"] {
        try await system.publish(
          """
          {"flow": "\(name)", "nodes": [{"id": "second", "type": "webhook_trigger", "source": "orders/hook",
            "events": {"path": "body.event", "cases": [{"id": "paid", "value": "paid"}]}}, {"id": "next", "type": "task"}],
            "connections": [{"from": "second.paid", "to": "next"}]}
          """, node: "second")
      }
      var webhook = Webhook(key, #"{"event": "paid"}"#)
      #expect(try await system.send(webhook).status == 401)
      webhook.headers.append(("authorization", "Bearer 0123456789abcdef0123"))
      #expect(try await system.send(webhook).status == 200)
      var flows = try await system.runs.lease(LeaseRunsRequest(maxRuns: 10)).runs.map(\.flow).sorted()
      #expect(flows == ["mails", "orders", "stock"])
      webhook.body = Array(#"{"event": "other"}"#.utf8)
      #expect(try await system.send(webhook).status == 200)
      flows = try await system.runs.lease(LeaseRunsRequest(maxRuns: 10)).runs.map(\.flow)
      #expect(flows == ["orders"])
    }
  }

  @Test("The caller's trace goes on to the runs; without one the request's id is the trace's")
  func trace() async throws {
    try await withSystem { system in
      let key = try await system.publish(flow: "traced", trigger: #""auth": {"mode": "public"}"#)
      let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
      let lines = [
        ["00-\(trace)-00f067aa0ba902b7-01"], [], ["00-\(trace)-0000000000000000-01"],
        ["00-\(trace)-00f067aa0ba902b7-01", "00-\(trace)-00f067aa0ba902b7-01"],
      ]
      for values in lines {
        var webhook = Webhook(key, "{}")
        webhook.headers += values.map { ("traceparent", $0) }
        let answer = try await system.send(webhook)
        #expect(answer.status == 200)
        let run = try #require(try await system.runs.lease(LeaseRunsRequest()).runs.first)
        let digits = run.requestId.filter { $0 != "-" }
        let isTraced = values == lines[0]
        #expect(run.traceparent == "00-\(isTraced ? trace : digits)-\(digits.suffix(16))-\(isTraced ? "01" : "00")")
      }
      let recorded = "SELECT count(*) FROM requests WHERE encode(trace_id, 'hex') = '\(trace)'"
      #expect(try await system.count(recorded) == 1)
      #expect(try await system.count("SELECT count(*) FROM requests WHERE trace_id IS NULL") == 3)
    }
  }

  @Test("A rate limit and a deadline of the flow file are in force at the edge node")
  func policy() async throws {
    try await withSystem { system in
      let key = try await system.publish(
        flow: "limited",
        trigger: #"""
          "auth": {"mode": "public"}, "deadline": "4s", "rate_limit": {"per_minute": 6, "burst": 3}
          """#)
      while system.edge.policies.count == 0 { await Task.yield() }
      var statuses: [Int] = []
      for _ in 0..<5 {
        let answer = try await system.send(Webhook(key, "{}"))
        statuses.append(answer.status)
        if answer.status == 429 { #expect(answer.fields.contains { $0.hasPrefix("retry-after: ") }) }
      }
      #expect(statuses == [200, 200, 200, 429, 429])
      #expect(try await system.count("SELECT count(*) FROM requests") == 3, "the control plane never saw the others")
      try await system.publish(flow: "limited", trigger: #""auth": {"mode": "public"}"#)
      while system.edge.policies.count > 0 { await Task.yield() }
      let answer = try await system.send(Webhook(key, "{}"))
      #expect(answer.status == 200)
    }
  }
}
