import HeadgateProto
import Identifiers
import Postgres
import RPC
import Synchronization
import TestSupport
import Testing

@testable import ControlPlane

@Suite("PostgreSQL away", .enabled(if: PostgresServer.external == nil, "needs a server of its own"))
struct DatabaseAwayTests {
  @Test("stopped and started again under requests: UNAVAILABLE meanwhile, nothing acknowledged is lost, then it goes on")
  func restart() async throws {
    let server = try await PostgresServer.make()
    try await withControlPlane(on: server) { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let ingest = try fixture.ingest
      let tally = Tally()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          group.addTask {
            while !tally.isDone {
              let request = EdgeRequest.make(key)
              let options = CallOptions(timeout: .milliseconds(500))
              do throws(RPCError) {
                let response = try await ingest.submit(request, options: options)
                #expect(response.status == 200)
                tally.add(UniqueID(bytes: request.requestId)?.description ?? "")
              } catch {
                tally.add(error.code)
              }
            }
          }
        }
        #expect(try await eventually { tally.acknowledged.count > 20 })
        try await server.stop(.immediate)
        #expect(try await eventually { !tally.failures.isEmpty })
        #expect(try await eventually { fixture.node.readiness.notReadyBecause != nil })
        let flows = try await failure { try await fixture.flows.list(ListFlowsRequest()) }
        #expect(flows?.code == .unavailable)
        let status = try await StatusServiceClient(try fixture.caller(.reader)).get(GetStatusRequest())
        #expect(!status.ready)
        #expect(status.database?.connected == false)
        try await server.start()
        let before = tally.acknowledged.count
        #expect(try await eventually { tally.acknowledged.count > before + 20 })
        tally.finish()
        try await group.waitForAll()
      }
      #expect(tally.failures.isSubset(of: [.unavailable, .deadlineExceeded, .resourceExhausted]))
      #expect(try await eventually { fixture.node.readiness.notReadyBecause == nil })

      var recorded: Set<String> = []
      var cursor = ""
      repeat {
        let page = try await fixture.logs.query(QueryLogsRequest(pageSize: 1000, cursor: cursor))
        recorded.formUnion(page.entries.map(\.id))
        cursor = page.nextCursor
      } while !cursor.isEmpty
      #expect(Set(tally.acknowledged).isSubset(of: recorded))
      var runs: [String] = []
      cursor = ""
      repeat {
        let page = try await fixture.runs.list(ListRunsRequest(pageSize: 1000, cursor: cursor))
        runs += page.runs.map(\.requestId)
        cursor = page.nextCursor
      } while !cursor.isEmpty
      #expect(Set(runs) == recorded)
      #expect(runs.count == recorded.count)
    }
  }

  @Test("a process that starts without its database waits for it")
  func startsWithout() async throws {
    let server = try await PostgresServer.make()
    try await withControlPlane(on: server) { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      try await server.stop(.fast)
      let late = ControlPlaneNode(fixture.node.options, masterKeys: try .forTests(), logger: .silent)
      late.start()
      let bringUp = Task { await BringUp(late, logger: .silent).run() }
      let pair = try InProcessPair(handlers: late.methods(), principal: Principal(name: "t", roles: [.edge, .admin]))
      let error = try await failure { try await IngestServiceClient(pair).submit(EdgeRequest.make(key)) }
      #expect(error?.code == .unavailable)
      let status = try await StatusServiceClient(pair).get(GetStatusRequest())
      #expect(status.notReadyBecause.contains("database"))
      try await server.start()
      await bringUp.value
      #expect(try await IngestServiceClient(pair).submit(EdgeRequest.make(key)).status == 200)
      await late.shutDown(within: .seconds(1))
    }
  }
}

/// What became of many requests.
private final class Tally: Sendable {
  private struct State {
    var acknowledged: [String] = []
    var failures: Set<StatusCode> = []
    var isDone = false
  }

  private let state = Mutex(State())

  var acknowledged: [String] { state.withLock { $0.acknowledged } }
  var failures: Set<StatusCode> { state.withLock { $0.failures } }
  var isDone: Bool { state.withLock { $0.isDone } }

  func add(_ id: String) { state.withLock { $0.acknowledged.append(id) } }
  func add(_ code: StatusCode) { state.withLock { _ = $0.failures.insert(code) } }
  func finish() { state.withLock { $0.isDone = true } }
}
