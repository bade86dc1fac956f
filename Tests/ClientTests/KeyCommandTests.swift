import HeadgateProto
import RPC
import Testing

@testable import Client

@Suite(.timeLimit(.minutes(1))) struct KeyCommandTests {
  private static func run(_ arguments: [String], _ keys: FakeKeys = FakeKeys(), isTerminal: Bool = false) async throws
    -> CommandRun
  {
    let pair = try InProcessPair(handlers: keys.methods, principal: Principal(name: "test", roles: [.admin]))
    let run = await CommandRun.headgate(
      ["key"] + arguments, .init(isTerminal: isTerminal, connect: { _ in OpenConnection(caller: pair) }))
    await pair.shutdown()
    return run
  }

  @Test func theStatusSaysWhatCanGo() async throws {
    let run = try await Self.run(["status"])
    #expect(run.status == 0)
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(lines.contains { $0.contains("1") && $0.contains("not in use") })
    #expect(lines.contains { $0.contains("3") && $0.contains("missing here") })
    #expect(lines.contains { $0.hasPrefix("shop") && $0.contains("current") && $0.contains("12") }, "\(run.output)")
    let json = try await Self.run(["status", "-o", "json"])
    #expect(json.output.contains("\"available\": false") && json.output.contains("\"secrets\": 12"))
  }

  @Test(arguments: ["rotate", "rewrap"])
  func progressIsALineOnATerminalAndTheEndElsewhere(command: String) async throws {
    let run = try await Self.run([command])
    #expect(run.status == 0 && run.output == "all done\n" && run.errors.isEmpty)
    let live = try await Self.run([command], isTerminal: true)
    #expect(live.errors.contains("\r████████████············ 50%  5 of about 10"), "\(live.errors)")
    #expect(live.errors.contains("\r████████████████████████ 100%  10\u{1b}[K\n"), "\(live.errors)")
    #expect(live.output == "all done\n")
    let json = try await Self.run([command, "-o", "json"])
    #expect(json.output.contains("\"done\": 10"))
  }

  @Test func aFailureOnTheWayIsOne() async throws {
    let run = try await Self.run(["rotate"], FakeKeys(fails: true))
    #expect(run.status == 1 && run.output.isEmpty)
    #expect(run.errors.contains("being given a new data key"))
  }

}

private struct FakeKeys: KeyServiceHandler {
  var fails = false

  func status(_ request: KeyStatusRequest, context: CallContext) async throws -> KeyStatusResponse {
    KeyStatusResponse(
      masterKeys: [
        MasterKeyInfo(version: 1, available: true), MasterKeyInfo(version: 2, current: true, available: true, dataKeys: 1),
        MasterKeyInfo(version: 3, dataKeys: 1),
      ], dataKeys: [DataKeyInfo(workspace: "shop", version: 4, masterKeyVersion: 2, current: true, secrets: 12)])
  }

  func rotate(_ request: RotateKeyRequest, context: CallContext, writer: MessageWriter<KeyProgress>) async throws {
    try await change(writer)
  }

  func rewrap(_ request: RewrapKeysRequest, context: CallContext, writer: MessageWriter<KeyProgress>) async throws {
    try await change(writer)
  }

  private func change(_ writer: MessageWriter<KeyProgress>) async throws {
    try await writer.write(KeyProgress(done: 5, total: 10))
    if fails { throw RPCError(.aborted, "the workspace is being given a new data key already") }
    try await writer.write(KeyProgress(done: 10, total: 10, summary: "all done"))
  }
}
