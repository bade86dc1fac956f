import HeadgateProto
import Testing

@testable import Client

@Suite struct FlowApplyTests {
  private static let yaml = """
    flow: orders
    nodes:
      - id: hook
        type: webhook_trigger
        auth: {mode: hmca}
        map:
          - {variable: n, from: "body..n", default: 9007199254740993}
    """

  private static func flow(revision: UInt64 = 3, draftPublished: Bool = true) -> Flow {
    Flow(
      id: "f", name: "orders", revision: revision, publishedVersion: 2, draftPublished: draftPublished,
      triggers: [FlowTrigger(id: "t", node: "hook", key: "wh_k", enabled: true)])
  }

  /// A control plane with the flow "orders" in which the file changes one field.
  private func control(
    changes: [Change] = [Change(path: "nodes[hook].auth.mode", before: Array("\"bearer\"".utf8), after: Array("\"hmac\"".utf8))]
  )
    -> FakeControlPlane
  {
    let control = FakeControlPlane()
    control.on(FlowServiceMethods.apply) { request in
      ApplyFlowResponse(
        flow: Self.flow(revision: request.dryRun ? 3 : 4), changes: changes, published: request.publish && !request.dryRun)
    }
    control.on(FlowServiceMethods.get) { _ in Self.flow() }
    control.on(TriggerServiceMethods.list) { _ in
      ListTriggersResponse(triggers: [
        Trigger(flow: "orders", node: "hook", key: "wh_k", url: "https://h.example/w/wh_k", enabled: true)
      ])
    }
    return control
  }

  @Test func listsEveryFaultWithItsPlaceAndChangesNothing() async throws {
    let control = FakeControlPlane()
    control.on(FlowServiceMethods.apply) { request in
      #expect(request.dryRun)
      throw RPCError(
        .invalidArgument, "2 faults",
        faults: [
          Fault(path: "nodes[0].auth.mode", code: "invalid_value", message: "must be bearer, header, query, hmac or public"),
          Fault(path: "nodes[0].map[0].from", code: "invalid_path", message: "an empty name after \"body.\""),
        ])
    }
    let directory = try TemporaryDirectory(["orders.yaml": Self.yaml])
    let run = await CommandRun.headgate(["flow", "apply", "-f", "orders.yaml"], .init(control: control, directory: directory))
    #expect(run.status == 2)
    #expect(run.output.isEmpty)
    #expect(
      run.errors == """
        error: 2 faults in the configuration; nothing was changed
          orders.yaml:5:18: nodes[0].auth.mode: must be bearer, header, query, hmac or public [invalid_value]
          orders.yaml:7:29: nodes[0].map[0].from: an empty name after "body." [invalid_path]

        """)
    #expect(control.calls == ["FlowService/Apply"])
  }

  @Test func faultsOfOneFlowKeepTheOthersFromBeingApplied() async throws {
    let control = control()
    control.on(FlowServiceMethods.apply) { request in
      #expect(request.dryRun)
      guard String(decoding: request.definition, as: UTF8.self).contains("bad") else { return ApplyFlowResponse(created: true) }
      throw RPCError(.invalidArgument, "1 fault", faults: [Fault(path: "nodes", code: "required", message: "is missing")])
    }
    let run = await CommandRun.headgate(
      ["flow", "apply", "-f", "-", "--yes"], .init(control: control, input: "flow: good\n---\nflow: bad\n"))
    #expect(run.status == 2)
    #expect(run.errors.contains("-:3:1: nodes: is missing [required]"))
  }

  @Test(arguments: [
    ("a: [\n", "broken.yaml:2:1: while parsing a flow node (from 2:1), did not find expected node content"),
    ("a: 1\na: 2\n", "broken.yaml:1:1: the name \"a\" occurs twice"),
    ("- flow: a\n", "broken.yaml:1:1: a flow is an object"), ("text\n", "broken.yaml:1:1: a flow is an object"),
    ("flow: a\n---\nflow: a\n", "the flow \"a\" occurs twice, at broken.yaml:1:1 and at broken.yaml:3:1"),
  ])
  func refusesAFileThatIsNoFlow(_ text: String, _ message: String) async throws {
    let control = FakeControlPlane()
    let directory = try TemporaryDirectory(["broken.yaml": text])
    let run = await CommandRun.headgate(["flow", "apply", "-f", "broken.yaml"], .init(control: control, directory: directory))
    #expect(run.status == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(control.calls.isEmpty)
  }

  @Test func refusesAFileThatIsNotThere() async throws {
    let run = await CommandRun.headgate(["flow", "apply", "-f", "missing.yaml"], .init(directory: try TemporaryDirectory()))
    #expect(run.status == 2)
    #expect(run.errors.contains("there is no file"))
  }

  @Test func askingAndNo() async throws {
    let control = control()
    let directory = try TemporaryDirectory(["orders.yaml": Self.yaml])
    let run = await CommandRun.headgate(
      ["flow", "apply", "-f", "orders.yaml", "--no-color"], .init(control: control, directory: directory, typed: ["n"]))
    #expect(run.status == 1)
    #expect(run.output == "flow orders\n  ~ nodes[hook].auth.mode: \"bearer\" → \"hmac\"\nApply and publish? [y/N] ")
    #expect(run.errors == "error: not applied\n")
    #expect(control.requests(of: FlowServiceMethods.apply).map(\.dryRun) == [true])
  }

  @Test func askingAndYesAppliesWhatWasShown() async throws {
    let control = control()
    let directory = try TemporaryDirectory(["orders.yaml": Self.yaml])
    let run = await CommandRun.headgate(
      ["flow", "apply", "-f", "orders.yaml"], .init(control: control, directory: directory, typed: ["y"]))
    #expect(run.status == 0)
    #expect(run.output.contains("\u{1b}[33m~ nodes[hook].auth.mode"))
    let applied = try #require(control.requests(of: FlowServiceMethods.apply).last)
    #expect(!applied.dryRun && applied.publish && applied.expectedRevision == 3)
  }

  @Test func aChangeInTheMeantimeIsNotOverwritten() async throws {
    let control = control()
    control.on(FlowServiceMethods.apply) { request in
      guard request.dryRun else { throw RPCError(.failedPrecondition, "the revision is 9, not 3") }
      return ApplyFlowResponse(flow: Self.flow(), changes: [Change(path: "x", after: Array("1".utf8))])
    }
    let directory = try TemporaryDirectory(["orders.yaml": Self.yaml])
    let run = await CommandRun.headgate(
      ["flow", "apply", "-f", "orders.yaml"], .init(control: control, directory: directory, typed: ["y"]))
    #expect(run.status == 1)
    #expect(run.errors.contains("was changed by someone else in the meantime: the revision\n  is 9, not 3"))
  }

  @Test func withoutATerminalItAppliesAtOnce() async throws {
    let control = control()
    let run = await CommandRun.headgate(["flow", "apply", "-f", "-"], .init(control: control, input: Self.yaml))
    #expect(run.status == 0)
    #expect(
      run.output == """
        flow orders
          ~ nodes[hook].auth.mode: "bearer" → "hmac"
        orders: changed, published as version 2
          hook  https://h.example/w/wh_k

        """)
    let applied = try #require(control.requests(of: FlowServiceMethods.apply).last)
    #expect(applied.expectedRevision == 0)
    #expect(
      String(decoding: applied.definition, as: UTF8.self)
        == #"{"flow":"orders","nodes":[{"id":"hook","type":"webhook_trigger","auth":{"mode":"hmca"},"#
        + #""map":[{"variable":"n","from":"body..n","default":9007199254740993}]}]}"#)
  }

  @Test func applyingTheSameAgainDoesNothing() async throws {
    let control = control(changes: [])
    let run = await CommandRun.headgate(["flow", "apply", "-f", "-"], .init(control: control, input: Self.yaml))
    #expect(run.status == 0)
    #expect(run.output == "orders: no changes\n")
    #expect(control.requests(of: FlowServiceMethods.apply).map(\.dryRun) == [true])
  }

  @Test func anUnpublishedDraftIsPublishedWithoutOtherChanges() async throws {
    let control = control(changes: [])
    control.on(FlowServiceMethods.get) { _ in Self.flow(draftPublished: false) }
    let run = await CommandRun.headgate(["flow", "apply", "-f", "-"], .init(control: control, input: Self.yaml))
    #expect(run.output.contains("the draft is not published yet"))
    #expect(control.requests(of: FlowServiceMethods.apply).map(\.dryRun) == [true, false])
  }

  @Test func dryRunAndDraft() async throws {
    let control = control()
    var run = await CommandRun.headgate(["flow", "apply", "-f", "-", "--dry-run"], .init(control: control, input: Self.yaml))
    #expect(run.status == 0)
    #expect(control.requests(of: FlowServiceMethods.apply).map(\.dryRun) == [true])
    run = await CommandRun.headgate(["flow", "apply", "-f", "-", "--draft"], .init(control: control, input: Self.yaml))
    #expect(control.requests(of: FlowServiceMethods.apply).last?.publish == false)
    #expect(run.output.contains("orders: changed, draft saved"))
  }

  @Test func aNewFlowNamesItsURLsAndGeneratedSecrets() async throws {
    let control = control()
    control.on(FlowServiceMethods.apply) { request in
      ApplyFlowResponse(
        flow: Self.flow(revision: 1), changes: [Change(path: "nodes[hook]", after: Array("{}".utf8))], created: true,
        published: !request.dryRun, generatedSecrets: request.dryRun ? [] : ["hook"],
        warnings: request.dryRun ? [] : ["nodes[0].auth.secret is shorter than 16 characters"])
    }
    control.on(TriggerServiceMethods.list) { _ in
      ListTriggersResponse(triggers: [Trigger(flow: "orders", node: "hook", key: "wh_k", url: "/w/wh_k", enabled: true)])
    }
    let directory = try TemporaryDirectory([
      ".headgate/client.json": "{\"endpoints\": [\"127.0.0.1:1\"], \"edge\": \"http://127.0.0.1:8080/\"}"
    ])
    let run = await CommandRun.headgate(
      ["flow", "apply", "-f", "-"], .init(control: control, directory: directory, variables: [:], input: Self.yaml))
    #expect(
      run.output == """
        new flow orders
          + node hook (webhook_trigger, hmca)
        orders: created, published as version 2
          hook  http://127.0.0.1:8080/w/wh_k
          a secret was generated; show it with: headgate trigger reveal orders/hook
          try it with: headgate trigger test orders/hook

        """)
    #expect(run.errors == "warning: nodes[0].auth.secret is shorter than 16 characters\n")
  }

  @Test func jsonForScripts() async throws {
    let run = await CommandRun.headgate(["flow", "apply", "-f", "-", "-o", "json"], .init(control: control(), input: Self.yaml))
    #expect(
      try JSONReader.read(run.output.utf8).json.compact
        == #"{"flows":[{"flow":"orders","revision":4,"published_version":2,"created":false,"published":true,"applied":true,"#
        + #""changes":[{"path":"nodes[hook].auth.mode","before":"bearer","after":"hmac"}],"generated_secrets":[],"warnings":[],"#
        + #""triggers":[{"node":"hook","key":"wh_k","url":"https://h.example/w/wh_k","enabled":true}]}]}"#)
  }
}

@Suite struct FlowQueryTests {
  private static let published = Flow(
    id: "0190", name: "orders", revision: 5, publishedVersion: 2, draftPublished: false,
    draft: Array(#"{"flow":"orders","nodes":[{"id":"hook","type":"webhook_trigger","n":1e400}]}"#.utf8),
    published: Array(#"{"flow":"orders","nodes":[]}"#.utf8),
    versions: [FlowVersion(version: 2, publishedAtUs: 1_767_322_985_000_000, publishedBy: "admin")],
    createdAtUs: 1_767_319_445_000_000, updatedAtUs: 1_767_323_000_000_000)

  private func control() -> FakeControlPlane {
    let control = FakeControlPlane()
    control.on(FlowServiceMethods.get) { request in
      guard request.flow == "orders" else { throw RPCError(.notFound, "there is no flow \(request.flow)") }
      var flow = Self.published
      switch request.version {
      case 0: break
      case 1: flow.versionDefinition = Array(#"{"flow":"orders","nodes":[{"id":"first","type":"task"}]}"#.utf8)
      case 2: flow.versionDefinition = flow.published
      default: throw RPCError(.notFound, "the flow orders has no version \(request.version)")
      }
      return flow
    }
    return control
  }

  @Test func listFitsTheTerminal() async throws {
    let control = control()
    control.on(FlowServiceMethods.list) { request in
      request.cursor.isEmpty
        ? ListFlowsResponse(flows: [Self.published], nextCursor: "2")
        : ListFlowsResponse(flows: [
          Flow(
            name: "a-flow-with-a-very-long-name-that-goes-on-and-on-\u{1b}[31m", revision: 1,
            triggers: [FlowTrigger(node: "hook", enabled: true), FlowTrigger(node: "other", enabled: false)],
            updatedAtUs: 1_767_323_045_000_000)
        ])
    }
    let run = await CommandRun.headgate(["flow", "list", "--no-color"], .init(control: control, isTerminal: true))
    #expect(
      run.output == """
        FLOW                 PUBLISHED            TRIGGERS             REVISION  UPDATED
        orders               version 2, draft d…                              5  45s ago
        a-flow-with-a-very…  not published        hook, other (disab…         1  now

        """)
    let piped = await CommandRun.headgate(["flow", "list"], .init(control: control))
    #expect(piped.output.contains("a-flow-with-a-very-long-name-that-goes-on-and-on-\\x1b[31m"))
    #expect(piped.output.contains("2026-01-02T03:03:20.000Z"))
  }

  @Test func emptyListsAreEmptyArraysForScripts() async throws {
    let control = FakeControlPlane()
    control.on(FlowServiceMethods.list) { _ in ListFlowsResponse() }
    #expect(
      await CommandRun.headgate(["flow", "list", "-o", "json"], .init(control: control)).output == "{\n  \"flows\": []\n}\n")
    #expect(await CommandRun.headgate(["flow", "list"], .init(control: control)).output.hasPrefix("no flows"))
  }

  @Test func yamlCanBeAppliedAgain() async throws {
    let run = await CommandRun.headgate(["flow", "show", "orders", "--yaml"], .init(control: control()))
    #expect(run.output == "flow: orders\nnodes:\n- {id: hook, type: webhook_trigger, \"n\": 1e400}\n")
    let published = await CommandRun.headgate(["flow", "show", "orders", "--yaml", "--version", "2"], .init(control: control()))
    #expect(published.output == "flow: orders\nnodes: []\n")
  }

  @Test func showForPeople() async throws {
    let run = await CommandRun.headgate(["flow", "show", "orders"], .init(control: control()))
    #expect(
      run.output == """
        flow       orders
        id         0190
        published  version 2, draft differs
        revision   5
        created    2026-01-02T02:04:05.000Z
        updated    2026-01-02T03:03:20.000Z

        versions
        VERSION  PUBLISHED                 BY
              2  2026-01-02T03:03:05.000Z  admin

        draft
        flow: orders
        nodes:
        - {id: hook, type: webhook_trigger, "n": 1e400}

        """)
  }

  @Test func showForScriptsKeepsDigits() async throws {
    let run = await CommandRun.headgate(["flow", "show", "orders", "-o", "json"], .init(control: control()))
    let json = try JSONReader.read(run.output.utf8).json
    #expect(json["draft"]?["nodes"]?.compact == #"[{"id":"hook","type":"webhook_trigger","n":1e400}]"#)
    #expect(json["created_at"] == "2026-01-02T02:04:05.000000Z")
    #expect(json["published_version"]?.compact == "2")
  }

  @Test func anOldVersionCanBeShown() async throws {
    let run = await CommandRun.headgate(["flow", "show", "orders", "--version", "1"], .init(control: control()))
    #expect(run.output.hasSuffix("version 1\nflow: orders\nnodes:\n- {id: first, type: task}\n"))
    let json = await CommandRun.headgate(["flow", "show", "orders", "--version", "1", "-o", "json"], .init(control: control()))
    #expect(
      try JSONReader.read(json.output.utf8).json["version_definition"]?["nodes"]?.compact == #"[{"id":"first","type":"task"}]"#)
    let published = await CommandRun.headgate(["flow", "show", "orders", "--version", "published"], .init(control: control()))
    #expect(published.output.contains("published version 2\n"))
  }

  @Test(arguments: [("3", 3 as Int32), ("0", 2), ("-1", 2), ("latest", 2), ("99999999999", 2)])
  func aVersionThatIsNotThere(_ version: String, _ status: Int32) async throws {
    let run = await CommandRun.headgate(["flow", "show", "orders", "--version=\(version)"], .init(control: control()))
    #expect(run.status == status)
    #expect(run.output.isEmpty)
  }

  @Test func publishAndDelete() async throws {
    let control = control()
    control.on(FlowServiceMethods.publish) { request in
      #expect(request.expectedRevision == 5)
      return Flow(name: "orders", publishedVersion: 3)
    }
    control.on(FlowServiceMethods.delete) { _ in DeleteFlowResponse() }
    let publish = await CommandRun.headgate(["flow", "publish", "orders", "--revision", "5"], .init(control: control))
    #expect(publish.output == "orders: version 3 is published\n")
    let refused = await CommandRun.headgate(["flow", "delete", "orders"], .init(control: control, typed: [""]))
    #expect(refused.status == 1)
    #expect(control.requests(of: FlowServiceMethods.delete).isEmpty)
    let deleted = await CommandRun.headgate(["flow", "delete", "orders", "--yes"], .init(control: control))
    #expect(deleted.output == "orders: deleted\n")
    #expect(control.requests(of: FlowServiceMethods.delete).map(\.flow) == ["orders"])
  }
}
