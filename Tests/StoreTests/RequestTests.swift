import Identifiers
import Postgres
import Store
import Testing
import TestSupport

@Suite struct RequestTests {
  @Test func aRequestIsReadAsItWasWritten() async throws {
    try await withWriter { store, writer, fixture, _ in
      var entry = fixture.entry()
      let result = await writer.submit(entry)
      #expect(result == .success(.recorded))
      let read = try await store.request(entry.request.id, in: fixture.workspace)
      #expect(read == entry.request)
      let foreign = try await store.request(entry.request.id, in: .random())
      #expect(foreign == nil)
      // No body, no address.
      entry = fixture.entry(address: [])
      entry.request.body = nil
      _ = await writer.submit(entry)
      let bare = try await store.request(entry.request.id, in: fixture.workspace)
      #expect(bare == entry.request)
    }
  }

  @Test func filtersRestrict() async throws {
    try await withWriter { store, writer, fixture, _ in
      let other = try await Fixture.make(store, flow: "bills")
      let hour = Duration.seconds(3600)
      let old = fixture.entry(id: Fixture.requestID(ago: hour))
      var rejected = fixture.entry(outcome: 4, status: 401, event: "")
      rejected.request.cause = 10
      rejected.runs = []
      let far = fixture.entry(event: "refunded", address: [0x20, 1, 0x0d, 0xb8] + Array(repeating: 1, count: 12))
      let foreign = other.entry(address: [])
      for entry in [old, rejected, far, foreign] { _ = await writer.submit(entry) }
      let now = UnixTime.now()
      func ids(_ filter: RequestFilter) async throws -> [UniqueID] {
        try await store.requests(in: fixture.workspace, matching: filter, limit: 10).map(\.id)
      }
      let cases: [(RequestFilter, [IngestEntry])] = [
        (RequestFilter(), [foreign, far, rejected, old]),
        (RequestFilter(trigger: fixture.trigger), [far, rejected, old]),
        (RequestFilter(trigger: .random()), []),
        (RequestFilter(flow: other.flow.id), [foreign]),
        (RequestFilter(flow: fixture.flow.id, outcomes: [1]), [far, old]),
        (RequestFilter(outcomes: [4, 7]), [rejected]),
        (RequestFilter(causes: [10]), [rejected]),
        (RequestFilter(status: 401), [rejected]),
        (RequestFilter(event: Array("refunded".utf8)), [far]),
        (RequestFilter(event: []), [rejected]),
        (RequestFilter(address: .init(address: [203, 0, 113, 0], prefixLength: 24)), [rejected, old]),
        (RequestFilter(address: .init(address: [203, 0, 113, 8], prefixLength: 32)), []),
        (RequestFilter(address: .init(address: far.request.clientAddress, prefixLength: 128)), [far]),
        (RequestFilter(since: now - .seconds(1800)), [foreign, far, rejected]),
        (RequestFilter(since: old.request.receivedAt, until: now - .seconds(1800)), [old]),
        (RequestFilter(until: old.request.receivedAt), []),
      ]
      for (index, (filter, expected)) in cases.enumerated() {
        let found = try await ids(filter)
        #expect(found == expected.map(\.request.id), "case \(index)")
      }
      let summary = try await store.requests(in: fixture.workspace, matching: RequestFilter(status: 401), limit: 1).first
      #expect(summary?.flowName == "orders")
      #expect(summary?.node == "hook")
      #expect(summary?.cause == 10)
      #expect(summary?.bodyLength == rejected.request.bodyLength)
    }
  }

  /// A page holds its place while rows arrive.
  @Test(arguments: [false, true])
  func pagesNeitherRepeatNorSkip(byTrigger: Bool) async throws {
    try await withWriter { store, writer, fixture, _ in
      let entries = (0..<25).map { _ in fixture.entry() }
      _ = await writer.submitAll(entries)
      let filter = byTrigger ? RequestFilter(trigger: fixture.trigger) : RequestFilter()
      var seen: [UniqueID] = []
      while true {
        let page = try await store.requests(in: fixture.workspace, matching: filter, before: seen.last, limit: 7)
        guard !page.isEmpty else { break }
        seen += page.map(\.id)
        _ = await writer.submit(fixture.entry())
      }
      #expect(seen == entries.map(\.request.id).sorted(by: >))
    }
  }

  /// The log outlives its trigger.
  @Test func requestsOfADeletedFlowStay() async throws {
    try await withWriter { store, writer, fixture, _ in
      _ = await writer.submit(fixture.entry())
      try await store.deleteFlow(fixture.flow.id, in: fixture.workspace)
      let found = try await store.requests(
        in: fixture.workspace, matching: RequestFilter(trigger: fixture.trigger), limit: 10)
      #expect(found.map(\.flowName) == ["orders"])
    }
  }
}
