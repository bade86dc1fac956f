import HeadgateProto
import Identifiers
import Testing

@testable import ControlPlane

@Suite("LogService")
struct LogServiceTests {
  @Test(
    "fields out of their bounds are named",
    arguments: [
      (QueryLogsRequest(outcomes: [.accepted, .unspecified]), "outcomes[1]"),
      (QueryLogsRequest(causes: [.unspecified]), "causes[0]"), (QueryLogsRequest(status: 99), "status"),
      (QueryLogsRequest(event: Array(repeating: 1, count: 1025)), "event"), (QueryLogsRequest(address: "10.0.0.0/33"), "address"),
      (QueryLogsRequest(sinceUs: -1), "since_us"), (QueryLogsRequest(untilUs: .max), "until_us"),
      (QueryLogsRequest(sinceUs: 5, untilUs: 5), "until_us"),
      (QueryLogsRequest(pageSize: 1001), "page_size"), (QueryLogsRequest(cursor: "nonsense"), "cursor"),
      (QueryLogsRequest(outcomes: Array(repeating: .accepted, count: 33)), "outcomes"),
      (QueryLogsRequest(deliveryId: Array(repeating: 1, count: 257)), "delivery_id"),
      (QueryLogsRequest(customer: "x"), "customer"),
      (QueryLogsRequest(bodyText: "ab"), "body_text"), (QueryLogsRequest(bodyText: "a\u{0}bc"), "body_text"),
      (QueryLogsRequest(bodyJson: Array("{".utf8)), "body_json"), (QueryLogsRequest(chat: "x"), "chat"),
      (QueryLogsRequest(bodyJson: Array("\"\(String(repeating: "x", count: 4096))\"".utf8)), "body_json"),
    ])
  func faults(request: QueryLogsRequest, path: String) async throws {
    try await withControlPlane { fixture in
      let error = try await failure { try await fixture.logs.query(request) }
      #expect(error?.code == .invalidArgument)
      #expect(error?.faults.map(\.path) == [path])
    }
  }

  @Test("what does not exist is not found")
  func missing() async throws {
    try await withControlPlane { fixture in
      let logs = try fixture.logs
      #expect(try await failure { try await logs.get(GetLogRequest(id: "x")) }?.faults.map(\.path) == ["id"])
      #expect(try await failure { try await logs.get(GetLogRequest(id: UniqueID.random().description)) }?.code == .notFound)
      #expect(try await failure { try await logs.query(QueryLogsRequest(trigger: "a/b")) }?.code == .notFound)
      #expect(try await failure { try await logs.query(QueryLogsRequest(flow: "a")) }?.code == .notFound)
    }
  }

  @Test("a page holds its place while rows arrive; nothing is missed or seen twice")
  func paging() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let (ingest, logs) = (try fixture.ingest, try fixture.logs)
      var sent: [String] = []
      func submit() async throws {
        let request = EdgeRequest.make(key)
        _ = try await ingest.submit(request)
        sent.append(UniqueID(bytes: request.requestId)?.description ?? "")
      }
      for _ in 0..<7 { try await submit() }
      let before = sent
      var seen: [String] = []
      var cursor = ""
      repeat {
        let page = try await logs.query(QueryLogsRequest(pageSize: 2, cursor: cursor))
        seen += page.entries.map(\.id)
        cursor = page.nextCursor
        try await submit()
      } while !cursor.isEmpty
      #expect(seen == before.reversed())

      // "Since an hour ago" is another time with each page; another filter is another query.
      let first = try await logs.query(QueryLogsRequest(sinceUs: 1, pageSize: 2))
      let second = QueryLogsRequest(sinceUs: 2, untilUs: LogLimits.timeUs.upperBound, pageSize: 2, cursor: first.nextCursor)
      #expect(try await logs.query(second).entries.map(\.id) == sent.reversed()[2..<4].map { $0 })
      let other = QueryLogsRequest(status: 200, pageSize: 2, cursor: first.nextCursor)
      #expect(try await failure { try await logs.query(other) }.paths == ["cursor"])
    }
  }

  @Test("filters select")
  func filters() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.routed)["hook"] ?? []
      let (ingest, logs) = (try fixture.ingest, try fixture.logs)
      let approved = #"{"event": "order_approved", "email": "a"}"#
      _ = try await ingest.submit(EdgeRequest.make(key, body: approved))
      _ = try await ingest.submit(EdgeRequest.make(key, body: approved, address: [198, 51, 100, 9]))
      _ = try await ingest.submit(EdgeRequest.make(key, body: #"{"event": "order_refunded", "email": "a"}"#))
      _ = try await ingest.submit(EdgeRequest.make(key, body: #"{"event": "order_approved"}"#))
      #expect(try await eventually { try await logs.query(QueryLogsRequest()).entries.count == 4 })
      func count(_ request: QueryLogsRequest) async throws -> Int { try await logs.query(request).entries.count }
      #expect(try await count(QueryLogsRequest(outcomes: [.accepted])) == 2)
      #expect(try await count(QueryLogsRequest(outcomes: [.accepted, .unrouted])) == 3)
      #expect(try await count(QueryLogsRequest(causes: [.requiredMissing])) == 1)
      #expect(try await count(QueryLogsRequest(status: 422)) == 1)
      #expect(try await count(QueryLogsRequest(event: Array("order_refunded".utf8))) == 1)
      #expect(try await count(QueryLogsRequest(event: [])) == 0)
      #expect(try await count(QueryLogsRequest(address: "198.51.100.0/24")) == 1)
      #expect(try await count(QueryLogsRequest(address: "203.0.113.7")) == 3)
      #expect(try await count(QueryLogsRequest(trigger: "orders/hook")) == 4)
      #expect(try await count(QueryLogsRequest(trigger: String(decoding: key, as: UTF8.self), flow: "orders")) == 4)
      #expect(try await count(QueryLogsRequest(untilUs: 1)) == 0)
      #expect(try await count(QueryLogsRequest(bodyText: "ORDER_REF")) == 1)
      #expect(try await count(QueryLogsRequest(bodyJson: Array(#"{"event": "order_approved", "email": "a"}"#.utf8))) == 2)
      #expect(try await count(QueryLogsRequest(deliveryId: [1])) == 0)
      #expect(try await count(QueryLogsRequest(customer: UniqueID.random().description)) == 0)
      let nul = QueryLogsRequest(bodyJson: Array(#"{"a": "\u0000"}"#.utf8))
      #expect(try await failure { try await logs.query(nul) }.paths == ["body_json"])
    }
  }
}
