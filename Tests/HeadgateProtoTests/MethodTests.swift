import NIOCore
import Testing

@testable import HeadgateProto

@Suite("Methods")
struct MethodTests {
  @Test("Every method has roles, and only methods of the session are for anyone")
  func roles() {
    #expect(!HeadgateMethods.all.isEmpty)
    for method in HeadgateMethods.all {
      #expect(!method.roles.isEmpty && !method.roles.contains(.unspecified), "\(method.service)/\(method.method)")
      #expect(
        method.roles.contains(.anyone) == (method.service == "headgate.v1.SessionService"), "\(method.service)/\(method.method)")
    }
    let names = HeadgateMethods.all.map { $0.service + "/" + $0.method }
    #expect(Set(names).count == names.count)
  }

  @Test("The table says what the proto files say")
  func table() {
    #expect(IngestServiceMethods.submit.roles == [.edge])
    #expect(TriggerServiceMethods.reveal.roles == [.admin])
    #expect(RunServiceMethods.leaseStream.shape == .serverStream)
    #expect(RunServiceMethods.leaseStream.service == "headgate.v1.RunService")
    #expect(RunServiceMethods.leaseStream.name == "LeaseStream")
  }

  private static let context = CallContext(principal: .anonymous, deadline: .now)

  @Test("A unary handler gets the decoded request, and its response is encoded")
  func unary() async throws {
    let handler = try #require(Workspaces().methods.first { $0.name == "Get" })
    guard case .unary(let body) = handler.body else { throw Unexpected() }
    let payload = ByteBuffer(bytes: GetWorkspaceRequest(name: "sales").encoded)
    var response = ByteBuffer()
    try await body(payload, Self.context).encode(into: &response)
    #expect(try Workspace(decoding: response) == Workspace(id: "7", name: "sales"))
    #expect(handler.service == "headgate.v1.WorkspaceService")
    #expect(handler.roles == WorkspaceServiceMethods.get.roles)
  }

  @Test("A request that cannot be decoded does not reach the handler; the caller is told the field")
  func undecodable() async throws {
    let handler = try #require(Workspaces().methods.first { $0.name == "Get" })
    guard case .unary(let body) = handler.body else { throw Unexpected() }
    let notUTF8 = await #expect(throws: RPCError.self) { try await body(ByteBuffer(bytes: [0x0a, 1, 0xff]), Self.context) }
    #expect(notUTF8?.code == .invalidArgument)
    #expect(notUTF8?.faults.map(\.path) == ["headgate.v1.GetWorkspaceRequest.name"])
    let malformed = await #expect(throws: RPCError.self) { try await body(ByteBuffer(bytes: [0xff]), Self.context) }
    #expect(malformed?.code == .invalidArgument)
    #expect(malformed?.isRetryable == false)
  }

  @Test("A direct handler replies through its callback, also when the request cannot be decoded")
  func direct() throws {
    let handler = try #require(Ingest().methods.first)
    guard case .direct(let body) = handler.body else { throw Unexpected() }
    let results = Results()
    body(ByteBuffer(bytes: SubmitRequest(attempt: 3).encoded), Self.context) { results.append($0) }
    body(ByteBuffer(bytes: [0x0a]), Self.context) { results.append($0) }
    #expect(results.all.count == 2)
    var response = ByteBuffer()
    try results.all.first?.get().encode(into: &response)
    #expect(try SubmitResponse(decoding: response).status == 203)
    #expect(throws: RPCError.self) { try results.all.last?.get() }
  }

  @Test("A server stream's messages are encoded one by one")
  func serverStream() async throws {
    let handler = try #require(Runs().methods.first { $0.name == "LeaseStream" })
    guard case .serverStream(let body) = handler.body else { throw Unexpected() }
    let results = Results()
    try await body(ByteBuffer(bytes: LeaseRunsRequest(maxRuns: 3).encoded), Self.context) { (message) throws(RPCError) in
      results.append(.success(message))
    }
    #expect(results.all.count == 3)
  }

  @Test("A client stream's messages are decoded one by one")
  func clientStream() async throws {
    let method = RPCMethod<Workspace, StatusReport>(service: "s", name: "m", shape: .clientStream, roles: [.admin])
    let handler = MethodHandler(clientStream: method) { requests, _ in
      var report = StatusReport()
      while let workspace = try await requests.next() { report.outcomes.append(OutcomeCount(outcome: workspace.name)) }
      return report
    }
    guard case .clientStream(let body) = handler.body else { throw Unexpected() }
    let payloads = Payloads(["a", "b"].map { ByteBuffer(bytes: Workspace(name: $0).encoded) })
    var response = ByteBuffer()
    try await body({ () throws(RPCError) in payloads.next() }, Self.context).encode(into: &response)
    #expect(try StatusReport(decoding: response).outcomes.map(\.outcome) == ["a", "b"])
    let malformed = Payloads([ByteBuffer(bytes: [0xff])])
    await #expect(throws: RPCError.self) { try await body({ () throws(RPCError) in malformed.next() }, Self.context) }
  }

  @Test("The client hands the method and the request to its caller")
  func client() async throws {
    let client = WorkspaceServiceClient(Echo())
    let error = await #expect(throws: RPCError.self) { try await client.get(GetWorkspaceRequest(name: "sales")) }
    #expect(error?.message == "headgate.v1.WorkspaceService/Get \(GetWorkspaceRequest(name: "sales").encoded)")
  }
}

private struct Unexpected: Error {}

private struct Workspaces: WorkspaceServiceHandler {
  func create(_ request: CreateWorkspaceRequest, context: CallContext) async throws -> Workspace { throw Unexpected() }
  func get(_ request: GetWorkspaceRequest, context: CallContext) async throws -> Workspace {
    Workspace(id: "7", name: request.name)
  }
  func list(_ request: ListWorkspacesRequest, context: CallContext) async throws -> ListWorkspacesResponse { throw Unexpected() }
  func update(_ request: UpdateWorkspaceRequest, context: CallContext) async throws -> Workspace { throw Unexpected() }
}

private struct Ingest: IngestServiceHandler {
  func submit(_ request: SubmitRequest, context: CallContext, reply: Reply<SubmitResponse>) {
    reply.succeed(SubmitResponse(status: 200 + request.attempt))
  }
}

private struct Runs: RunServiceHandler {
  func lease(_ request: LeaseRunsRequest, context: CallContext) async throws -> LeaseRunsResponse { throw Unexpected() }
  func leaseStream(_ request: LeaseRunsRequest, context: CallContext, writer: MessageWriter<Run>) async throws {
    for number in 0..<request.maxRuns { try await writer.write(Run(attempt: number)) }
  }
  func heartbeat(_ request: HeartbeatRunRequest, context: CallContext) async throws -> HeartbeatRunResponse { throw Unexpected() }
  func complete(_ request: CompleteRunRequest, context: CallContext) async throws -> CompleteRunResponse { throw Unexpected() }
  func fail(_ request: FailRunRequest, context: CallContext) async throws -> FailRunResponse { throw Unexpected() }
  func get(_ request: GetRunRequest, context: CallContext) async throws -> Run { throw Unexpected() }
  func list(_ request: ListRunsRequest, context: CallContext) async throws -> ListRunsResponse { throw Unexpected() }
  func retry(_ request: RetryRunRequest, context: CallContext) async throws -> Run { throw Unexpected() }
}

/// Says in an error what it was called with.
private struct Echo: RPCCaller {
  func call<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, options: CallOptions
  ) async throws(RPCError) -> Response {
    throw RPCError(.unknown, "\(method.service)/\(method.name) \(request.encoded)")
  }

  func stream<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, options: CallOptions
  ) async throws(RPCError) -> ResponseStream<Response> {
    throw RPCError(.unimplemented, "")
  }

  func upload<Request, Response>(
    _ method: RPCMethod<Request, Response>, options: CallOptions,
    _ body: @Sendable (MessageWriter<Request>) async throws -> Void
  ) async throws(RPCError) -> Response {
    throw RPCError(.unimplemented, "")
  }
}
