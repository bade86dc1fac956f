import HeadgateProto
import Testing

@testable import Client

@Suite struct TriggerCommandTests {
  private static let trigger = Trigger(
    id: "0190", flow: "orders", node: "hook", key: "wh_k", url: "https://h.example/w/wh_k", enabled: true, revision: 7,
    config: Array(
      #"{"id":"hook","type":"webhook_trigger","auth":{"mode":"hmac","preset":"kiwify"},"map":[{"variable":"a","from":"body.a"}]}"#
        .utf8),
    publishedConfig: Array("{}".utf8), authMode: "hmac", preset: "kiwify", createdAtUs: 1_767_323_000_000_000,
    updatedAtUs: 1_767_323_000_000_000,
    secrets: [SecretInfo(id: "s1", createdAtUs: 1_767_323_000_000_000, expiresAtUs: 0, masterKeyVersion: 1)])

  private func control() -> FakeControlPlane {
    let control = FakeControlPlane()
    control.on(TriggerServiceMethods.get) { request in
      guard request.trigger == "orders/hook" else { throw RPCError(.notFound, "there is no trigger \(request.trigger)") }
      return Self.trigger
    }
    control.on(TriggerServiceMethods.rotate) { request in
      RotateTriggerResponse(
        secret: RevealedSecret(id: "s2", value: request.secret.isEmpty ? Array("generated".utf8) : request.secret),
        warnings: request.secret.count == 5 ? ["the secret is shorter than 16 characters"] : [])
    }
    return control
  }

  @Test func urlIsPrintedAlone() async throws {
    let run = await CommandRun.headgate(["trigger", "url", "orders/hook"], .init(control: control()))
    #expect(run.output == "https://h.example/w/wh_k\n")
    #expect(run.errors.isEmpty)
  }

  @Test func aMissingTriggerIsStatus3() async throws {
    let run = await CommandRun.headgate(["trigger", "url", "orders/nope"], .init(control: control()))
    #expect(run.status == 3)
    #expect(run.output.isEmpty)
    #expect(run.errors == "error: there is no trigger orders/nope\n")
  }

  @Test func listAndShow() async throws {
    let control = control()
    control.on(TriggerServiceMethods.list) { _ in ListTriggersResponse(triggers: [Self.trigger]) }
    let list = await CommandRun.headgate(["trigger", "list"], .init(control: control))
    #expect(
      list.output == """
        TRIGGER      STATE    AUTH           URL
        orders/hook  enabled  hmac (kiwify)  https://h.example/w/wh_k

        """)
    let show = await CommandRun.headgate(["trigger", "show", "orders/hook"], .init(control: control))
    #expect(show.output.contains("draft         differs from what is published"))
    #expect(show.output.contains("auth: {mode: hmac, preset: kiwify}\n"))
    let json = try JSONReader.read(
      await CommandRun.headgate(["trigger", "show", "orders/hook", "-o", "json"], .init(control: control)).output.utf8)
    #expect(json.json["config"]?["auth"]?["preset"] == "kiwify")
    #expect(
      json.json["secrets"]?.compact
        == #"[{"id":"s1","created_at":"2026-01-02T03:03:20.000000Z","expires_at":null,"master_key_version":1,"purpose":"credential"}]"#
    )
  }

  @Test func aURLIsNeverCut() async throws {
    let control = control()
    let key = "wh_" + String(repeating: "k", count: 26)
    control.on(TriggerServiceMethods.list) { _ in
      var trigger = Self.trigger
      trigger.url = "https://hooks.shop.example.com/w/\(key)"
      return ListTriggersResponse(triggers: [trigger])
    }
    let run = await CommandRun.headgate(["trigger", "list", "--no-color"], .init(control: control, isTerminal: true))
    #expect(
      run.output == """
        TRIGGER      STATE    AUTH
          URL
        orders/hook  enabled  hmac (kiwify)
          https://hooks.shop.example.com/w/\(key)

        """)
  }

  @Test func showSaysThatTheSecretIsMissing() async throws {
    let control = control()
    let line = "secret        none yet: requests are recorded and start no run\n"
    #expect(await !CommandRun.headgate(["trigger", "show", "orders/hook"], .init(control: control)).output.contains(line))
    control.on(TriggerServiceMethods.get) { _ in
      var trigger = Self.trigger
      trigger.secrets = []
      return trigger
    }
    #expect(await CommandRun.headgate(["trigger", "show", "orders/hook"], .init(control: control)).output.contains(line))
  }

  @Test(arguments: ["create", "update"])
  func helpNamesEveryMode(_ command: String) async throws {
    let help = await CommandRun.headgate(["trigger", command, "--help"])
    let words = Set(help.output.split { !$0.isLetter && !$0.isNumber && $0 != "-" })
    for mode in ["bearer", "header", "query", "basic", "hmac", "ed25519", "ecdsa-p256", "public"] {
      #expect(words.contains(Substring(mode)), "\(mode)")
    }
  }

  @Test func aPresetAloneBringsItsMode() async throws {
    let control = control()
    control.on(TriggerServiceMethods.create) { _ in Self.trigger }
    _ = await CommandRun.headgate(["trigger", "create", "orders/hook", "--preset", "discord"], .init(control: control))
    #expect(
      control.requests(of: TriggerServiceMethods.create).map { String(decoding: $0.config, as: UTF8.self) }
        == [#"{"id":"hook","type":"webhook_trigger","auth":{"preset":"discord"}}"#])
  }

  @Test(arguments: [["create", "orders/new", "--auth", "bearer"], ["update", "orders/hook", "--auth", "bearer"]])
  func createAndUpdateWarnAsApplyingTheFlowDoes(_ arguments: [String]) async throws {
    let control = control()
    control.on(TriggerServiceMethods.create) { _ in Self.trigger }
    control.on(TriggerServiceMethods.update) { _ in Self.trigger }
    control.on(FlowServiceMethods.get) { _ in Flow(name: "orders", draft: Array(#"{"flow":"orders"}"#.utf8)) }
    control.on(FlowServiceMethods.apply) { _ in ApplyFlowResponse(warnings: ["hook.paid leads nowhere"]) }
    let run = await CommandRun.headgate(["trigger"] + arguments, .init(control: control))
    #expect(run.status == 0)
    #expect(run.errors.hasSuffix("warning: hook.paid leads nowhere\n"))
    #expect(
      control.requests(of: FlowServiceMethods.apply)
        == [ApplyFlowRequest(definition: Array(#"{"flow":"orders"}"#.utf8), dryRun: true)])
  }

  @Test func enableAndDisable() async throws {
    let control = control()
    control.on(TriggerServiceMethods.disable) { _ in
      var trigger = Self.trigger
      trigger.enabled = false
      return trigger
    }
    control.on(TriggerServiceMethods.enable) { _ in Self.trigger }
    #expect(
      await CommandRun.headgate(["trigger", "disable", "orders/hook"], .init(control: control)).output
        == "orders/hook: disabled  https://h.example/w/wh_k\n")
    #expect(
      await CommandRun.headgate(["trigger", "enable", "orders/hook"], .init(control: control)).output
        == "orders/hook: enabled  https://h.example/w/wh_k\n")
  }

  @Test func revealShowsTheNewestFirst() async throws {
    let control = control()
    control.on(TriggerServiceMethods.reveal) { request in
      #expect(request.reason == "set up")
      return RevealTriggerResponse(secrets: [
        RevealedSecret(id: "a", value: Array("old".utf8), createdAtUs: 1_767_323_000_000_000, expiresAtUs: 1_767_323_105_000_000),
        RevealedSecret(id: "b", value: Array("ne\u{1b}w".utf8), createdAtUs: 1_767_323_045_000_000),
      ])
    }
    let arguments = ["trigger", "reveal", "orders/hook", "--reason", "set up"]
    let shown = await CommandRun.headgate(arguments + ["--no-color"], .init(control: control, isTerminal: true))
    #expect(
      shown.output == """
        SECRET   FOR         SET      ENDS
        ne\\x1bw  credential  now      never
        old      credential  45s ago  in 1m

        """)
    let value = await CommandRun.headgate(arguments + ["--value-only"], .init(control: control))
    #expect(value.output == "ne\u{1b}w\n")
    let json = try JSONReader.read(await CommandRun.headgate(arguments + ["-o", "json"], .init(control: control)).output.utf8)
    #expect(json.json.compact.contains(#""value":"ne\u001bw""#))
  }

  @Test func secretsThatAreNoTextAreInBase64() {
    let json = RevealedSecret(id: "a", value: [0xff, 0x00]).json
    #expect(json["value"] == .null)
    #expect(json["value_base64"] == "/wA=")
  }

  @Test(arguments: [
    (["--secret-file", "s", "--prompt"], "exclude each other"), (["--secret", ""], "must not be empty"),
    (["--overlap", "soon"], "is not a duration"), (["--overlap", "1500ms"], "whole seconds"),
    (["--secret-file", "empty"], "is empty"), (["--secret-file", "missing"], "there is no file"),
    (["--prompt"], "needs a terminal"),
  ])
  func rotateRefuses(_ arguments: [String], _ message: String) async throws {
    let control = control()
    let directory = try TemporaryDirectory(["s": "x", "empty": "\n"])
    let run = await CommandRun.headgate(
      ["trigger", "rotate", "orders/hook"] + arguments, .init(control: control, directory: directory))
    #expect(run.status == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(control.calls.isEmpty)
  }

  @Test func rotateGenerates() async throws {
    let control = control()
    let run = await CommandRun.headgate(["trigger", "rotate", "orders/hook", "--overlap", "24h"], .init(control: control))
    #expect(run.status == 0)
    #expect(run.output == "generated\n")
    let request = try #require(control.requests(of: TriggerServiceMethods.rotate).first)
    #expect(request.overlapSeconds == 86_400 && request.secret.isEmpty)
    _ = await CommandRun.headgate(["trigger", "rotate", "orders/hook"], .init(control: control))
    #expect(control.requests(of: TriggerServiceMethods.rotate).last?.overlapSeconds == nil)
    _ = await CommandRun.headgate(["trigger", "rotate", "orders/hook", "--overlap", "0"], .init(control: control))
    #expect(control.requests(of: TriggerServiceMethods.rotate).last?.overlapSeconds == 0)
  }

  @Test(arguments: [
    ("canary-of-a-secret\n", "canary-of-a-secret"), ("canary-of-a-secret\r\n", "canary-of-a-secret"), ("canary\n\n", "canary\n"),
    (" canary ", " canary "),
  ])
  func rotateFromAFileNeverShowsTheSecret(_ text: String, _ secret: String) async throws {
    let control = control()
    for format in ["table", "json"] {
      let run = await CommandRun.headgate(
        ["trigger", "rotate", "orders/hook", "--secret-file", "-", "-o", format], .init(control: control, input: text))
      #expect(run.status == 0)
      #expect(!run.output.contains("canary") && !run.errors.contains("canary"))
      #expect(control.requests(of: TriggerServiceMethods.rotate).last?.secret == Array(secret.utf8))
    }
  }

  @Test func rotateByPrompt() async throws {
    let control = control()
    let differing = await CommandRun.headgate(
      ["trigger", "rotate", "orders/hook", "--prompt"], .init(control: control, typed: ["one", "two"]))
    #expect(differing.status == 2)
    #expect(differing.errors.contains("not equal"))
    let run = await CommandRun.headgate(
      ["trigger", "rotate", "orders/hook", "--prompt", "--no-color"], .init(control: control, typed: ["short", "short"]))
    #expect(run.status == 0)
    #expect(run.errors.contains("warning: the secret is shorter than 16 characters"))
    #expect(control.requests(of: TriggerServiceMethods.rotate).map(\.secret) == [Array("short".utf8)])
  }

  @Test func rotateByArgumentWarns() async throws {
    let run = await CommandRun.headgate(
      ["trigger", "rotate", "orders/hook", "--secret", "a-secret-of-some-length"], .init(control: control()))
    #expect(run.status == 0)
    #expect(run.errors.contains("everyone who can list processes"))
  }

  @Test func createFromOptions() async throws {
    let control = control()
    control.on(TriggerServiceMethods.create) { _ in Self.trigger }
    let run = await CommandRun.headgate(
      [
        "trigger", "create", "orders/hook", "--auth", "hmac", "--preset", "kiwify", "--allow-ip", "10.0.0.0/8", "--event-path",
        "body.e", "--case", "paid=order=paid", "--map", "email=body.customer.email",
      ], .init(control: control))
    #expect(run.status == 0)
    #expect(
      run.errors == "show its secret with: headgate trigger reveal orders/hook\ntry it with: headgate trigger test orders/hook\n")
    let request = try #require(control.requests(of: TriggerServiceMethods.create).first)
    #expect(request.flow == "orders" && request.publish)
    #expect(
      String(decoding: request.config, as: UTF8.self)
        == #"{"id":"hook","type":"webhook_trigger","auth":{"mode":"hmac","preset":"kiwify"},"allow":{"ips":["10.0.0.0/8"]},"#
        + #""events":{"path":"body.e","cases":[{"id":"paid","value":"order=paid"}]},"map":[{"variable":"email","from":"body.customer.email"}]}"#
    )
  }

  @Test(arguments: [
    (["orders", "--auth", "bearer"], "is not FLOW/NODE"), (["orders/", "--auth", "bearer"], "is not FLOW/NODE"),
    (["orders/hook"], "nothing to configure"), (["orders/hook", "-f", "x", "--auth", "bearer"], "excludes"),
    (["orders/hook", "--map", "email"], "needs NAME=VALUE"),
    (["orders/other", "-f", "node.yaml"], "is the node \"hook\", not \"other\""),
    (["orders/hook", "-f", "two.yaml"], "must hold one node"),
  ])
  func createRefuses(_ arguments: [String], _ message: String) async throws {
    let directory = try TemporaryDirectory(["node.yaml": "id: hook\n", "two.yaml": "a: 1\n---\nb: 1\n"])
    let run = await CommandRun.headgate(["trigger", "create"] + arguments, .init(directory: directory))
    #expect(run.status == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
  }

  @Test(arguments: ["nodes[0].auth.mode", "config.auth.mode", "auth.mode", "config.nodes[hook].auth.mode"])
  func faultsOfANodeFileHavePlaces(_ path: String) async throws {
    let control = control()
    control.on(TriggerServiceMethods.create) { _ in
      throw RPCError(.invalidArgument, "1 fault", faults: [Fault(path: path, code: "required", message: "is missing")])
    }
    let directory = try TemporaryDirectory(["node.yaml": "id: hook\nauth:\n  preset: x\n"])
    let run = await CommandRun.headgate(
      ["trigger", "create", "orders/hook", "-f", "node.yaml"], .init(control: control, directory: directory))
    #expect(run.status == 2)
    #expect(run.errors.contains("node.yaml:3:3: \(path): is missing [required]"), "\(run.errors)")
  }

  @Test func updateKeepsTheOtherFieldsAndTheRevision() async throws {
    let control = control()
    control.on(TriggerServiceMethods.update) { _ in Self.trigger }
    let run = await CommandRun.headgate(
      ["trigger", "update", "orders/hook", "--allow-ip", "10.0.0.0/8", "--draft"], .init(control: control))
    #expect(run.status == 0)
    let request = try #require(control.requests(of: TriggerServiceMethods.update).first)
    #expect(request.revision == 7 && !request.publish)
    #expect(
      String(decoding: request.config, as: UTF8.self)
        == #"{"id":"hook","type":"webhook_trigger","auth":{"mode":"hmac","preset":"kiwify"},"map":[{"variable":"a","from":"body.a"}],"allow":{"ips":["10.0.0.0/8"]}}"#
    )
  }

  @Test func deleteAsks() async throws {
    let control = control()
    control.on(TriggerServiceMethods.delete) { _ in DeleteTriggerResponse() }
    let refused = await CommandRun.headgate(["trigger", "delete", "orders/hook"], .init(control: control, typed: ["no"]))
    #expect(refused.status == 1 && control.calls.isEmpty)
    let done = await CommandRun.headgate(["trigger", "delete", "orders/hook", "--yes"], .init(control: control, typed: []))
    #expect(done.output == "orders/hook: deleted\n")
    #expect(control.requests(of: TriggerServiceMethods.delete).first?.publish == true)
  }
}
