import HeadgateProto
import Identifiers
import RPC
import Store
import Testing

@testable import ControlPlane

@Suite("RunService")
struct RunServiceTests {
  @Test("fields out of their bounds are named")
  func faults() async throws {
    try await withControlPlane { fixture in
      let runs = try fixture.runs
      let id = UniqueID.random().description
      let leases: [(LeaseRunsRequest, String)] = [
        (LeaseRunsRequest(maxRuns: 1001), "max_runs"), (LeaseRunsRequest(leaseMs: 999), "lease_ms"),
        (LeaseRunsRequest(leaseMs: 3_600_001), "lease_ms"), (LeaseRunsRequest(waitMs: 60_001), "wait_ms"),
        (LeaseRunsRequest(worker: String(repeating: "w", count: 257)), "worker"), (LeaseRunsRequest(worker: "a\0b"), "worker"),
      ]
      for (request, path) in leases {
        #expect(try await failure { try await runs.lease(request) }?.faults.map(\.path) == [path])
      }
      #expect(try await failure { try await runs.lease(LeaseRunsRequest(flow: "nope")) }?.code == .notFound)
      for epoch: UInt64 in [0, .max] {
        let request = CompleteRunRequest(id: id, leaseEpoch: epoch)
        #expect(try await failure { try await runs.complete(request) }?.faults.map(\.path) == ["lease_epoch"])
      }
      let both = try await failure { try await runs.heartbeat(HeartbeatRunRequest(id: "x", leaseMs: 1)) }
      #expect(Set(both.paths) == ["id", "lease_ms", "lease_epoch"])
      #expect(try await failure { try await runs.get(GetRunRequest(id: id)) }?.code == .notFound)
      #expect(try await failure { try await runs.complete(CompleteRunRequest(id: id, leaseEpoch: 1)) }?.code == .notFound)
      let list = try await failure { try await runs.list(ListRunsRequest(states: [.ready, .unspecified], requestId: "x")) }
      #expect(Set(list.paths) == ["states[1]", "request_id"])
    }
  }

  @Test("lease, heartbeat, complete; a stale epoch is refused; completing twice is not an error")
  func way() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.routed)["hook"] ?? []
      let ingest = try fixture.ingest
      let body = #"{"event": "order_approved", "email": "ana@example.com"}"#
      #expect(try await ingest.submit(EdgeRequest.make(key, body: body)).outcome == .accepted)
      let worker = RunServiceClient(try fixture.caller(.worker, name: "worker-1"))
      let run = try #require(try await worker.lease(LeaseRunsRequest()).runs.first)
      #expect(run.state == .leased)
      #expect(run.worker == "worker-1")
      #expect((run.attempt, run.leaseEpoch) == (1, 1))
      #expect(run.entryNode == "welcome")
      #expect(run.event == Array("order_approved".utf8))
      #expect(try await worker.lease(LeaseRunsRequest()).runs.isEmpty)

      let stale = try await failure { try await worker.heartbeat(HeartbeatRunRequest(id: run.id, leaseEpoch: 2)) }
      #expect(stale?.code == .aborted)
      let beat = try await worker.heartbeat(HeartbeatRunRequest(id: run.id, leaseEpoch: 1, leaseMs: 60_000))
      #expect(beat.leaseExpiresAtUs > run.leaseExpiresAtUs)
      #expect(try await failure { try await worker.complete(CompleteRunRequest(id: run.id, leaseEpoch: 2)) }?.code == .aborted)
      for _ in 0..<2 { _ = try await worker.complete(CompleteRunRequest(id: run.id, leaseEpoch: 1)) }
      let done = try await worker.get(GetRunRequest(id: run.id))
      #expect(done.state == .completed)
      #expect(done.finishedAtUs > 0)
      #expect(try await failure { try await worker.fail(FailRunRequest(id: run.id, leaseEpoch: 1)) }?.code == .aborted)
    }
  }

  @Test("a run that fails comes back after its backoff and is dead after its last attempt")
  func deadLetter() async throws {
    try await withControlPlane(configure: { $0.runs.maximumAttempts = 3 }) { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      _ = try await fixture.ingest.submit(EdgeRequest.make(key))
      let runs = try fixture.runs
      var states: [RunState] = []
      for attempt: UInt32 in 1...3 {
        // Waits over the backoff.
        let run = try #require(try await runs.lease(LeaseRunsRequest(waitMs: 10_000)).runs.first)
        #expect(run.attempt == attempt)
        #expect(run.maxAttempts == 3)
        #expect(run.leaseEpoch == UInt64(attempt))
        let error = String(repeating: "ä", count: 3000)
        states.append(try await runs.fail(FailRunRequest(id: run.id, leaseEpoch: run.leaseEpoch, error: error)).state)
        let kept = try await runs.get(GetRunRequest(id: run.id)).lastError
        #expect(kept.utf8.count <= 4096 && kept.utf8.count > 4000 && error.hasPrefix(kept))
      }
      #expect(states == [.ready, .ready, .dead])
      #expect(try await runs.lease(LeaseRunsRequest()).runs.isEmpty)
      #expect(try await runs.list(ListRunsRequest(states: [.dead])).runs.count == 1)
      let status = try await StatusServiceClient(try fixture.caller(.reader)).get(GetStatusRequest())
      #expect((status.runsDead, status.runsReady, status.runsLeased) == (1, 0, 0))
    }
  }

  @Test("a dead run is retried with as many attempts as it had, audited; another state is refused")
  func retry() async throws {
    try await withControlPlane(configure: { $0.runs.maximumAttempts = 1 }) { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      _ = try await fixture.ingest.submit(EdgeRequest.make(key))
      let runs = try fixture.runs
      let none = try await failure { try await runs.retry(RetryRunRequest(id: "x")) }
      #expect(none.paths == ["id"])
      let unknown = UniqueID.random().description
      #expect(try await failure { try await runs.retry(RetryRunRequest(id: unknown)) }?.code == .notFound)
      let run = try #require(try await runs.lease(LeaseRunsRequest()).runs.first)
      let early = try await failure { try await runs.retry(RetryRunRequest(id: run.id)) }
      #expect(early?.code == .failedPrecondition)
      _ = try await runs.fail(FailRunRequest(id: run.id, leaseEpoch: 1, error: "no"))
      // Whoever waits is woken.
      async let leased = runs.lease(LeaseRunsRequest(waitMs: 30_000))
      #expect(try await eventually { fixture.node.bell.waiting == 1 })
      let retried = try await runs.retry(RetryRunRequest(id: run.id))
      #expect((retried.state, retried.attempt, retried.maxAttempts) == (.ready, 0, 1))
      #expect(retried.finishedAtUs == 0 && retried.lastError == "no")
      let again = try #require(try await leased.runs.first)
      #expect((again.attempt, again.leaseEpoch) == (1, 2))
      let stale = try await failure { try await runs.complete(CompleteRunRequest(id: run.id, leaseEpoch: 1)) }
      #expect(stale?.code == .aborted)
      #expect(try await fixture.audited().map(\.entry.action).last == "run.retry")
    }
  }

  @Test("a permanent failure is dead at once")
  func permanent() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      _ = try await fixture.ingest.submit(EdgeRequest.make(key))
      let runs = try fixture.runs
      let run = try #require(try await runs.lease(LeaseRunsRequest()).runs.first)
      let failed = try await runs.fail(FailRunRequest(id: run.id, leaseEpoch: 1, error: "no", permanent: true))
      #expect(failed.state == .dead)
      #expect(failed.availableAtUs == 0)
    }
  }

  @Test("a waiting lease is answered as soon as a run is there")
  func longPoll() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let runs = try fixture.runs
      async let leased = runs.lease(LeaseRunsRequest(waitMs: 30_000))
      #expect(try await eventually { fixture.node.bell.waiting == 1 })
      let start = ContinuousClock.now
      _ = try await fixture.ingest.submit(EdgeRequest.make(key))
      #expect(try await leased.runs.count == 1)
      #expect(ContinuousClock.now - start < .seconds(5))
      #expect(fixture.node.bell.waiting == 0)
      // Nothing comes: the call ends by itself.
      #expect(try await runs.lease(LeaseRunsRequest(waitMs: 50)).runs.isEmpty)
    }
  }

  @Test("a waiting lease learns of runs that another control plane recorded")
  func longPollAcrossReplicas() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let other = ControlPlaneNode(fixture.node.options, masterKeys: try .forTests(), logger: fixture.log.logger)
      // Its master key does not matter: the trigger has no secret.
      other.start()
      await BringUp(other, logger: fixture.log.logger).run()
      let runs = try fixture.runs
      async let leased = runs.lease(LeaseRunsRequest(waitMs: 30_000))
      #expect(try await eventually { fixture.node.bell.waiting == 1 })
      let ingest = IngestServiceClient(
        try InProcessPair(handlers: other.methods(), principal: Principal(name: "edge", roles: [.edge])))
      #expect(try await ingest.submit(EdgeRequest.make(key)).status == 200)
      #expect(try await leased.runs.count == 1)
      await other.shutDown(within: .seconds(1))
    }
  }

  @Test("a stream gives runs as they come and ends after as many as were asked for")
  func stream() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let (runs, ingest) = (try fixture.runs, try fixture.ingest)
      let stream = try await runs.leaseStream(LeaseRunsRequest(flow: "orders", maxRuns: 3))
      var ids: Set<String> = []
      for _ in 0..<3 {
        let request = EdgeRequest.make(key)
        _ = try await ingest.submit(request)
        let run = try #require(try await stream.next())
        #expect(run.requestId == UniqueID(bytes: request.requestId)?.description)
        ids.insert(run.id)
      }
      #expect(ids.count == 3)
      #expect(try await stream.next() == nil)
    }
  }

  @Test("no run is leased twice, however many workers ask at once")
  func concurrentLeases() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let (runs, ingest) = (try fixture.runs, try fixture.ingest)
      for _ in 0..<30 { _ = try await ingest.submit(EdgeRequest.make(key)) }
      let leased = try await withThrowingTaskGroup(of: [String].self) { group in
        for _ in 0..<8 { group.addTask { try await runs.lease(LeaseRunsRequest(maxRuns: 10)).runs.map(\.id) } }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(leased.count == 30)
      #expect(Set(leased).count == 30)
    }
  }

  @Test("runs are listed newest first, in pages")
  func listing() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let (runs, ingest) = (try fixture.runs, try fixture.ingest)
      var requests: [String] = []
      for _ in 0..<5 {
        let request = EdgeRequest.make(key)
        _ = try await ingest.submit(request)
        requests.append(UniqueID(bytes: request.requestId)?.description ?? "")
      }
      var listed: [String] = []
      var cursor = ""
      repeat {
        let page = try await runs.list(ListRunsRequest(flow: "orders", pageSize: 2, cursor: cursor))
        listed += page.runs.map(\.requestId)
        cursor = page.nextCursor
      } while !cursor.isEmpty
      #expect(Set(listed) == Set(requests))
      #expect(listed.count == 5)
      #expect(try await runs.list(ListRunsRequest(requestId: requests[2])).runs.map(\.requestId) == [requests[2]])
    }
  }
}
