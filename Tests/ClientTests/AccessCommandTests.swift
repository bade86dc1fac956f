import HeadgateProto
import Testing

@testable import Client

@Suite struct AccessCommandTests {
  private static let secret = "hgk_0123456789012345678901234567890123456789012345678"

  private static func control(workspace: String = "") -> FakeControlPlane {
    let control = FakeControlPlane()
    control.on(AccessServiceMethods.whoAmI) { _ in
      WhoAmIResponse(principal: "admin", roles: [.admin, .reader], workspace: workspace)
    }
    control.on(AccessServiceMethods.createKey) { request in
      CreateKeyResponse(
        key: APIKey(id: "1", name: request.name, role: request.role, workspace: request.workspace, prefix: "hgk_01234567"),
        secret: secret)
    }
    control.on(AccessServiceMethods.revokeKey) { request in APIKey(id: "1", name: request.key, role: .reader, revokedAtUs: 1) }
    return control
  }

  @Test(arguments: [
    (["create"], "Missing expected argument"), (["create", "ci"], "--role"), (["create", "ci", "--role", "edge"], "edge"),
    (["create", "ci", "--role", "reader", "--expires-in", "soon"], "not a duration"),
    (["create", "ci", "--role", "reader", "--expires-in", "0"], "1s or more"),
    (["create", "ci", "--role", "reader", "--expires-in", "1500ms"], "whole seconds"),
    (["create", "ci", "--role", "reader", "-w", "a", "--all-workspaces"], "exclude"), (["revoke"], "Missing"),
  ])
  func refusesUsage(_ arguments: [String], _ message: String) async {
    let control = Self.control()
    let run = await CommandRun.headgate(["apikey"] + arguments, .init(control: control))
    #expect(run.status == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(control.calls.isEmpty && run.output.isEmpty)
  }

  @Test func aKeyIsConfinedUnlessSaidOtherwise() async {
    for (workspace, arguments, expected) in [
      ("", [], "default"), ("shop", [], "shop"), ("", ["-w", "other"], "other"), ("", ["--all-workspaces"], ""),
    ] {
      let control = Self.control(workspace: workspace)
      let run = await CommandRun.headgate(
        ["apikey", "create", "ci", "--role", "worker", "--expires-in", "90d"] + arguments, .init(control: control))
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        control.requests(of: AccessServiceMethods.createKey)
          == [CreateKeyRequest(workspace: expected, name: "ci", role: .worker, expiresInSeconds: 7_776_000)])
      // The key alone is the result; what is said about it is not.
      #expect(run.output == Self.secret + "\n" && run.errors.contains("shown this once"))
    }
  }

  @Test func aKeyForScripts() async {
    let run = await CommandRun.headgate(
      ["apikey", "create", "ci", "--role", "reader", "-o", "json"], .init(control: Self.control()))
    #expect(run.output.contains("\"value\": \"\(Self.secret)\"") && run.output.contains("\"role\": \"reader\""))
    let alone = await CommandRun.headgate(
      ["apikey", "create", "ci", "--role", "reader", "--value-only"], .init(control: Self.control()))
    #expect(alone.output == Self.secret + "\n" && alone.errors.isEmpty)
  }

  @Test func theListSaysWhatAKeyIsWorth() async {
    let control = Self.control()
    let now = CommandRun.now.microseconds
    control.on(AccessServiceMethods.listKeys) { _ in
      ListKeysResponse(keys: [
        APIKey(id: "1", name: "a", role: .admin, createdAtUs: now, createdBy: "admin", prefix: "hgk_aaaaaaaa"),
        APIKey(
          id: "2", name: "b", role: .reader, workspace: "shop", expiresAtUs: now + 1_000_000, lastUsedAtUs: now - 60_000_000),
        APIKey(id: "3", name: "c", role: .worker, expiresAtUs: now),
        APIKey(id: "4", name: "d\u{1b}", role: .worker, revokedAtUs: 5),
      ])
    }
    let run = await CommandRun.headgate(["apikey", "list"], .init(control: control))
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(lines.count == 5 && lines[0].hasPrefix("NAME"))
    #expect(lines[1].contains("all") && lines[1].contains("valid") && lines[1].contains("never"))
    #expect(lines[2].contains("shop") && lines[2].contains("ends 2026-01-02T03:04:06"), "\(lines[2])")
    #expect(lines[3].contains("ended") && lines[4].contains("revoked") && !run.output.contains("\u{1b}"))
    let narrow = await CommandRun.headgate(["apikey", "list", "--no-color"], .init(control: control, isTerminal: true))
    #expect(narrow.output.split(separator: "\n").allSatisfy { DisplayWidth.of(String($0)) <= 80 }, "\(narrow.output)")
    let json = await CommandRun.headgate(["apikey", "list", "-o", "json"], .init(control: control))
    #expect(json.output.contains("\"expires_at\": null") && json.output.contains("\"last_used_at\": \"2026-01-02T03:03:05"))
  }

  @Test func revoking() async {
    let control = Self.control()
    let run = await CommandRun.headgate(["apikey", "revoke", "ci", "-w", "shop"], .init(control: control))
    #expect(run.status == 0 && run.output == "ci: revoked\n")
    #expect(control.requests(of: AccessServiceMethods.revokeKey) == [RevokeKeyRequest(workspace: "shop", key: "ci")])
    control.on(AccessServiceMethods.revokeKey) { _ in throw RPCError(.notFound, "there is no API key ci") }
    #expect(await CommandRun.headgate(["apikey", "revoke", "ci"], .init(control: control)).status == 3)
  }

  @Test func whoAmI() async {
    let run = await CommandRun.headgate(["whoami"], .init(control: Self.control()))
    #expect(run.status == 0 && run.output.contains("admin, reader") && run.output.contains("all"), "\(run.output)")
    let json = await CommandRun.headgate(["whoami", "-o", "json"], .init(control: Self.control(workspace: "shop")))
    #expect(json.output.contains("\"workspace\": \"shop\""))
  }

  @Test func theAuditLog() async {
    let control = FakeControlPlane()
    control.on(AccessServiceMethods.queryAudit) { request in
      QueryAuditResponse(
        records: [
          AuditRecord(
            id: "1", atUs: CommandRun.now.microseconds, principal: "admin", peer: "127.0.0.1:5", action: "trigger.reveal",
            object: "orders/hook", details: Array(#"{"reason": "set up", "note": ""}"#.utf8))
        ], nextCursor: request.cursor.isEmpty ? "more" : "")
    }
    let run = await CommandRun.headgate(
      [
        "audit", "query", "--action", "trigger.", "--principal", "admin", "--object", "orders/hook", "--since", "1h", "--limit",
        "1",
      ],
      .init(control: control))
    #expect(run.status == 0)
    #expect(run.output.contains("trigger.reveal") && run.output.contains("reason=set up") && !run.output.contains("note"))
    #expect(run.errors.contains("--cursor more"))
    let request = control.requests(of: AccessServiceMethods.queryAudit).first
    #expect(request?.action == "trigger." && request?.sinceUs == CommandRun.now.microseconds - 3_600_000_000)
    let all = await CommandRun.headgate(["audit", "query", "--all", "-o", "json"], .init(control: control))
    #expect(all.output.contains("\"next_cursor\": null") && all.output.contains("\"reason\": \"set up\""))
    let wrong = await CommandRun.headgate(["audit", "query", "--since", "1h", "--until", "2h"], .init(control: control))
    #expect(wrong.status == 2)
  }
}
