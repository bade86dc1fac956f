import HeadgateProto
import Inflation
import Testing

@testable import Client

@Suite struct LogsStreamTests {
  private static func entry(_ number: Int, ms: Int64 = 1_767_323_000_000) -> LogEntry {
    var entry = LogsCommandTests.accepted
    let time = String(ms + Int64(number), radix: 16)
    let padded = String(repeating: "0", count: 12 - time.count) + time
    entry.id = "\(padded.prefix(8))-\(padded.dropFirst(8))-7000-8000-000000000000"
    return entry
  }

  // MARK: tail

  @Test(arguments: [
    (["--until", "1h"], "--until has no meaning with tail"), (["-n", "1001"], "--lines is 0 to 1000"),
    (["--text", "ab"], "--text must be at least 3 bytes"), (["--json", "{"], "--json must be JSON"),
    (
      ["--customer", "01934a5e-0000-7000-8000-000000000001", "--customer", "01934a5e-0000-7000-8000-000000000002"],
      "--customer can be given once only"
    ),
  ])
  func tailRefuses(_ arguments: [String], _ message: String) async throws {
    let run = await CommandRun.headgate(["logs", "tail", "-f"] + arguments)
    #expect(run.status == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
  }

  @Test func tailWithoutFollowShowsTheNewestOldestFirst() async throws {
    let control = FakeControlPlane()
    control.on(LogServiceMethods.query) { request in
      request.cursor.isEmpty
        ? QueryLogsResponse(entries: [], nextCursor: "on")
        : QueryLogsResponse(entries: [Self.entry(2), Self.entry(1)], nextCursor: "more")
    }
    let run = await CommandRun.headgate(["logs", "tail", "-n", "2"], .init(control: control))
    #expect(run.status == 0)
    let ids = try run.output.split(separator: "\n").map { try JSONReader.read($0.utf8).json["id"] }
    #expect(ids == [.string(Self.entry(1).id), .string(Self.entry(2).id)])
    #expect(control.requests(of: LogServiceMethods.query).map(\.pageSize) == [2, 2])
  }

  @Test func tailGoesOnAfterABreakWithoutRepeating() async throws {
    let control = FakeControlPlane()
    control.on(LogServiceMethods.query) { _ in QueryLogsResponse(entries: [Self.entry(1)]) }
    control.on(LogServiceMethods.get) { _ in Self.entry(1) }
    let later = CommandRun.now.microseconds / 1000 + 200_000
    control.on(stream: LogServiceMethods.tail) { [control] _ in
      let isFirst = control.requests(of: LogServiceMethods.tail).count == 1
      return isFirst
        ? [
          .message(Self.entry(1)), .message(Self.entry(2)), .message(Self.entry(0, ms: later)),
          .failure(RPCError(.unavailable, "gone")),
        ]
        : [Self.entry(0, ms: later), Self.entry(7, ms: later - 30_000), Self.entry(1, ms: later)].map { .message($0) }
    }
    let run = await CommandRun.headgate(
      ["logs", "tail", "-f", "-n", "1", "--event", "x", "--whole"], .init(control: control))
    #expect(run.status == 0)
    let ids = try run.output.split(separator: "\n").map { try JSONReader.read($0.utf8).json["id"]?.text ?? "" }
    let wanted = [
      Self.entry(1), Self.entry(2), Self.entry(0, ms: later), Self.entry(7, ms: later - 30_000), Self.entry(1, ms: later),
    ].map(\.id)
    #expect(ids == wanted)
    #expect(run.errors == "the connection was lost; trying again\n")
    let requests = control.requests(of: LogServiceMethods.tail)
    #expect(requests.map { $0.filter?.event } == [Array("x".utf8), Array("x".utf8)])
    try #require(requests.count == 2)
    #expect(requests[0].after == Self.entry(1).id || requests[0].after < Self.entry(2).id)
    #expect(requests[1].after < Self.entry(7, ms: later - 30_000).id)
    #expect(requests.map(\.whole) == [true, true])
  }

  @Test func tailOnATerminalFitsTheLine() async throws {
    let control = FakeControlPlane()
    var long = LogsCommandTests.rejected
    long.event = Array(String(repeating: "é", count: 300).utf8)
    let entry = long
    control.on(LogServiceMethods.query) { _ in QueryLogsResponse(entries: [entry]) }
    let run = await CommandRun.headgate(["logs", "tail", "--no-color"], .init(control: control, isTerminal: true))
    #expect(run.output.hasPrefix("03:03:05  signature_wrong   401  orders/"), "\(run.output)")
    #expect(run.output.split(separator: "\n").allSatisfy { DisplayWidth.of(String($0)) <= 80 }, "\(run.output)")
  }

  // MARK: stats

  private static let statistics = LogStatsResponse(
    buckets: [
      LogStatsBucket(
        startUs: 1_767_315_600_000_000,
        outcomes: [
          OutcomeShare(outcome: .accepted, count: 900), OutcomeShare(outcome: .unrouted, count: 50),
          OutcomeShare(outcome: .rejected, cause: .signatureWrong, count: 1),
        ], processingP50Us: 850, processingP99Us: 12_300, bodyBytes: 600_000, leaseP50Us: 5000, leaseP99Us: 61_000_000),
      LogStatsBucket(startUs: 1_767_319_200_000_000),
    ], bucketSeconds: 3600)

  @Test func statsAreBarsWithinEightyColumns() async throws {
    let control = FakeControlPlane()
    control.on(LogServiceMethods.stats) { _ in Self.statistics }
    let run = await CommandRun.headgate(
      ["logs", "stats", "--since", "2h", "--bucket", "1h", "--no-color"], .init(control: control, isTerminal: true))
    #expect(run.status == 0)
    let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.allSatisfy { DisplayWidth.of(String($0)) <= 80 }, "\(run.output)")
    try #require(lines.count > 2)
    #expect(lines[1].hasPrefix("2026-01-02 01:00    951  █"), "\(run.output)")
    #expect(lines[1].contains("▒") && lines[1].contains("░") && lines[1].hasSuffix("850µs     12ms       1m1s"), "\(lines[1])")
    #expect(lines[2] == "2026-01-02 02:00      0", "\(lines[2])")
    #expect(run.output.contains("       900   94.6%  accepted\n"), "\(run.output)")
    #expect(run.output.contains("         1    0.1%  rejected, signature_wrong\n"))
    #expect(run.output.contains("       951          in all, 585.9 KiB of bodies\n"))
    #expect(
      control.requests(of: LogServiceMethods.stats) == [
        LogStatsRequest(filter: QueryLogsRequest(sinceUs: CommandRun.now.microseconds - 7_200_000_000), bucketSeconds: 3600)
      ])
  }

  @Test func statsForScripts() async throws {
    let control = FakeControlPlane()
    control.on(LogServiceMethods.stats) { _ in Self.statistics }
    let run = await CommandRun.headgate(["logs", "stats", "-o", "json"], .init(control: control))
    let json = try JSONReader.read(run.output.utf8).json
    guard case .array(let buckets) = json["buckets"] else { throw CommandFailure(.failure, "no buckets") }
    #expect(buckets.first?["count"] == .integer(951))
    #expect(buckets.first?["lease_p99_us"] == .integer(61_000_000) && buckets.last?["lease_p99_us"] == .null)
    let refused = await CommandRun.headgate(["logs", "stats", "--bucket", "500ms"])
    #expect(refused.status == 2 && refused.errors.contains("--bucket is 1s to 31d"))
    control.on(LogServiceMethods.stats) { _ in LogStatsResponse(buckets: [LogStatsBucket(startUs: 1)], bucketSeconds: 60) }
    #expect(await CommandRun.headgate(["logs", "stats"], .init(control: control)).output == "no requests match\n")
  }

  // MARK: export

  @Test(arguments: [
    ([], "--out"), (["--out", ""], "--out must not be empty"), (["--out", "-", "--resume"], "--resume needs a file"),
  ])
  func exportRefuses(_ arguments: [String], _ message: String) async throws {
    let run = await CommandRun.headgate(["logs", "export"] + arguments)
    #expect(run.status == 2 && run.errors.contains(message), "\(run.errors)")
  }

  @Test func anExportIsNotWrittenOverAFile() async throws {
    let directory = try TemporaryDirectory(["there.jsonl": "precious"])
    for arguments in [[], ["--resume"]] {
      let run = await CommandRun.headgate(["logs", "export", "--out", "there.jsonl"] + arguments, .init(directory: directory))
      #expect(run.status == 2, "\(run.errors)")
      #expect(directory.read("there.jsonl") == "precious")
    }
  }

  @Test(arguments: ["out.jsonl", "out.jsonl.gz"])
  func anExportThatBreaksIsResumed(name: String) async throws {
    let directory = try TemporaryDirectory()
    let control = FakeControlPlane()
    let all = (0..<50).map { Self.entry(50 - $0) }
    control.on(stream: LogServiceMethods.export) { request in
      let start = Int(request.filter?.cursor ?? "") ?? 0
      let messages = all[start...].enumerated().map { index, entry -> FakeControlPlane.StreamStep<ExportedLog> in
        .message(
          ExportedLog(entry: entry, cursor: "\(start + index + 1)", totalEstimate: index == 0 ? 50 : 0))
      }
      return start == 0 ? messages.prefix(20) + [.failure(RPCError(.unavailable, "gone"))] : messages
    }
    let broken = await CommandRun.headgate(["logs", "export", "--out", name], .init(control: control, directory: directory))
    #expect(broken.status == 5 && broken.errors.contains("20 requests are in \(name); go on with --resume"), "\(broken.errors)")
    #expect(directory.read(name + ".resume").contains("\"cursor\":\"20\""))
    let resumed = await CommandRun.headgate(
      ["logs", "export", "--out", name, "--resume"], .init(control: control, directory: directory, isTerminal: true))
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output.hasPrefix("50 requests in \(name), "), "\(resumed.output)")
    #expect(resumed.errors.contains("100%  50, "), "\(resumed.errors)")
    #expect(directory.read(name + ".resume").isEmpty)
    var bytes = try FileReading.bytes(of: directory.path + "/" + name)
    if name.hasSuffix(".gz") { bytes = try Inflation.inflate(bytes, .gzip, limit: 1 << 20) }
    let ids = try String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
      try JSONReader.read($0.utf8).json["id"]?.text
    }
    #expect(ids == all.map(\.id))
    let again = await CommandRun.headgate(
      ["logs", "export", "--out", name, "--resume"], .init(control: control, directory: directory))
    #expect(again.status == 2 && again.errors.contains("there is nothing to resume"))
  }

  @Test func anExportGoesToStandardOutput() async throws {
    let control = FakeControlPlane()
    control.on(stream: LogServiceMethods.export) { _ in
      [.message(ExportedLog(entry: Self.entry(1), cursor: "1", totalEstimate: 1))]
    }
    let run = await CommandRun.headgate(["logs", "export", "--out", "-", "--text", "abc"], .init(control: control))
    #expect(run.status == 0 && run.output.split(separator: "\n").count == 1)
    #expect(try JSONReader.read(run.output.utf8).json["body"] == "{}")
    #expect(control.requests(of: LogServiceMethods.export).first?.filter?.bodyText == "abc")
  }

  // MARK: show

  @Test func showTellsOfBindingAndParts() async throws {
    var entry = LogsCommandTests.accepted
    entry.deliveryId = Array("evt_1".utf8)
    entry.duplicateOf = "first"
    entry.bindings = [
      BindingReport(
        node: "orders/hook", customerOutcome: "found", customerId: "c1", foundBy: "email",
        fields: [BoundField(field: "phone", original: Array("11 9".utf8), value: "+55119", action: "added")],
        otherMatches: [OtherMatch(customerId: "c2", field: "phone")], chatOutcome: "created", chatId: "ch1")
    ]
    entry.explanation?.parts = [
      ExplainedPart(node: "orders/hook", element: 0, output: "a", entryNode: "next", outcome: .accepted),
      ExplainedPart(node: "orders/hook", element: 1, outcome: .rejected, cause: .requiredMissing, refusedAt: "map[0].x"),
    ]
    let shown = entry
    let control = FakeControlPlane()
    control.on(LogServiceMethods.get) { _ in shown }
    let run = await CommandRun.headgate(["logs", "show", entry.id], .init(control: control))
    for line in [
      "delivery id   evt_1", "repeats       first", "Customer c1 was found by email.", "phone leads to another customer, c2.",
      "Chat ch1 was created.", "phone: added, 11 9 as +55119", "Element 0 at orders/hook: output a leads to next.",
      "Element 1 at orders/hook: refused at map[0].x: a required variable has no value.",
    ] { #expect(run.output.contains(line + "\n"), "\(run.output)") }
    let json = try JSONReader.read(
      await CommandRun.headgate(["logs", "show", entry.id, "-o", "json"], .init(control: control)).output.utf8
    ).json
    #expect(json["delivery_id"] == "evt_1" && json["duplicate_of"] == "first")
    guard case .array(let bindings) = json["bindings"] else { throw CommandFailure(.failure, "no bindings") }
    #expect(bindings.first?["customer"]?["found_by"] == "email")
  }
}
