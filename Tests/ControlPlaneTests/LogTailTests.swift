import HeadgateProto
import Identifiers
import Postgres
import Store
import Synchronization
import Testing

@testable import ControlPlane

@Suite("TailWindow")
struct TailWindowTests {
  private static let start: Int64 = 1_767_323_045_000

  private func id(_ milliseconds: Int64, _ low: UInt64 = 1) -> UniqueID {
    UniqueID(high: UInt64(Self.start + milliseconds) << 16 | 0x7000, low: low)
  }

  @Test("a look goes back behind the one before it, and a deep one further")
  func looks() {
    var window = TailWindow(floor: .first(ofMilliseconds: 0), nowMs: Self.start)
    #expect(window.look(nowMs: Self.start + 100) == .init(least: .first(ofMilliseconds: Self.start - 2000), seen: []))
    #expect(window.look(nowMs: Self.start + 4000).least == .first(ofMilliseconds: Self.start - 1900))
    #expect(window.look(nowMs: Self.start + 5000).least == .first(ofMilliseconds: Self.start + 5000 - 60_000))
    #expect(window.look(nowMs: Self.start + 5100).least == .first(ofMilliseconds: Self.start + 3000))
    // Nothing was looked at for a minute, as by a slow reader.
    #expect(window.look(nowMs: Self.start + 65_100).least == .first(ofMilliseconds: Self.start + 3100))
    // The clock steps back.
    #expect(window.look(nowMs: Self.start - 10_000).least == .first(ofMilliseconds: Self.start - 70_000))
  }

  @Test("what was shown is named as long as a look reaches it, and forgotten later")
  func seen() {
    var window = TailWindow(floor: .first(ofMilliseconds: 0), nowMs: Self.start)
    window.add([id(-30_000), id(-1000), id(10)])
    #expect(Set(window.look(nowMs: Self.start + 100).seen) == [id(-1000), id(10)])
    #expect(Set(window.look(nowMs: Self.start + 5100).seen) == [id(-30_000), id(-1000), id(10)])
    #expect(Set(window.look(nowMs: Self.start + 200_000).seen) == [])
  }

  @Test("nothing before the floor")
  func floor() {
    var window = TailWindow(floor: id(50).successor, nowMs: Self.start)
    #expect(window.look(nowMs: Self.start + 5000).least == id(50, 2))
    #expect(UniqueID(high: 7, low: .max).successor == UniqueID(high: 8, low: 0))
  }
}

@Suite("LogService.Tail")
struct LogTailTests {
  @Test("what has no meaning in a stream is refused")
  func faults() async throws {
    try await withControlPlane { fixture in
      let logs = try fixture.logs
      let cases: [(TailLogsRequest, [String])] = [
        (TailLogsRequest(filter: QueryLogsRequest(pageSize: 1)), ["filter.page_size"]),
        (TailLogsRequest(filter: QueryLogsRequest(cursor: "x")), ["filter.cursor"]),
        (TailLogsRequest(filter: QueryLogsRequest(untilUs: 5)), ["filter.until_us"]),
        (TailLogsRequest(filter: QueryLogsRequest(status: 99), after: "x"), ["filter.status", "after"]),
      ]
      for (request, paths) in cases {
        let error = try await failure { try await logs.tail(request).next() }
        #expect(error?.code == .invalidArgument)
        #expect(error?.faults.map(\.path) == paths)
      }
      let error = try await failure { try await logs.tail(TailLogsRequest(filter: QueryLogsRequest(flow: "none"))).next() }
      #expect(error?.code == .notFound)
    }
  }

  @Test("everything recorded comes once, with the filter, also what another control plane or nobody rings for")
  func everythingOnce() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.routed)["hook"] ?? []
      let (ingest, logs) = (try fixture.ingest, try fixture.logs)
      func submit(_ body: String) async throws -> String {
        let request = EdgeRequest.make(key, body: body)
        _ = try await ingest.submit(request)
        return UniqueID(bytes: request.requestId)?.description ?? ""
      }
      let approved = #"{"event": "order_approved", "email": "a"}"#
      let before = try await submit(approved)
      #expect(try await eventually { try await logs.query(QueryLogsRequest()).entries.count == 1 })
      let stream = try await logs.tail(TailLogsRequest(filter: QueryLogsRequest(event: Array("order_approved".utf8))))
      // It has begun once it shows something; what comes before that it does not show.
      let hasBegun = Mutex(false)
      async let first = {
        defer { hasBegun.withLock { $0 = true } }
        return try await stream.next()?.id
      }()
      var sent: [String] = []
      while !hasBegun.withLock({ $0 }) { sent.append(try await submit(approved)) }
      var shown = [try #require(try await first)]
      // Past this process's writer, as another replica would record it, with an id of some seconds ago.
      let late = RequestIDGenerator().next(unixMilliseconds: UnixTime.now().microseconds / 1000 - 20_000)
      try await fixture.sql(
        """
        CREATE TEMP TABLE late AS SELECT * FROM requests WHERE id = '\(before)';
        UPDATE late SET id = '\(late)';
        INSERT INTO requests SELECT * FROM late
        """)
      for _ in 0..<20 {
        sent.append(try await submit(approved))
        _ = try await submit(#"{"event": "order_refunded", "email": "a"}"#)
      }
      let wanted = Set(sent.drop { $0 < shown[0] } + [late.description])
      while shown.count < wanted.count, let next = try await stream.next() { shown.append(next.id) }
      #expect(shown.count == Set(shown).count)
      #expect(Set(shown) == wanted.union(shown.prefix(1)))
      #expect(!shown.contains(before))
      stream.cancel()
    }
  }

  @Test("it goes on behind the entry that was seen last, oldest first, whole if wanted")
  func resumes() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let (ingest, logs) = (try fixture.ingest, try fixture.logs)
      var sent: [String] = []
      for number in 0..<(LogLimits.chunk + 30) {
        let request = EdgeRequest.make(key, body: "{\"n\": \(number)}")
        _ = try await ingest.submit(request)
        sent.append(UniqueID(bytes: request.requestId)?.description ?? "")
      }
      let stream = try await logs.tail(TailLogsRequest(after: sent[9], whole: true))
      var shown: [LogEntry] = []
      while shown.count < sent.count - 10, let next = try await stream.next() { shown.append(next) }
      #expect(shown.map(\.id) == Array(sent[10...]))
      #expect(shown.first?.body == Array("{\"n\": 10}".utf8))
      #expect(shown.first?.runs.count == 1)
      stream.cancel()
    }
  }

  @Test("a control plane that shuts down sends its tails elsewhere")
  func shutsDown() async throws {
    try await withControlPlane { fixture in
      let stream = try await fixture.logs.tail(TailLogsRequest())
      fixture.node.commits.close()
      #expect(try await failure { try await stream.next() }?.code == .unavailable)
    }
  }
}
