import ArgumentParser
import HeadgateProto
import Testing

@testable import Client

@Suite struct ProgramTests {
  @Test(
    arguments: [
      (.invalidArgument, 2), (.outOfRange, 2), (.notFound, 3), (.permissionDenied, 4), (.unauthenticated, 4), (.unavailable, 5),
      (.deadlineExceeded, 5), (.internal, 1), (.aborted, 1), (.failedPrecondition, 1), (.alreadyExists, 1), (.unimplemented, 1),
    ] as [(StatusCode, Int32)])
  func failedCallsBecomeStatuses(_ code: StatusCode, _ status: Int32) async throws {
    let control = FakeControlPlane()
    control.on(WorkspaceServiceMethods.get) { _ in throw RPCError(code, "because \u{1b}[2J") }
    let run = await CommandRun.headgate(["workspace", "show", "x"], .init(control: control))
    #expect(run.status == status)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("because \\x1b[2J"))
    let json = await CommandRun.headgate(["workspace", "show", "x", "-o", "json"], .init(control: control))
    #expect(json.status == status)
    #expect(try JSONReader.read(json.errors.utf8).json["error"]?["status"]?.compact == String(status))
  }

  @Test func anInternalErrorNamesItsLogID() async throws {
    let control = FakeControlPlane()
    control.on(WorkspaceServiceMethods.get) { _ in throw RPCError(.internal, "internal error", logID: "abc123") }
    let run = await CommandRun.headgate(["workspace", "show", "x"], .init(control: control))
    #expect(run.errors == "error: internal error\nThe control plane's log has more under abc123.\n")
  }

  @Test(arguments: [["flow", "delete", "orders"], ["trigger", "delete", "orders/hook"]])
  func deletingWithoutATerminalNeedsYes(_ arguments: [String]) async throws {
    let control = FakeControlPlane()
    control.on(FlowServiceMethods.delete) { _ in DeleteFlowResponse() }
    control.on(TriggerServiceMethods.delete) { _ in DeleteTriggerResponse() }
    let run = await CommandRun.headgate(arguments, .init(control: control, input: "y\n"))
    #expect(run.status == 2)
    #expect(run.errors == "error: not deleted: there is no terminal to ask on\nAdd --yes to delete without asking.\n")
    #expect(control.calls.isEmpty)
    #expect(await CommandRun.headgate(arguments + ["-y"], .init(control: control)).status == 0)
  }

  @Test(
    arguments: [
      (Fault(path: "trigger", code: "required", message: "trigger must be given"), "error: trigger must be given [required]\n"),
      (Fault(path: "at", code: "", message: "attention\u{1b}"), "error: at: attention\\x1b\n"),
    ])
  func aSingleFaultIsToldOnce(_ fault: Fault, _ shown: String) async throws {
    let control = FakeControlPlane()
    control.on(WorkspaceServiceMethods.get) { _ in throw RPCError(.invalidArgument, fault.message, faults: [fault]) }
    #expect(await CommandRun.headgate(["workspace", "show", "x"], .init(control: control)).errors == shown)
    // What says more than the fault stays, and so do several faults.
    control.on(WorkspaceServiceMethods.get) { _ in throw RPCError(.invalidArgument, "no", faults: [fault]) }
    let other = await CommandRun.headgate(["workspace", "show", "x"], .init(control: control))
    #expect(other.errors == "error: no\n  " + shown.dropFirst("error: ".count))
  }

  @Test func aRefusedConnectionSaysWhatToDo() async throws {
    let directory = try TemporaryDirectory([".headgate/client.json": "{\"endpoints\": [\"127.0.0.1:1\"]}"])
    let setting = CommandRun.Setting(
      directory: directory, variables: [:], connect: { try await connectToControlPlane($0) })
    let run = await CommandRun.headgate(["status"], setting)
    #expect(run.status == 5)
    #expect(run.errors.hasPrefix("error: cannot connect to 127.0.0.1:1: connection refused\n"), "\(run.errors)")
    #expect(
      run.errors.hasSuffix(
        "\nThe address comes from \(directory.path)/.headgate/client.json. "
          + "Start the system with tools/run, or name another with --endpoint.\n"))
  }

  @Test(arguments: [
    (["--endpoint", "192.0.2.1:1"], "needs TLS"), (["--endpoint", "h:1", "--ca", "ca.pem"], "wants to know its callers"),
    (["--endpoint", "h:1", "--ca", "no.pem", "--certificate", "no.pem", "--key", "no.pem"], "no.pem cannot be used"),
    (["--endpoint", "127.0.0.1:1", "--certificate", "c", "--key", "k"], "--certificate needs --ca"),
  ])
  func refusesSettingsThatCannotWork(_ arguments: [String], _ message: String) async throws {
    let setting = CommandRun.Setting(variables: [:], connect: { try await connectToControlPlane($0) })
    let run = await CommandRun.headgate(["status"] + arguments, setting)
    #expect(run.status == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
  }

  @Test(arguments: [
    ["nope"], ["flow", "nope"], ["flow", "show"], ["flow", "list", "--nope"], ["-o", "yaml", "flow", "list"],
    ["status", "--timeout", "x"],
  ])
  func invalidUsageIsStatus2(_ arguments: [String]) async throws {
    let run = await CommandRun.headgate(arguments)
    #expect(run.status == 2)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("error: "), "\(run.errors)")
    #expect(run.errors.contains("Usage: headgate") || run.errors.contains("there is no command"), "\(run.errors)")
  }

  @Test(arguments: [
    ["status", "-o", "json", "--timeout", "x"], ["flow", "nope", "--output", "json"], ["flow", "show", "--output=json"],
    ["-ojson", "trigger"],
  ])
  func invalidUsageIsJSONForScripts(_ arguments: [String]) async throws {
    let run = await CommandRun.headgate(arguments)
    // A group of commands without one shows its help, which is no complaint.
    guard run.status != 0 else { return }
    #expect(run.status == 2 && run.output.isEmpty)
    let error = try JSONReader.read(run.errors.utf8).json["error"]
    #expect(error?["status"]?.compact == "2" && error?["message"]?.text?.isEmpty == false, "\(run.errors)")
  }

  @Test(arguments: [["workspace", "show", "x"], ["workspace", "show", "x", "-o", "json"], ["--help"], ["--version"]])
  func aResultThatCannotBeWrittenIsAFailure(_ arguments: [String]) async {
    let control = FakeControlPlane()
    control.on(WorkspaceServiceMethods.get) { _ in Workspace(id: "1", name: "x") }
    let errors = ByteSink()
    let environment = ClientEnvironment(
      variables: ["HEADGATE_ENDPOINT": "127.0.0.1:7400"], workingDirectory: "/",
      output: OutputChannel { _ in throw OutputFailed(reason: "No space left on device") },
      errors: OutputChannel { errors.append($0) }, input: InputChannel(readAll: { [] }), now: { CommandRun.now },
      connect: { _ in OpenConnection(caller: control) })
    let status = await HeadgateProgram.run(arguments, in: environment)
    #expect(status == 1)
    #expect(errors.text.contains("No space left on device"))
  }

  @Test func helpVersionAndCompletionGoToStandardOutput() async throws {
    #expect(await CommandRun.headgate(["--version"]).output == "headgate \(HeadgateProgram.version)\n")
    let help = await CommandRun.headgate(["--help"])
    #expect(help.status == 0)
    #expect(help.output.contains("Exit status: 0 ok, 1 failure or refusal, 2 invalid"))
    for shell in ["bash", "zsh", "fish"] {
      let script = await CommandRun.headgate(["completion", shell])
      #expect(script.status == 0 && script.output.contains("headgate") && script.output.count > 1000)
    }
    #expect(await CommandRun.headgate(["completion", "csh"]).status == 2)
  }

  @Test func everyCommandIsExplainedWithAnExample() {
    func check(_ command: any ParsableCommand.Type, _ path: String) {
      let configuration = command.configuration
      #expect(!configuration.abstract.isEmpty, "\(path)")
      #expect(configuration.abstract.hasSuffix("."), "\(path)")
      #expect(configuration.discussion.contains("headgate "), "\(path)")
      #expect(configuration.discussion.contains("headgate \(path)") || path.isEmpty, "\(path)")
      for subcommand in configuration.subcommands {
        check(subcommand, path + (path.isEmpty ? "" : " ") + (subcommand.configuration.commandName ?? ""))
      }
    }
    check(HeadgateCommand.self, "")
  }

  /// A wrapped example cannot be copied.
  @Test func examplesStandOnOneLineOfEightyColumns() {
    func check(_ command: any ParsableCommand.Type) {
      for line in command.configuration.discussion.split(separator: "\n")
      where line.hasPrefix("Example: ") || line.hasPrefix(" ") || line.contains(" > ") {
        #expect(DisplayWidth.of(line) <= 80, "\(line)")
      }
      for subcommand in command.configuration.subcommands { check(subcommand) }
    }
    check(HeadgateCommand.self)
  }

  @Test func globalOptionsMayStandBeforeTheCommand() async throws {
    let control = FakeControlPlane()
    control.on(WorkspaceServiceMethods.list) { _ in
      ListWorkspacesResponse(workspaces: [Workspace(id: "w", name: "default", createdAtUs: 1_767_323_045_000_000)])
    }
    let setting = CommandRun.Setting(control: control)
    let run = await CommandRun.headgate(["-o", "json", "--timeout", "3s", "workspace", "list"], setting)
    let json = try JSONReader.read(run.output.utf8).json
    #expect(
      json.compact
        == #"{"workspaces":[{"id":"w","name":"default","default_region":null,"created_at":"2026-01-02T03:04:05.000000Z"}]}"#)
    #expect(control.options.first?.timeout == .seconds(3))
  }

  @Test func theWorkspaceComesFromTheOptionOrTheVariable() async throws {
    let control = FakeControlPlane()
    control.on(RunServiceMethods.list) { _ in ListRunsResponse() }
    var setting = CommandRun.Setting(control: control)
    _ = await CommandRun.headgate(["run", "list"], setting)
    setting.variables["HEADGATE_WORKSPACE"] = "variable"
    _ = await CommandRun.headgate(["run", "list"], setting)
    _ = await CommandRun.headgate(["run", "list", "-w", "option"], setting)
    #expect(control.requests(of: RunServiceMethods.list).map(\.workspace) == ["", "variable", "option"])
  }

  @Test func aReaderThatLeavesIsNoError() async throws {
    let closed = OutputChannel { _ in throw OutputClosed() }
    let control = FakeControlPlane()
    control.on(FlowServiceMethods.list) { _ in ListFlowsResponse() }
    let environment = ClientEnvironment(
      variables: ["HEADGATE_ENDPOINT": "127.0.0.1:1"], workingDirectory: "/", output: closed, errors: closed,
      input: InputChannel(readAll: { [] }), now: { CommandRun.now }, connect: { _ in OpenConnection(caller: control) })
    #expect(await HeadgateProgram.run(["flow", "list"], in: environment) == 141)
  }

  @Test(arguments: [("NO_COLOR", "1"), ("TERM", "dumb")])
  func coloursCanBeTurnedOff(_ name: String, _ value: String) async throws {
    let control = FakeControlPlane()
    control.on(FlowServiceMethods.list) { _ in ListFlowsResponse(flows: [Flow(name: "orders")]) }
    var setting = CommandRun.Setting(control: control, isTerminal: true)
    #expect(await CommandRun.headgate(["flow", "list"], setting).output.contains("\u{1b}["))
    setting.variables[name] = value
    #expect(await !CommandRun.headgate(["flow", "list"], setting).output.contains("\u{1b}["))
    setting.variables[name] = ""
    setting.isTerminal = false
    #expect(await !CommandRun.headgate(["flow", "list"], setting).output.contains("\u{1b}["))
  }
}

@Suite struct StatusCommandTests {
  private static let report = StatusReport(
    agent: "headgate-control/0.1.0", instanceId: "i", startedAtUs: 1_767_319_445_000_000, ready: true,
    database: DatabaseStatus(connected: true, serverVersion: "15.18", schemaVersion: 4, durable: true),
    peers: [
      ConnectedPeer(
        principal: "edge-1", agent: "headgate-edge/0.1.0", address: "127.0.0.1:50000", roles: [.edge],
        connectedAtUs: 1_767_323_000_000_000)
    ],
    triggersLoaded: 2, runsReady: 3, runsLeased: 1, runsDead: 1, oldestReadyRunUs: 90_000_000, ingestQueue: 0,
    outcomes: [OutcomeCount(outcome: "accepted", count: 10), OutcomeCount(outcome: "rejected", count: 0)])

  @Test func forPeople() async throws {
    let control = FakeControlPlane()
    control.on(StatusServiceMethods.get) { _ in Self.report }
    let run = await CommandRun.headgate(["status"], .init(control: control))
    #expect(run.status == 0)
    #expect(
      run.output == """
        control plane  headgate-control/0.1.0 at 127.0.0.1:7400
        state          ready
        up since       2026-01-02T02:04:05.000Z
        database       PostgreSQL 15.18, schema 4
        triggers       2 loaded
        runs           3 ready, the oldest waits 1m 30s, 1 leased
        dead runs      1; see: headgate run list --state dead
        requests       10 accepted

        connected
        WHO     ROLES  PROGRAM              ADDRESS          SINCE
        edge-1  edge   headgate-edge/0.1.0  127.0.0.1:50000  2026-01-02T03:03:20.000Z

        """)
  }

  @Test func whatIsKeptAndHowLongThingsTake() async throws {
    var report = Self.report
    report.recorded = 17
    (report.submitP50Us, report.submitP99Us) = (1500, 9000)
    report.listenSessions = 2
    report.retention = RetentionStatus(
      bodyDays: 1, requestDays: 0, lastRunAtUs: 1_767_323_000_000_000, lastResult: "dropped requests_20260101",
      oldestRequestAtUs: 1_767_319_445_000_000)
    let control = FakeControlPlane()
    control.on(StatusServiceMethods.get) { [report] _ in report }
    let run = await CommandRun.headgate(["status"], .init(control: control))
    for line in [
      "recorded        17 since the start", "took            p50 1ms, p99 9ms", "listen          2 sessions",
      "kept            bodies 1 day, requests for ever", "oldest request  2026-01-02T02:04:05.000Z",
      "clean-up        2026-01-02T03:03:20.000Z: dropped requests_20260101",
    ] {
      #expect(run.output.contains(line + "\n"))
    }
    let json = try JSONReader.read(await CommandRun.headgate(["status", "-o", "json"], .init(control: control)).output.utf8).json
    #expect(json["retention"]?["last_run_at"] == "2026-01-02T03:03:20.000000Z")
    #expect(json["retention"]?["last_error"]?.compact == "null")
    #expect(json["submit_p50_us"]?.compact == "1500")
    report.retention?.lastError = "no room"
    control.on(StatusServiceMethods.get) { [report] _ in report }
    #expect(await CommandRun.headgate(["status"], .init(control: control)).output.contains("clean-up        failed: no room\n"))
  }

  @Test func notReadyIsStatus1() async throws {
    let control = FakeControlPlane()
    control.on(StatusServiceMethods.get) { _ in
      StatusReport(agent: "c", notReadyBecause: "the database does not answer", database: DatabaseStatus(connected: false))
    }
    let run = await CommandRun.headgate(["status"], .init(control: control))
    #expect(run.status == 1)
    #expect(run.output.contains("state          not ready: the database does not answer"))
    #expect(run.output.contains("database       not connected"))
    let json = await CommandRun.headgate(["status", "-o", "json"], .init(control: control))
    #expect(json.status == 1)
    #expect(try JSONReader.read(json.output.utf8).json["ready"] == false)
  }
}
