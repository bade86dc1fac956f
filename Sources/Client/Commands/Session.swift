import ArgumentParser
import HeadgateProto

/// A command's connection to the control plane.
struct Session: Sendable {
  let settings: ConnectionSettings
  /// As the requests want it: a name, or empty for that of the credential.
  let workspace: String
  private let caller: ControlPlaneCaller

  init(settings: ConnectionSettings, workspace: String, caller: any RPCCaller, timeout: Duration) {
    self.settings = settings
    self.workspace = workspace
    self.caller = ControlPlaneCaller(caller, timeout: timeout)
  }

  var flows: FlowServiceClient<ControlPlaneCaller> { FlowServiceClient(caller) }
  var triggers: TriggerServiceClient<ControlPlaneCaller> { TriggerServiceClient(caller) }
  var logs: LogServiceClient<ControlPlaneCaller> { LogServiceClient(caller) }
  var listen: ListenServiceClient<ControlPlaneCaller> { ListenServiceClient(caller) }
  var replays: ReplayServiceClient<ControlPlaneCaller> { ReplayServiceClient(caller) }
  var runs: RunServiceClient<ControlPlaneCaller> { RunServiceClient(caller) }
  var customers: CustomerServiceClient<ControlPlaneCaller> { CustomerServiceClient(caller) }
  var status: StatusServiceClient<ControlPlaneCaller> { StatusServiceClient(caller) }
  var variables: VariableServiceClient<ControlPlaneCaller> { VariableServiceClient(caller) }
  var presets: PresetServiceClient<ControlPlaneCaller> { PresetServiceClient(caller) }
  var workspaces: WorkspaceServiceClient<ControlPlaneCaller> { WorkspaceServiceClient(caller) }

  var access: AccessServiceClient<ControlPlaneCaller> { AccessServiceClient(caller) }
  var keys: KeyServiceClient<ControlPlaneCaller> { KeyServiceClient(caller) }

  /// The whole URL of a trigger: the control plane may know only its path.
  func completeURL(_ url: String) -> String {
    guard url.hasPrefix("/"), var base = settings.edgeBase else { return url }
    if base.hasSuffix("/") { base.removeLast() }
    return base + url
  }
}

/// Gives every call the time limit that the user set.
struct ControlPlaneCaller: RPCCaller {
  private let caller: any RPCCaller
  private let timeout: Duration

  init(_ caller: any RPCCaller, timeout: Duration) {
    self.caller = caller
    self.timeout = timeout
  }

  func call<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, options: CallOptions
  ) async throws(RPCError) -> Response {
    try await caller.call(method, request, options: completed(options))
  }

  func stream<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, options: CallOptions
  ) async throws(RPCError) -> ResponseStream<Response> {
    try await caller.stream(method, request, options: completed(options))
  }

  func upload<Request, Response>(
    _ method: RPCMethod<Request, Response>, options: CallOptions,
    _ body: @Sendable (MessageWriter<Request>) async throws -> Void
  ) async throws(RPCError) -> Response {
    try await caller.upload(method, options: completed(options), body)
  }

  private func completed(_ options: CallOptions) -> CallOptions {
    var options = options
    options.timeout = options.timeout ?? timeout
    return options
  }
}

/// A command that talks to the control plane.
protocol ClientCommand: AsyncParsableCommand {
  var global: GlobalOptions { get }

  /// What the command was told the name of, if anything.
  var named: NamedObject? { get }

  /// Does the work. `RPCError` and `CommandFailure` are reported to the user by the caller.
  func run(_ session: Session, _ screen: Screen) async throws
}

extension ClientCommand {
  var named: NamedObject? { nil }

  func run() async throws {
    let environment = ClientEnvironment.current
    let screen = Screen(environment, global)
    try await reportingFailures(on: screen) {
      let settings = try InstanceDiscovery(environment).settings(for: global.connectionRequest)
      let connection: OpenConnection
      do {
        connection = try await environment.connect(settings)
      } catch let error as RPCError {
        throw CommandFailure(connecting: error, settings: settings)
      }
      let session = Session(
        settings: settings, workspace: global.workspace ?? environment.variable("HEADGATE_WORKSPACE") ?? "",
        caller: connection.caller, timeout: global.timeout)
      do {
        try await run(session, screen)
        await connection.close()
      } catch {
        var failure = error as? CommandFailure
        if let error = error as? RPCError {
          failure = CommandFailure(error, settings: settings)
          if error.code == .notFound { failure?.advice = await advice(on: error, session) }
        }
        await connection.close()
        throw failure ?? error
      }
    }
  }

  private func advice(on notFound: RPCError, _ session: Session) async -> String {
    // Whatever was asked for, it is the workspace that is not there.
    let isWorkspace = !session.workspace.isEmpty && notFound.message == "there is no workspace \(session.workspace)"
    return await (isWorkspace ? .workspace(session.workspace) : named)?.advice(in: session) ?? ""
  }
}

/// Runs `body`; a failure is shown to the user and becomes the exit status.
func reportingFailures(on screen: Screen, _ body: () async throws -> Void) async throws {
  do {
    try await body()
  } catch let failure as CommandFailure {
    screen.report(failure)
    throw ExitCode(failure.status.rawValue)
  }
}
