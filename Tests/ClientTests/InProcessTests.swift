import HeadgateProto
import RPC
import Synchronization
import Testing

@testable import Client

/// Commands over the real client, connection and server, with handlers of the generated protocols.
@Suite(.timeLimit(.minutes(1))) struct InProcessTests {
  private func run(_ arguments: [String], handlers: [MethodHandler], roles: Set<Role>, input: String = "") async throws
    -> CommandRun
  {
    let pair = try InProcessPair(handlers: handlers, principal: Principal(name: "test", roles: roles))
    let run = await CommandRun.headgate(arguments, .init(input: input, connect: { _ in OpenConnection(caller: pair) }))
    await pair.shutdown()
    return run
  }

  @Test func faultsComeThroughWithTheirPlaces() async throws {
    let run = try await run(
      ["flow", "apply", "-f", "-"], handlers: FaultyFlows().methods, roles: [.admin],
      input: "flow: a\nnodes:\n  - id: x\n    typ: y\n")
    #expect(run.status == 2)
    #expect(run.errors.contains("-:4:5: nodes[0].typ: is not a field; did you mean type? [unknown_field]"), "\(run.errors)")
    #expect(run.errors.contains("-:3:5: nodes[0].type: is missing [required]"), "\(run.errors)")
  }

  @Test func aRoleThatMayNotIsStatus4() async throws {
    let run = try await run(["flow", "delete", "a", "--yes"], handlers: FaultyFlows().methods, roles: [.reader])
    #expect(run.status == 4)
  }

  @Test func aWorkerWorks() async throws {
    let runs = LeasedRuns()
    let run = try await run(["run", "work", "--once", "--exec", "cat >/dev/null"], handlers: runs.methods, roles: [.worker])
    #expect(run.status == 0, "\(run.errors)")
    #expect(runs.completed.withLock(\.self) == ["1"])
  }
}

private struct FaultyFlows: FlowServiceHandler {
  func apply(_ request: ApplyFlowRequest, context: CallContext) async throws -> ApplyFlowResponse {
    throw RPCError(
      .invalidArgument, "2 faults",
      faults: [
        Fault(path: "nodes[0].typ", code: "unknown_field", message: "is not a field; did you mean type?"),
        Fault(path: "nodes[0].type", code: "required", message: "is missing"),
      ])
  }

  func get(_ request: GetFlowRequest, context: CallContext) async throws -> Flow { Flow() }
  func list(_ request: ListFlowsRequest, context: CallContext) async throws -> ListFlowsResponse { ListFlowsResponse() }
  func publish(_ request: PublishFlowRequest, context: CallContext) async throws -> Flow { Flow() }
  func delete(_ request: DeleteFlowRequest, context: CallContext) async throws -> DeleteFlowResponse { DeleteFlowResponse() }
}

private final class LeasedRuns: RunServiceHandler {
  private let ready = Mutex([FakeRuns.run("1")])
  let completed = Mutex<[String]>([])

  func lease(_ request: LeaseRunsRequest, context: CallContext) async throws -> LeaseRunsResponse {
    LeaseRunsResponse(runs: ready.withLock { $0.isEmpty ? [] : [$0.removeFirst()] })
  }

  func complete(_ request: CompleteRunRequest, context: CallContext) async throws -> CompleteRunResponse {
    completed.withLock { $0.append(request.id) }
    return CompleteRunResponse()
  }

  func leaseStream(_ request: LeaseRunsRequest, context: CallContext, writer: MessageWriter<Run>) async throws {}
  func heartbeat(_ request: HeartbeatRunRequest, context: CallContext) async throws -> HeartbeatRunResponse {
    HeartbeatRunResponse()
  }
  func fail(_ request: FailRunRequest, context: CallContext) async throws -> FailRunResponse { FailRunResponse() }
  func get(_ request: GetRunRequest, context: CallContext) async throws -> Run { Run() }
  func retry(_ request: RetryRunRequest, context: CallContext) async throws -> Run { Run() }
  func list(_ request: ListRunsRequest, context: CallContext) async throws -> ListRunsResponse { ListRunsResponse() }
}
