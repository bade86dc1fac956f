import ArgumentParser
import HeadgateProto
import Testing

@testable import Client

/// What people read who mistype, ask for help or leave a variable empty.
@Suite struct UsageTests {
  @Test(arguments: [
    (["flow", "lst"], "there is no command \"lst\" of headgate flow\nDid you mean \"headgate flow list\"?\n"),
    (["flwo", "list"], "there is no command \"flwo\" of headgate\nDid you mean \"headgate flow\"?\n"),
    (
      ["env", "frobnicate"],
      "there is no command \"frobnicate\" of headgate env\nThere are: list, set, unset.\n"
    ),
  ])
  func aMistypedCommandIsGuessed(_ arguments: [String], _ message: String) async {
    let run = await CommandRun.headgate(arguments)
    #expect(run.status == 2 && run.output.isEmpty)
    #expect(run.errors == "error: " + message)
  }

  @Test func theParsersComplaintsLookLikeAllOthers() async {
    let run = await CommandRun.headgate(["trigger", "rotate", "orders/hook", "--overlap", "1y"])
    #expect(run.status == 2)
    #expect(
      run.errors == """
        error: --overlap <duration>: "1y" is not a duration; write it like 90s, 30m, 24h, 7d or 1h30m
        --overlap <duration>  How long the old secret stays accepted; 0: it ends at once. Default: 24h.
        Usage: headgate trigger rotate [<options>] <trigger>
        See 'headgate trigger rotate --help' for more information.

        """)
    let list = await CommandRun.headgate(["run", "list", "--state", "foo"])
    #expect(list.errors.hasPrefix("error: The value 'foo' is invalid for '--state <state>'. Please provide one of"))
  }

  @Test func valuesThatAreAllowedStandInOneLine() async {
    let run = await CommandRun.headgate(["logs", "query", "--outcome", "foo"])
    #expect(run.errors.contains("the following: accepted, unrouted, duplicate, rejected, handshake, captured, pending\n"))
  }

  @Test(arguments: [
    ["logs", "query", "--trigger", ""], ["logs", "tail", "--flow", ""], ["replay", "--trigger", "", "--yes"],
    ["run", "list", "--flow", ""], ["flow", "delete", "x", "--yes", "-w", ""], ["audit", "query", "--action", ""],
    ["logs", "query", "--cursor", ""], ["listen", ""], ["trigger", "test", "a/b", "--method", ""],
  ])
  func anEmptyValueIsNotEverything(_ arguments: [String]) async {
    let control = FakeControlPlane()
    let run = await CommandRun.headgate(arguments, .init(control: control))
    #expect(run.status == 2)
    #expect(run.errors.contains("must not be empty"), "\(run.errors)")
    #expect(control.calls.isEmpty)
  }

  @Test(arguments: [
    ["logs", "show", "nope"], ["logs", "map", "nope"], ["replay", "nope"], ["run", "show", "nope"], ["run", "retry", "nope"],
    ["run", "list", "--request", "nope"], ["logs", "query", "--customer", "nope"], ["listen", "--session", "nope"],
  ])
  func whatIsNoIDIsNotAskedFor(_ arguments: [String]) async {
    let control = FakeControlPlane()
    let run = await CommandRun.headgate(arguments, .init(control: control))
    #expect(run.status == 2)
    #expect(run.errors.contains("\"nope\" is not an id, such as 0"), "\(run.errors)")
    #expect(control.calls.isEmpty)
  }

  @Test func noTimeIsNoTimeLimit() async {
    let run = await CommandRun.headgate(["status", "--timeout", "0"])
    #expect(run.status == 2 && run.errors.contains("--timeout must be more than 0"), "\(run.errors)")
  }

  /// Help, usage and complaints of every command fit a terminal.
  @Test func everyHelpFitsEightyColumns() async {
    var paths: [[String]] = [[]]
    var index = 0
    while index < paths.count {
      let help = await CommandRun.headgate(paths[index] + ["--help"])
      #expect(help.status == 0)
      for line in help.output.split(separator: "\n") {
        #expect(DisplayWidth.of(line) <= 80, "\(paths[index].joined(separator: " ")): \(line)")
      }
      #expect(!help.output.contains("[--instance <dir>]"), "\(paths[index])")
      var command: any ParsableCommand.Type = HeadgateCommand.self
      for name in paths[index] {
        command = command.configuration.subcommands.first { $0.configuration.commandName == name } ?? command
      }
      paths += command.configuration.subcommands.compactMap { $0.configuration.commandName }.map { paths[index] + [$0] }
      index += 1
    }
    #expect(paths.count > 50)
  }

  @Test func complaintsAreWrappedOnATerminal() async {
    let control = FakeControlPlane()
    let long = "a rather long sentence about what went wrong, with \u{1b}[31man escape, and words enough for two lines at least"
    control.on(WorkspaceServiceMethods.get) { _ in throw RPCError(.internal, long) }
    let run = await CommandRun.headgate(["workspace", "show", "x"], .init(control: control, isTerminal: true, width: 60))
    let lines = run.errors.split(separator: "\n")
    #expect(lines.count == 2 && lines[1].hasPrefix("  "), "\(run.errors)")
    #expect(run.errors.contains("\\x1b[31man"))
    #expect(await !CommandRun.headgate(["workspace", "show", "x"], .init(control: control)).errors.contains("\n  "))
  }
}

@Suite struct MistypedNameTests {
  private static func control() -> FakeControlPlane {
    let control = FakeControlPlane()
    control.on(TriggerServiceMethods.get) { _ in throw RPCError(.notFound, "there is no trigger") }
    control.on(TriggerServiceMethods.list) { _ in
      ListTriggersResponse(triggers: [Trigger(flow: "orders", node: "hook"), Trigger(flow: "shop", node: "in")])
    }
    control.on(FlowServiceMethods.get) { _ in throw RPCError(.notFound, "there is no flow") }
    control.on(FlowServiceMethods.list) { request in
      guard request.workspace != "shpo" else { throw RPCError(.notFound, "there is no workspace shpo") }
      return ListFlowsResponse(flows: [Flow(name: "orders")])
    }
    control.on(WorkspaceServiceMethods.list) { _ in ListWorkspacesResponse(workspaces: [Workspace(name: "shop")]) }
    control.on(PresetServiceMethods.get) { _ in throw RPCError(.notFound, "there is no preset") }
    control.on(PresetServiceMethods.list) { _ in ListPresetsResponse(presets: [PresetInfo(id: "stripe")]) }
    return control
  }

  @Test(arguments: [
    (["trigger", "show", "orders/hok"], "Did you mean orders/hook?"), (["trigger", "url", "hook"], "Did you mean orders/hook?"),
    (["trigger", "url", "shop"], "Did you mean shop/in?"),
    (["trigger", "show", "else/where"], "headgate trigger list shows them all."),
    (["flow", "show", "Order"], "Did you mean orders?"), (["preset", "show", "strpe"], "Did you mean stripe?"),
    (["flow", "list", "-w", "shpo"], "Did you mean shop?"),
  ])
  func theNearestIsNamed(_ arguments: [String], _ advice: String) async {
    let run = await CommandRun.headgate(arguments, .init(control: Self.control()))
    #expect(run.status == 3)
    #expect(run.errors.hasSuffix("\n\(advice)\n"), "\(run.errors)")
  }

  @Test func lookingDoesNotHideTheFailure() async {
    let control = Self.control()
    control.on(TriggerServiceMethods.list) { _ in throw RPCError(.permissionDenied, "no") }
    let run = await CommandRun.headgate(["trigger", "show", "orders/hok"], .init(control: control))
    #expect(run.status == 3 && run.errors == "error: there is no trigger\n")
    control.on(TriggerServiceMethods.list) { _ in ListTriggersResponse() }
    let empty = await CommandRun.headgate(["trigger", "show", "orders/hok"], .init(control: control))
    #expect(empty.errors.contains("There are none yet. headgate flow apply -f FILE makes one."))
  }

  @Test(
    arguments: [
      ("lst", "list"), ("LIST", "list"), ("sohw", "show"), ("updaet", "update"), ("xyz", nil), ("", nil), ("delette", "delete"),
      (String(repeating: "x", count: 70), nil),
    ] as [(String, String?)])
  func spelling(_ written: String, _ meant: String?) {
    #expect(Spelling.nearest(to: written, in: ["list", "show", "update", "delete"]) == meant)
  }
}

@Suite struct TextWrapTests {
  @Test(arguments: [
    ("fits", ["fits"]), ("one two three", ["one two", "  three"]),
    ("  in two three", ["  in two", "    three"]), ("averylongword x", ["averylongword", "  x"]),
    ("日本 日本 日本", ["日本", "  日本", "  日本"]), ("\u{1b}[31mone\u{1b}[0m two six", ["\u{1b}[31mone\u{1b}[0m two", "  six"]),
    ("", [""]),
  ])
  func breaksBetweenWords(_ text: String, _ lines: [String]) {
    #expect(TextWrap.lines(text, width: 8) == lines)
    #expect(TextWrap.lines(text, width: nil) == [text])
  }
}
