import HeadgateProto
import Testing

@testable import Client

@Suite struct ReplayCommandTests {
  private static let ids = (1...3).map { "01934a5e-0000-7000-8000-00000000000\($0)" }

  @Test(arguments: [
    ([], "name requests by id or by a filter"), ([Self.ids[0], "--trigger", "b/c"], "give ids or a filter, not both"),
    ([Self.ids[0], "--rate", "0"], "--rate is 1 to 1000"), (["--since", "1h", "--max", "100001"], "--max is 1 to 100000"),
    (["--since", "1h"], "not replayed: there is no terminal to ask on"),
    (["--since", "1h", "--until", "2h", "--yes"], "--since must be before --until"),
  ])
  func refuses(_ arguments: [String], _ message: String) async throws {
    let control = FakeControlPlane()
    let run = await CommandRun.headgate(["replay"] + arguments, .init(control: control))
    #expect(run.status == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(control.calls.isEmpty)
  }

  private static let results: [ReplayResult] = [
    ReplayResult(
      id: "one", newId: "new", outcomeBefore: .rejected, outcome: .accepted, causeBefore: .signatureWrong, output: "a",
      differences: [
        ReplayDifference(path: "outcome", before: Array("\"rejected\"".utf8), after: Array("\"accepted\"".utf8)),
        ReplayDifference(path: "variables.email", after: Array("\"a\\u001b\"".utf8)),
      ], total: 3),
    ReplayResult(id: "two", outcomeBefore: .accepted, skipped: "body_expired", message: "its body is not kept any more"),
    ReplayResult(id: "three", newId: "new3", outcomeBefore: .accepted, outcome: .accepted),
  ]

  private func control(_ results: [ReplayResult], _ error: RPCError? = nil) -> FakeControlPlane {
    let control = FakeControlPlane()
    control.on(stream: ReplayServiceMethods.replay) { _ in results.map { .message($0) } + (error.map { [.failure($0)] } ?? []) }
    return control
  }

  @Test func showsWhatBecameOfEach() async throws {
    let control = control(Self.results)
    let run = await CommandRun.headgate(["replay"] + Self.ids + ["--rate", "7"], .init(control: control))
    #expect(
      run.output == #"""
        one  signature_wrong → accepted  as new
          variables.email
            + "a\u001b"
        two  skipped: its body is not kept any more (body_expired)
        three  accepted  as new3
        2 replayed: 2 accepted; 1 skipped: 1 body_expired

        """#)
    #expect(
      control.requests(of: ReplayServiceMethods.replay) == [ReplayRequest(ids: Self.ids, rate: 7)])
  }

  @Test func aFilterIsSentAndAsked() async throws {
    let control = control([Self.results[1]])
    let refused = await CommandRun.headgate(["replay", "--trigger", "a/b"], .init(control: control, typed: ["n"]))
    #expect(refused.status == 1 && control.calls.isEmpty)
    let run = await CommandRun.headgate(
      ["replay", "--trigger", "a/b", "--outcome", "rejected", "--max", "5", "-w", "shop"], .init(control: control, typed: ["y"]))
    #expect(run.status == 1 && run.errors.contains("nothing was replayed"))
    #expect(
      control.requests(of: ReplayServiceMethods.replay) == [
        ReplayRequest(
          workspace: "shop", filter: QueryLogsRequest(trigger: "a/b", outcomes: [.rejected]), rate: 50, maxRequests: 5)
      ])
  }

  @Test func aDryRunShowsTheDifferences() async throws {
    var result = Self.results[0]
    result.newId = ""
    let run = await CommandRun.headgate(
      ["replay", "--since", "1h", "--dry-run"], .init(control: control([result, Self.results[2]]), isTerminal: true))
    #expect(run.status == 0)
    #expect(run.output.contains("three  accepted  as new3, nothing differs"))
    #expect(run.output.hasSuffix("2 would be replayed: 2 accepted; 1 would differ\n"), "\(run.output)")
    #expect(run.errors.contains("100%"))
  }

  @Test func forScripts() async throws {
    let run = await CommandRun.headgate(
      ["replay", Self.ids[0], "-o", "json"], .init(control: control(Self.results, RPCError(.unavailable, "gone"))))
    #expect(run.status == 5)
    let lines = run.output.split(separator: "\n")
    let first = try JSONReader.read(lines[0].utf8).json
    #expect(lines.count == 3 && first["cause_before"] == "signature_wrong" && first["cause"] == .null)
    #expect(run.errors.contains("2 replayed: 2 accepted; 1 skipped"))
    let none = await CommandRun.headgate(["replay", "--since", "1h", "--dry-run"], .init(control: control([])))
    #expect(none.output == "no requests match\n" && none.status == 0)
  }
}
