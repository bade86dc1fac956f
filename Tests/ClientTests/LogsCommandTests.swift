import HeadgateProto
import Testing

@testable import Client

@Suite struct LogsCommandTests {
  private static let id = "01934a5e-0000-7000-8000-000000000000"

  static let rejected = LogEntry(
    id: id, triggerId: "0190", trigger: "orders/hook", receivedAtUs: 1_767_322_985_123_456, method: Array("POST".utf8),
    path: Array("/extra".utf8), query: Array("x=1&y=\u{1b}[2J".utf8), clientAddress: [203, 0, 113, 7],
    origin: Array("https://shop.example.com".utf8), outcome: .rejected, cause: .signatureWrong, status: 401,
    bodyBytes: 30, flowVersion: 3, processingUs: 1234,
    headers: [
      Header(name: Array("content-type".utf8), value: Array("application/json".utf8)),
      Header(name: Array("x-evil".utf8), value: Array("a\r\nforged: \u{9b}1m".utf8) + [0xff]),
    ],
    body: Array(#"{"n":9007199254740993,"x":1e400,"t":"\u001b[31m"}"#.utf8),
    explanation: Explanation(
      refusedAt: "query.signature", refusedBecause: "The signature does not match the bytes received."))

  static let accepted = LogEntry(
    id: id, trigger: "orders/hook", receivedAtUs: 1_767_322_985_123_456, method: Array("POST".utf8),
    clientAddress: [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1], outcome: .accepted, status: 200,
    event: Array("order_refunded".utf8), output: "refunded", bodyBytes: 2, flowVersion: 3, processingUs: 800,
    body: Array("{}".utf8),
    explanation: Explanation(
      eventPath: "body.event", eventValue: Array("order_refunded".utf8), eventPresent: true,
      cases: [
        CaseComparison(caseId: "approved", value: Array("order_approved".utf8), matched: false),
        CaseComparison(caseId: "refunded", value: Array("order_refunded".utf8), matched: true),
      ], output: "refunded", entryNode: "other",
      notes: [
        Note(at: "map[1].amount", code: "default_used", message: "no value at body.items[0].amount, so the default 0 was taken")
      ]),
    runs: [
      LogRun(
        id: "run-1", flow: "orders", entryNode: "other", state: "ready", attempt: 0, variables: Array(#"{"amount":0.10}"#.utf8))
    ])

  private func control(_ entry: LogEntry) -> FakeControlPlane {
    let control = FakeControlPlane()
    control.on(LogServiceMethods.get) { _ in entry }
    return control
  }

  @Test func showSaysWhyARequestWasRefused() async throws {
    let run = await CommandRun.headgate(["logs", "show", Self.id], .init(control: control(Self.rejected)))
    #expect(
      run.output == #"""
        request       01934a5e-0000-7000-8000-000000000000
        trigger       orders/hook
        received      2026-01-02T03:03:05.123Z
        method        POST /extra
        from          203.0.113.7
        origin        https://shop.example.com
        result        signature_wrong
        answered      401
        flow version  3
        took          1ms

        what happened
        Refused at query.signature: The signature does not match the bytes received.
        Refused with status 401 (signature_wrong).

        query
        x=1&y=\x1b[2J

        headers
        content-type: application/json
        x-evil: a\r\nforged: \x9b1m\xff

        body, 30 bytes
        {
          "n": 9007199254740993,
          "x": 1e400,
          "t": "\u001b[31m"
        }

        """#)
  }

  @Test func showSaysWhichOutputWasTaken() async throws {
    let run = await CommandRun.headgate(["logs", "show", Self.id], .init(control: control(Self.accepted)))
    #expect(run.output.contains("from          2001:db8::1\n"))
    #expect(
      run.output.contains(
        #"""
        what happened
        The event at body.event is "order_refunded".
        Case approved, "order_approved": not equal.
        Case refunded, "order_refunded": equal.
        Output refunded leads to the node other.
        Note on map[1].amount: no value at body.items[0].amount, so the default 0 was taken
        Accepted; 1 run was started.

        runs
        RUN    FLOW    NODE   STATE  ATTEMPT
        run-1  orders  other  ready        0

        variables of run-1
        {
          "amount": 0.10
        }
        """#), "\(run.output)")
  }

  @Test func everyOutcomeAndCauseHasWords() {
    for outcome in Outcome.allCases {
      let lines = ExplanationWords.lines(LogEntry(outcome: outcome, status: 200, explanation: Explanation()))
      #expect(lines.count == 1 && lines.allSatisfy { $0.hasSuffix(".") }, "\(outcome)")
    }
    let reasons = Cause.allCases.map { ExplanationWords.lines(LogEntry(outcome: .rejected, cause: $0, status: 400)).joined() }
    #expect(Set(reasons).count == Cause.allCases.count)
  }

  @Test func showForScriptsHasEverything() async throws {
    let run = await CommandRun.headgate(["logs", "show", Self.id, "-o", "json"], .init(control: control(Self.rejected)))
    let json = try JSONReader.read(run.output.utf8).json
    #expect(json["body"] == .string(#"{"n":9007199254740993,"x":1e400,"t":"\u001b[31m"}"#))
    #expect(json["body_base64"] == .null)
    #expect(json["ip"] == "203.0.113.7")
    #expect(json["cause"] == "signature_wrong")
    #expect(json["received_at"] == "2026-01-02T03:03:05.123456Z")
    #expect(json["explanation"]?["refused_at"] == "query.signature")
    #expect(!run.output.unicodeScalars.contains { $0 != "\n" && TerminalText.isUnsafe($0) })
  }

  @Test(
    arguments: [
      ([0xff, 0xd8, 0x00, 0x41], "000000  ff d8 00 41                                      ...A"),
      (Array("a=1&b=2".utf8), "a=1&b=2"),
      (Array("{\"a\":".utf8), "{\"a\":"), (Array("line\u{1b}\n\tnext".utf8), "line\\x1b\n\tnext"),
    ] as [([UInt8], String)])
  func bodies(_ body: [UInt8], _ shown: String) {
    #expect(BodyLines.lines(body).joined(separator: "\n") == shown)
  }

  @Test func aBinaryBodyIsInBase64ForScripts() async throws {
    var entry = Self.accepted
    entry.body = [0xff, 0xd8]
    let json = try JSONReader.read(
      await CommandRun.headgate(["logs", "show", Self.id, "-o", "json"], .init(control: control(entry))).output.utf8)
    #expect(json.json["body"] == .null)
    #expect(json.json["body_base64"] == "/9g=")
    entry.body = []
    entry.bodyAbsent = "expired"
    let shown = await CommandRun.headgate(["logs", "show", Self.id], .init(control: control(entry)))
    #expect(shown.output.hasSuffix("body, 2 bytes\n(no longer kept)\n"))
  }

  @Test func filtersAreSentAsTheyAre() async throws {
    let control = FakeControlPlane()
    control.on(LogServiceMethods.query) { _ in QueryLogsResponse(entries: [Self.rejected], nextCursor: "next") }
    let run = await CommandRun.headgate(
      [
        "logs", "query", "-w", "shop", "--trigger", "orders/hook", "--flow", "orders", "--outcome", "rejected", "--outcome",
        "accepted",
        "--cause", "signature_wrong", "--status", "401", "--event", "", "--ip", "203.0.113.0/24", "--since", "1h", "--until",
        "2026-01-02T03:00:00Z", "--limit", "1",
      ], .init(control: control))
    #expect(run.status == 0)
    #expect(
      control.requests(of: LogServiceMethods.query) == [
        QueryLogsRequest(
          workspace: "shop", trigger: "orders/hook", flow: "orders", outcomes: [.rejected, .accepted], causes: [.signatureWrong],
          status: 401, event: [], address: "203.0.113.0/24", sinceUs: CommandRun.now.microseconds - 3_600_000_000,
          untilUs: 1_767_322_800_000_000, pageSize: 1)
      ])
    #expect(run.errors == "more: add --cursor next\n")
  }

  @Test func aTableFitsEightyColumns() async throws {
    let control = FakeControlPlane()
    var long = Self.accepted
    long.trigger = "a-long-flow-name/with-a-long-node"
    long.event = Array("注文が確定しました\u{202e}".utf8)
    control.on(LogServiceMethods.query) { [long] _ in QueryLogsResponse(entries: [Self.rejected, long]) }
    let run = await CommandRun.headgate(["logs", "query", "--no-color"], .init(control: control, isTerminal: true))
    #expect(
      run.output == """
        ID                                    WHEN     TRIGGER     RESULT           HTTP
        01934a5e-0000-7000-8000-000000000000  59s ago  orders/ho…  signature_wrong   401
        01934a5e-0000-7000-8000-000000000000  59s ago  a-long-fl…  accepted          200

        """)
    control.on(LogServiceMethods.query) { [long] _ in QueryLogsResponse(entries: [long]) }
    let accepted = await CommandRun.headgate(["logs", "query", "--no-color"], .init(control: control, isTerminal: true))
    #expect(
      accepted.output == """
        ID                                    WHEN     TRIGGER  RESULT    HTTP  EVENT
        01934a5e-0000-7000-8000-000000000000  59s ago  a-long…  accepted   200  注文が…

        """)
  }

  @Test(arguments: Cause.allCases)
  func theResultStaysWholeInEightyColumns(_ cause: Cause) async throws {
    let control = FakeControlPlane()
    var entry = Self.rejected
    entry.cause = cause
    entry.event = Array("order_approved".utf8)
    control.on(LogServiceMethods.query) { [entry] _ in QueryLogsResponse(entries: [entry]) }
    let run = await CommandRun.headgate(["logs", "query", "--no-color"], .init(control: control, isTerminal: true))
    #expect(run.output.contains(" \(entry.result)"))
    #expect(run.output.split(separator: "\n").allSatisfy { DisplayWidth.of($0) <= 80 }, "\(run.output)")
  }

  @Test func anEmptyEventIsNotNoEvent() async throws {
    var entry = Self.accepted
    entry.event = []
    #expect(entry.json["event"] == "")
    entry.explanation?.eventPresent = false
    #expect(entry.json["event"] == .null)
  }

  @Test func allReadsEveryPage() async throws {
    let control = FakeControlPlane()
    control.on(LogServiceMethods.query) { request in
      QueryLogsResponse(
        entries: [LogEntry(id: "after \(request.cursor)")],
        nextCursor: request.cursor == "3" ? "" : String((Int(request.cursor) ?? 0) + 1))
    }
    let run = await CommandRun.headgate(["logs", "query", "--all", "-o", "json"], .init(control: control))
    let json = try JSONReader.read(run.output.utf8).json
    guard case .array(let entries)? = json["entries"] else {
      Issue.record("no array")
      return
    }
    #expect(json["next_cursor"] == .null)
    #expect(entries.map { $0["id"] } == ["after ", "after 1", "after 2", "after 3"])
    #expect(run.errors.isEmpty)
  }

  @Test(arguments: [
    (["--outcome", "fine"], "fine"), (["--cause", "unspecified"], "unspecified"), (["--since", "yesterday"], "yesterday"),
    (["--limit", "0"], "1 or more"), (["--status", "x"], "x"),
    (["--since", "1h", "--until", "2h"], "--since must be before --until"),
    (["--status", "200", "--status", "401"], "--status can be given once only"),
    (["--trigger", "a/b", "--trigger", "a/b"], "--trigger can be given once only"),
    (["--flow", "a", "--flow", "b"], "--flow can be given once only"),
    (["--event", "a", "--event", ""], "--event can be given once"),
    (["--ip", "192.0.2.1", "--ip", "192.0.2.2"], "--ip can be given once only"),
  ])
  func refuses(_ arguments: [String], _ message: String) async throws {
    let control = FakeControlPlane()
    let run = await CommandRun.headgate(["logs", "query"] + arguments, .init(control: control))
    #expect(run.status == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(control.calls.isEmpty)
  }
}
