import Cryptography
import HeadgateProto
import Identifiers
import RPC

@testable import ControlPlane

/// What stands in a workspace that is not the caller's.
struct ForeignObjects: Sendable {
  var flow = ""
  var trigger = ""
  var run = ""
  var request = ""
  var apiKey = ""
  var variable = ""
  /// A certificate's serial number, in hexadecimal.
  var serial = ""

  /// Identifiers of the same forms that nothing has.
  static func absent() -> ForeignObjects {
    ForeignObjects(
      flow: UniqueID.random().description, trigger: UniqueID.random().description, run: UniqueID.random().description,
      request: UniqueID.random().description, apiKey: UniqueID.random().description, variable: "absent",
      serial: "0badcafe")
  }

  var all: [String] { [flow, trigger, run, request, apiKey, variable, serial] }
}

/// How a method is called in the matrix of access: with a valid request about a workspace and, where it is about one, an
/// object in it.
struct AccessCell: Sendable {
  /// What another workspace's thing must be answered with.
  enum Rule: Sendable {
    /// Names a workspace, and an object in it: both as if they did not exist.
    case object
    /// Names a workspace only.
    case workspace
    /// Is about the caller, the connection or the process: there is nothing of others to name.
    case caller
  }

  var rule: Rule
  private var make: @Sendable (InProcessPair, _ workspace: String, ForeignObjects) async throws -> Void

  func call(_ pair: InProcessPair, workspace: String, _ objects: ForeignObjects) async throws -> RPCError? {
    try await failure { try await make(pair, workspace, objects) }
  }

  /// How long a stream that is let in is listened to.
  private static let streamed = CallOptions(timeout: .milliseconds(200))

  private static func unary<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ rule: Rule,
    _ request: @escaping @Sendable (_ workspace: String, ForeignObjects) -> Request
  ) -> (String, AccessCell) {
    (
      name(method),
      AccessCell(rule: rule) { pair, workspace, objects in
        _ = try await pair.call(method, request(workspace, objects), options: CallOptions(timeout: .seconds(20)))
      }
    )
  }

  private static func stream<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ rule: Rule,
    _ request: @escaping @Sendable (_ workspace: String, ForeignObjects) -> Request
  ) -> (String, AccessCell) {
    (
      name(method),
      AccessCell(rule: rule) { pair, workspace, objects in
        let stream = try await pair.stream(method, request(workspace, objects), options: streamed)
        // To its end: what is wrong may be said after a first message.
        while try await stream.next() != nil {}
      }
    )
  }

  static func name<Request, Response>(_ method: RPCMethod<Request, Response>) -> String {
    "\(method.service.dropFirst("headgate.v1.".count))/\(method.name)"
  }

  /// Every method. A new one needs a line here, or the matrix fails.
  static let all: [String: AccessCell] = Dictionary(
    uniqueKeysWithValues: access + flows + triggers + logs + runs + others)

  private static let access: [(String, AccessCell)] = [
    unary(AccessServiceMethods.createKey, .workspace) { workspace, _ in
      CreateKeyRequest(workspace: workspace, name: "k", role: .reader)
    },
    unary(AccessServiceMethods.listKeys, .workspace) { workspace, _ in ListKeysRequest(workspace: workspace) },
    unary(AccessServiceMethods.revokeKey, .object) { RevokeKeyRequest(workspace: $0, key: $1.apiKey) },
    unary(AccessServiceMethods.listCertificates, .workspace) { workspace, _ in ListCertificatesRequest(workspace: workspace) },
    unary(AccessServiceMethods.revokeCertificate, .object) {
      RevokeCertificateRequest(workspace: $0, serial: Hex.decode($1.serial) ?? [])
    },
    unary(AccessServiceMethods.whoAmI, .caller) { _, _ in WhoAmIRequest() },
    unary(AccessServiceMethods.queryAudit, .workspace) { workspace, _ in QueryAuditRequest(workspace: workspace) },
    unary(KeyServiceMethods.status, .caller) { _, _ in KeyStatusRequest() },
    stream(KeyServiceMethods.rotate, .workspace) { workspace, _ in RotateKeyRequest(workspace: workspace) },
    stream(KeyServiceMethods.rewrap, .caller) { _, _ in RewrapKeysRequest() },
    unary(SessionServiceMethods.hello, .caller) { _, _ in HelloRequest(protocolVersion: 1) },
    unary(SessionServiceMethods.authenticate, .caller) { _, _ in AuthenticateRequest(apiKey: "none") },
    unary(StatusServiceMethods.get, .caller) { _, _ in GetStatusRequest() },
    // Workspaces of whatever name cannot be made by who is confined to one.
    unary(WorkspaceServiceMethods.create, .caller) { _, _ in CreateWorkspaceRequest(name: "made") },
    unary(WorkspaceServiceMethods.get, .workspace) { workspace, _ in
      GetWorkspaceRequest(name: workspace.isEmpty ? "two" : workspace)
    },
    unary(WorkspaceServiceMethods.list, .caller) { _, _ in ListWorkspacesRequest() },
    unary(WorkspaceServiceMethods.update, .workspace) { workspace, _ in
      UpdateWorkspaceRequest(name: workspace.isEmpty ? "two" : workspace, defaultRegion: "BR")
    },
  ]

  private static let definition = Array(Definitions.open("fresh").utf8)

  private static let flows: [(String, AccessCell)] = [
    unary(FlowServiceMethods.apply, .workspace) { workspace, _ in
      ApplyFlowRequest(workspace: workspace, definition: definition, dryRun: true)
    },
    unary(FlowServiceMethods.get, .object) { GetFlowRequest(workspace: $0, flow: $1.flow) },
    unary(FlowServiceMethods.list, .workspace) { workspace, _ in ListFlowsRequest(workspace: workspace) },
    unary(FlowServiceMethods.publish, .object) { PublishFlowRequest(workspace: $0, flow: $1.flow) },
    unary(FlowServiceMethods.delete, .object) { DeleteFlowRequest(workspace: $0, flow: $1.flow) },
  ]

  private static let node = Array(#"{"id": "fresh", "type": "webhook_trigger", "auth": {"mode": "public"}}"#.utf8)

  private static let triggers: [(String, AccessCell)] = [
    // Makes the flow where there is none of the name: in the own workspace nothing is refused.
    unary(TriggerServiceMethods.create, .workspace) { workspace, _ in
      CreateTriggerRequest(workspace: workspace, flow: "made", config: node)
    },
    unary(TriggerServiceMethods.get, .object) { GetTriggerRequest(workspace: $0, trigger: $1.trigger) },
    unary(TriggerServiceMethods.list, .workspace) { workspace, _ in ListTriggersRequest(workspace: workspace) },
    unary(TriggerServiceMethods.update, .object) {
      UpdateTriggerRequest(workspace: $0, trigger: $1.trigger, config: node, revision: 1)
    },
    unary(TriggerServiceMethods.enable, .object) { EnableTriggerRequest(workspace: $0, trigger: $1.trigger) },
    unary(TriggerServiceMethods.disable, .object) { DisableTriggerRequest(workspace: $0, trigger: $1.trigger) },
    unary(TriggerServiceMethods.delete, .object) { DeleteTriggerRequest(workspace: $0, trigger: $1.trigger) },
    unary(TriggerServiceMethods.reveal, .object) { RevealTriggerRequest(workspace: $0, trigger: $1.trigger) },
    unary(TriggerServiceMethods.rotate, .object) { RotateTriggerRequest(workspace: $0, trigger: $1.trigger) },
    unary(TriggerServiceMethods.amend, .object) {
      AmendTriggerRequest(workspace: $0, trigger: $1.trigger, allowIps: ["192.0.2.1"])
    },
    unary(TriggerServiceMethods.signSample, .object) {
      SignSampleRequest(workspace: $0, trigger: $1.trigger, method: Array("POST".utf8), body: Array("{}".utf8))
    },
    stream(ListenServiceMethods.listen, .object) { ListenRequest(workspace: $0, trigger: $1.trigger) },
    unary(ListenServiceMethods.get, .object) { GetListenSessionRequest(workspace: $0, id: $1.run) },
    unary(ListenServiceMethods.list, .workspace) { workspace, _ in ListListenSessionsRequest(workspace: workspace) },
    unary(ListenServiceMethods.cancel, .object) { CancelListenSessionRequest(workspace: $0, id: $1.run) },
  ]

  private static let logs: [(String, AccessCell)] = [
    unary(LogServiceMethods.query, .workspace) { workspace, _ in QueryLogsRequest(workspace: workspace) },
    unary(LogServiceMethods.get, .object) { GetLogRequest(workspace: $0, id: $1.request) },
    stream(LogServiceMethods.tail, .workspace) { workspace, _ in TailLogsRequest(filter: QueryLogsRequest(workspace: workspace))
    },
    unary(LogServiceMethods.stats, .workspace) { workspace, _ in LogStatsRequest(filter: QueryLogsRequest(workspace: workspace))
    },
    stream(LogServiceMethods.export, .workspace) { workspace, _ in
      ExportLogsRequest(filter: QueryLogsRequest(workspace: workspace))
    },
    unary(LogServiceMethods.leaves, .object) { LogLeavesRequest(workspace: $0, id: $1.request) },
    // An absent request is a result of its own in the stream, alike for both.
    stream(ReplayServiceMethods.replay, .workspace) { ReplayRequest(workspace: $0, ids: [$1.request], dryRun: true) },
  ]

  private static let runs: [(String, AccessCell)] = [
    unary(RunServiceMethods.lease, .workspace) { workspace, _ in LeaseRunsRequest(workspace: workspace) },
    stream(RunServiceMethods.leaseStream, .workspace) { workspace, _ in LeaseRunsRequest(workspace: workspace, maxRuns: 1) },
    unary(RunServiceMethods.heartbeat, .object) { HeartbeatRunRequest(workspace: $0, id: $1.run, leaseEpoch: 1) },
    unary(RunServiceMethods.complete, .object) { CompleteRunRequest(workspace: $0, id: $1.run, leaseEpoch: 1) },
    unary(RunServiceMethods.fail, .object) { FailRunRequest(workspace: $0, id: $1.run, leaseEpoch: 1, error: "no") },
    unary(RunServiceMethods.get, .object) { GetRunRequest(workspace: $0, id: $1.run) },
    unary(RunServiceMethods.list, .workspace) { workspace, _ in ListRunsRequest(workspace: workspace) },
    unary(RunServiceMethods.retry, .object) { RetryRunRequest(workspace: $0, id: $1.run) },
  ]

  private static let others: [(String, AccessCell)] = [
    // An edge node is of no workspace; the request is for whichever its trigger is in.
    unary(IngestServiceMethods.submit, .caller) { _, _ in EdgeRequest.make(Array("wh_nothing".utf8)) },
    stream(PolicyServiceMethods.watch, .caller) { _, _ in WatchPolicyRequest() },
    unary(PresetServiceMethods.list, .caller) { _, _ in ListPresetsRequest() },
    unary(PresetServiceMethods.get, .caller) { _, _ in GetPresetRequest(id: "github") },
    unary(CustomerServiceMethods.list, .workspace) { workspace, _ in ListCustomersRequest(workspace: workspace) },
    unary(CustomerServiceMethods.get, .object) { GetCustomerRequest(workspace: $0, id: $1.run) },
    unary(CustomerServiceMethods.listChats, .workspace) { workspace, _ in ListChatsRequest(workspace: workspace) },
    unary(CustomerServiceMethods.getChat, .object) { GetChatRequest(workspace: $0, id: $1.run) },
    unary(VariableServiceMethods.set, .workspace) { workspace, _ in
      SetVariableRequest(workspace: workspace, name: "MADE", value: "v")
    },
    unary(VariableServiceMethods.list, .workspace) { workspace, _ in ListVariablesRequest(workspace: workspace) },
    unary(VariableServiceMethods.delete, .object) { DeleteVariableRequest(workspace: $0, name: $1.variable) },
  ]
}
