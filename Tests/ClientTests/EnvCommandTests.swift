import HeadgateProto
import Testing

@testable import Client

@Suite struct EnvCommandTests {
  private func control() -> FakeControlPlane {
    let control = FakeControlPlane()
    control.on(VariableServiceMethods.set) { request in
      guard request.name != "1a" else {
        throw RPCError(
          .invalidArgument, "name must be otherwise",
          faults: [Fault(path: "name", code: "invalid_value", message: "name must be otherwise")])
      }
      return Variable(
        name: request.name, value: request.secret ? "" : request.value, secret: request.secret,
        updatedAtUs: 1_767_323_000_000_000)
    }
    control.on(VariableServiceMethods.list) { _ in
      ListVariablesResponse(variables: [
        Variable(name: "shop", value: "Ana\u{1b}[31m", updatedAtUs: 1_767_323_000_000_000),
        Variable(name: "token", secret: true, updatedAtUs: 1_767_323_000_000_000),
      ])
    }
    control.on(VariableServiceMethods.delete) { request in
      guard request.name == "shop" else { throw RPCError(.notFound, "there is no variable \(request.name)") }
      return DeleteVariableResponse()
    }
    return control
  }

  @Test(
    "a value comes from exactly one place",
    arguments: [["env", "set", "a"], ["env", "set", "a", "v", "--from-file", "-"], ["env", "set"]])
  func onePlace(arguments: [String]) async {
    let control = control()
    let run = await CommandRun.headgate(arguments, .init(control: control))
    #expect(run.status == 2)
    #expect(control.calls.isEmpty)
  }

  @Test func faultsNameTheField() async {
    let run = await CommandRun.headgate(["env", "set", "1a", "v"], .init(control: control()))
    #expect(run.status == 2)
    #expect(run.errors.contains("name"))
    let missing = await CommandRun.headgate(["env", "unset", "nope"], .init(control: control()))
    #expect(missing.status == 3)
    #expect(missing.errors == "error: there is no variable nope\nheadgate env list shows them all.\n")
  }

  @Test func aFileMustBeText() async throws {
    let directory = try TemporaryDirectory(["value.txt": "line\r\n", "empty.txt": ""])
    let control = control()
    for file in ["value.txt", "empty.txt"] {
      _ = await CommandRun.headgate(["env", "set", "a", "--from-file", file], .init(control: control, directory: directory))
    }
    _ = await CommandRun.headgate(["env", "set", "a", "--from-file", "-"], .init(control: control, input: "x\n\n"))
    #expect(control.requests(of: VariableServiceMethods.set).map(\.value) == ["line", "", "x\n"])
    let absent = await CommandRun.headgate(
      ["env", "set", "a", "--from-file", "nope"], .init(control: control, directory: directory))
    #expect(absent.status == 2 && absent.errors.contains("there is no file"))
  }

  @Test func aSecretOnTheCommandLineIsWarnedOf() async {
    let control = control()
    let plain = await CommandRun.headgate(["env", "set", "shop", "Ana"], .init(control: control))
    #expect(plain.output == "shop: set, in force from now on\n" && plain.errors.isEmpty)
    let secret = await CommandRun.headgate(["env", "set", "token", "t0ken", "--secret"], .init(control: control))
    #expect(secret.errors.contains("warning: shells remember what was typed"))
    #expect(!secret.output.contains("t0ken"))
    let piped = await CommandRun.headgate(
      ["env", "set", "token", "--secret", "--from-file", "-", "-o", "json"], .init(control: control, input: "t0ken"))
    #expect(piped.errors.isEmpty)
    #expect(piped.output.contains("\"value\": null"))
  }

  @Test func list() async {
    let run = await CommandRun.headgate(["env", "list"], .init(control: control()))
    #expect(run.output.contains("shop") && run.output.contains("<secret>"))
    #expect(!run.output.contains("\u{1b}"))
    let json = await CommandRun.headgate(["env", "list", "-o", "json"], .init(control: control()))
    #expect(json.output.contains("\"secret\": true"))
    let deleted = await CommandRun.headgate(["env", "unset", "shop"], .init(control: control()))
    #expect(deleted.output == "shop: deleted\n")
  }
}

@Suite struct PresetCommandTests {
  private func control() -> FakeControlPlane {
    let control = FakeControlPlane()
    let preset = PresetInfo(
      id: "slack", mode: "hmac", auth: Array(#"{"mode":"hmac","scheme":{"template":"v0:{timestamp}:{body}"}}"#.utf8),
      eventPath: "body.event.type", handshake: Array(#"{"kind":"echo"}"#.utf8), deadlineMs: 2500)
    control.on(PresetServiceMethods.list) { _ in
      ListPresetsResponse(presets: [PresetInfo(id: "github", mode: "hmac", eventPath: #"headers["x-github-event"]"#), preset])
    }
    control.on(PresetServiceMethods.get) { request in
      guard request.id == "slack" else { throw RPCError(.notFound, "there is no preset \(request.id)") }
      return preset
    }
    return control
  }

  @Test func aMissingPresetIsStatus3() async {
    let run = await CommandRun.headgate(["preset", "show", "nope"], .init(control: control()))
    #expect(run.status == 3)
    #expect(run.errors == "error: there is no preset nope\nheadgate preset list shows them all.\n")
  }

  @Test func listAndShow() async {
    let list = await CommandRun.headgate(["preset", "list"], .init(control: control()))
    #expect(
      list.output == """
        PRESET  MODE  EVENT                      WITHIN  HANDSHAKE
        github  hmac  headers["x-github-event"]
        slack   hmac  body.event.type              2.5s  yes

        """)
    let show = await CommandRun.headgate(["preset", "show", "slack"], .init(control: control()))
    #expect(show.output.contains("auth: {preset: slack}"))
    #expect(show.output.contains("scheme: {template: \"v0:{timestamp}:{body}\"}"))
    let json = await CommandRun.headgate(["preset", "show", "slack", "-o", "json"], .init(control: control()))
    #expect(json.output.contains("\"deadline_ms\": 2500"))
  }
}
