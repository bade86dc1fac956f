import HeadgateProto
import Synchronization
import Testing

@testable import Client

@Suite struct TopCommandTests {
  private static func report(_ accepted: UInt64, instance: String = "i") -> StatusReport {
    StatusReport(
      agent: "headgate-control/0.1.0", instanceId: instance, startedAtUs: 1_767_319_445_000_000, ready: true,
      peers: [ConnectedPeer(principal: "edge-1", agent: "headgate-edge/0.1.0", address: "127.0.0.1:50000", roles: [.edge])],
      runsReady: 3, oldestReadyRunUs: 90_000_000, ingestQueue: 12,
      outcomes: [OutcomeCount(outcome: "accepted", count: accepted), OutcomeCount(outcome: "rejected", count: 7)],
      listenSessions: 2, submitP50Us: 1500, submitP99Us: 9000, recorded: accepted)
  }

  /// Answers with one report after the other; the last one again and again.
  private static func control(_ reports: [Result<StatusReport, RPCError>]) -> FakeControlPlane {
    let left = Mutex(reports[...])
    let control = FakeControlPlane()
    control.on(StatusServiceMethods.get) { _ in
      let next = left.withLock { left in left.count > 1 ? left.removeFirst() : left[left.startIndex] }
      return try next.get()
    }
    return control
  }

  private static let arguments = ["top", "--interval", "10ms", "--count", "2"]

  @Test(arguments: [
    ["--interval", "0"], ["--interval", "9ms"], ["--interval", "2h"], ["--count", "0"], ["--count", "-1"],
    ["--interval", "soon"],
  ])
  func refuses(_ arguments: [String]) async {
    let run = await CommandRun.headgate(["top"] + arguments, .init(control: Self.control([.success(Self.report(0))])))
    #expect(run.status == 2)
    #expect(run.output.isEmpty)
  }

  @Test func isAFailureWhenNothingAnswersAtFirst() async {
    let run = await CommandRun.headgate(
      Self.arguments, .init(control: Self.control([.failure(RPCError(.unavailable, "the server is shutting down"))])))
    #expect(run.status == 5)
  }

  @Test func pipedItIsALineOfJSONForEachInterval() async throws {
    let control = Self.control([10, 20, 20].map { .success(Self.report($0)) })
    let run = await CommandRun.headgate(Self.arguments, .init(control: control))
    #expect(run.status == 0)
    let lines = try run.output.split(separator: "\n").map { try JSONReader.read($0.utf8).json }
    #expect(lines.count == 2)
    #expect(lines[0]["outcomes_per_s"]?["rejected"]?.compact == "0.0")
    #expect(lines[0]["outcomes_per_s"]?["accepted"]?.compact != "0.0")
    #expect(lines[1]["requests_per_s"]?.compact == "0.0")
    #expect(lines[1]["submit_p99_us"]?.compact == "9000")
    #expect(lines[1]["runs"]?["ready"]?.compact == "3")
    #expect(lines[1]["at"] == "2026-01-02T03:04:05.000000Z")
  }

  /// Another process counts from nothing.
  @Test func anotherControlPlaneHasNoRates() async throws {
    let control = Self.control([.success(Self.report(10)), .success(Self.report(500, instance: "j"))])
    let run = await CommandRun.headgate(["top", "--interval", "10ms", "--count", "1"], .init(control: control))
    #expect(try JSONReader.read(run.output.utf8).json["requests_per_s"]?.compact == "null")
  }

  @Test func whatGoesAwayMeanwhileIsShownAndWaitedFor() async throws {
    let control = Self.control([
      .success(Self.report(10)), .failure(RPCError(.unavailable, "the server is shutting down")), .success(Self.report(20)),
    ])
    let run = await CommandRun.headgate(Self.arguments, .init(control: control))
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].contains(#""error":"the server is shutting down""#))
    #expect(lines[1].contains("\"ready\":true"))
  }

  @Test func onATerminalTheViewIsDrawnAnew() async throws {
    let control = Self.control([10, 20, 20].map { .success(Self.report($0)) })
    let run = await CommandRun.headgate(Self.arguments + ["--no-color"], .init(control: control, isTerminal: true))
    #expect(run.status == 0)
    let drawings = run.output.split(separator: "\u{1b}[", omittingEmptySubsequences: true)
    // Up over the lines of the first drawing, and clear.
    let lines = drawings[0].split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    #expect(drawings[1] == "\(lines.count)A\r")
    #expect(drawings[2].hasPrefix("J"))
    #expect(lines.allSatisfy { $0.count <= 80 })
    #expect(lines.contains { $0.hasPrefix("took") && $0.hasSuffix("p50 1ms, p99 9ms since the start") })
    #expect(lines.contains { $0.hasSuffix("3 ready, the oldest waits 1m 30s, 0 leased, 0 dead") })
    #expect(lines.contains { $0.hasPrefix("edge-1") })
  }

  @Test func anInterruptEndsIt() async throws {
    let control = Self.control([.success(Self.report(10))])
    let setting = CommandRun.Setting(
      control: control, stopRequests: { AsyncStream { continuation in continuation.yield() } })
    let run = await CommandRun.headgate(["top", "--interval", "1h"], setting)
    #expect(run.status == 0)
  }

  @Test(arguments: [(0.0, "0.0"), (0.04, "0.0"), (12.34, "12.3"), (99.94, "99.9"), (99.96, "100"), (1234.5, "1235"), (-1, "0.0")])
  func rates(_ rate: Double, _ text: String) { #expect(TopRates.text(rate) == text) }
}
