import HeadgateProto
import Identifiers
import Synchronization
import Testing

@testable import Client

@Suite("headgate listen")
struct ListenCommandTests {
  static let sessionID = "0f0e0d0c-0000-4000-8000-000000000000"

  static func session(_ state: ListenState, mode: ListenMode = .tap, trigger: String = "orders/hook") -> ListenEvent {
    ListenEvent(
      session: ListenSession(
        id: sessionID, trigger: trigger, mode: mode, state: state, createdAtUs: CommandRun.now.microseconds,
        expiresAtUs: CommandRun.now.microseconds + 600_000_000, principal: "ana", url: "/w/wh_key"))
  }

  static func request(_ number: Int, _ entry: LogEntry = LogsCommandTests.accepted, leaves: [Leaf] = []) -> ListenEvent {
    var entry = entry
    entry.id = id(number)
    return ListenEvent(request: entry, leaves: leaves)
  }

  static func id(_ number: Int) -> String { "01934a5e-0000-7000-8000-00000000000\(number)" }

  static func leaf(_ path: String, _ value: String, _ type: String = "string") -> Leaf {
    Leaf(path: path, value: Array(value.utf8), type: type)
  }

  private static func control(_ streams: [[FakeControlPlane.StreamStep<ListenEvent>]]) -> FakeControlPlane {
    let control = FakeControlPlane()
    let rest = Mutex(streams[...])
    control.on(stream: ListenServiceMethods.listen) { _ in rest.withLock { $0.popFirst() } ?? [] }
    control.on(ListenServiceMethods.cancel) { _ in session(.cancelled).session ?? ListenSession() }
    return control
  }

  @Test(
    "wrong arguments are named",
    arguments: [
      (["listen"], "a trigger is needed"), (["listen", "o/h", "--mode", "spy"], "--mode"),
      (["listen", "o/h", "--time", "25h"], "--time is 1s to 24h"), (["listen", "o/h", "--max", "0"], "--max is 1 to 10000"),
      (["listen", "--session", "01934a5e-0000-7000-8000-000000000001", "--max", "2"], "leave them out with --session"),
      (["listen", "o/h", "--map", "email"], "--map"),
      (["listen", "o/h", "--publish"], "--publish needs"),
      (["listen", "--session", "01934a5e-0000-7000-8000-000000000001", "--map", "a=ip"], "need the trigger's name"),
    ])
  func usage(_ arguments: [String], _ message: String) async {
    let run = await CommandRun.headgate(arguments)
    #expect(run.status == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(run.output.isEmpty)
  }

  @Test("a session that does not come about is an error, and nothing is tried again")
  func refused() async {
    let control = Self.control([[.failure(RPCError(.notFound, "there is no trigger o/h"))]])
    let run = await CommandRun.headgate(["listen", "o/h"], .init(control: control))
    #expect((run.status, run.output) == (3, ""))
    #expect(run.errors == "error: there is no trigger o/h\n")
    #expect(control.requests(of: ListenServiceMethods.listen).count == 1)
  }

  @Test("piped there is one JSON object per line")
  func piped() async throws {
    let control = Self.control([
      [
        .message(Self.session(.waiting)), .message(Self.request(1, leaves: [Self.leaf("body.n", "9007199254740993", "number")])),
        .message(Self.session(.received)), .message(ListenEvent(lagged: 3)), .message(Self.session(.completed)),
      ]
    ])
    let run = await CommandRun.headgate(
      ["listen", "orders/hook", "--mode", "capture", "--time", "90s", "--max", "2"], .init(control: control))
    #expect(run.status == 0)
    let asked = try #require(control.requests(of: ListenServiceMethods.listen).first)
    #expect(
      asked == ListenRequest(trigger: "orders/hook", mode: .capture, timeLimitSeconds: 90, maxRequests: 2))
    let lines = try run.output.split(separator: "\n").map { try JSONReader.read(Array($0.utf8)).json }
    #expect(lines.map { $0["event"]?.text } == ["session", "request", "session", "lagged", "session"])
    #expect(lines[0]["session"]?["state"]?.text == "waiting")
    #expect(lines[1]["request"]?["id"]?.text == Self.id(1))
    #expect(lines[1]["leaves"]?.compact == #"[{"path":"body.n","type":"number","value":9007199254740993}]"#)
    #expect(lines[3]["count"]?.compact == "3")
  }

  @Test("after a cut the session goes on, and what comes twice is shown once")
  func resume() async throws {
    let control = Self.control([
      [
        .message(Self.session(.waiting)), .message(Self.request(2)), .message(Self.request(1)),
        .failure(RPCError(.unavailable, "gone")),
      ],
      [.failure(RPCError(.unavailable, "still gone"))],
      [
        .message(Self.session(.received)), .message(Self.request(1)), .message(Self.request(3)), .message(Self.session(.expired)),
      ],
    ])
    let run = await CommandRun.headgate(["listen", "orders/hook", "-o", "json"], .init(control: control))
    #expect(run.status == 0)
    let ids = run.output.split(separator: "\n").compactMap { line in
      (try? JSONReader.read(Array(line.utf8)))?.json["request"]?["id"]?.text
    }
    #expect(ids == [Self.id(2), Self.id(1), Self.id(3)])
    let asked = control.requests(of: ListenServiceMethods.listen)
    #expect(asked.count == 3)
    #expect(asked[1].sessionId == Self.sessionID)
    #expect(asked[1].after == Self.id(2))
    #expect(Set(asked[1].seen) == Set([1, 2].compactMap { UniqueID(Self.id($0))?.bytes }))
    #expect(asked[1].trigger.isEmpty && asked[1].maxRequests == 0)
    #expect(run.errors.contains("interrupted, going on as soon as possible: gone"))
    #expect(!run.errors.contains("still gone"))
  }

  @Test("a session that is not there any more ends the command")
  func lost() async {
    let control = Self.control([
      [.message(Self.session(.waiting)), .failure(RPCError(.unavailable, "gone"))],
      [.failure(RPCError(.notFound, "there is no listen session"))],
    ])
    let run = await CommandRun.headgate(["listen", "orders/hook"], .init(control: control))
    #expect(run.status == 3)
  }

  @Test("an interrupt cancels the session and says so")
  func interrupt() async {
    let control = Self.control([[.message(Self.session(.waiting)), .message(Self.request(1)), .silence]])
    let (stops, continuation) = AsyncStream.makeStream(of: Void.self)
    var setting = CommandRun.Setting(control: control, isTerminal: true)
    setting.stopRequests = { stops }
    let output = setting.output
    async let finished = CommandRun.headgate(["listen", "orders/hook", "--no-color"], setting)
    await output.wait(for: Self.id(1))
    continuation.yield()
    let run = await finished
    #expect(run.status == 0)
    #expect(run.output.contains("The session was cancelled: 1 request.\n"))
    #expect(control.requests(of: ListenServiceMethods.cancel).map(\.id) == [Self.sessionID])
  }

  @Test("on a terminal: where to call, a tree with paths, the cause, and what could be allowed")
  func terminal() async {
    var refused = LogsCommandTests.rejected
    refused.cause = .ipNotAllowed
    var second = Self.request(2, refused)
    second.allowIp = "203.0.113.7"
    let leaves = [
      Self.leaf("body.user.email", #""ana@example.com""#), Self.leaf(#"body["odd \"key\""]"#, "true", "boolean"),
      Self.leaf("body.items[0].name", #""\#(String(repeating: "x", count: 200))""#), Self.leaf("method", #""POST""#),
      Self.leaf("body.items[0].\(String(repeating: "long", count: 20))", "1", "number"),
      Self.leaf("query.evil", "\"\u{1b}[31m\""),
    ]
    let control = Self.control([
      [
        .message(Self.session(.waiting, mode: .capture)), .message(Self.request(1, leaves: leaves)), .message(second),
        .message(ListenEvent(lagged: 3)), .message(Self.session(.expired)),
      ]
    ])
    var setting = CommandRun.Setting(control: control, isTerminal: true)
    setting.variables["TERM"] = "dumb"
    let run = await CommandRun.headgate(["listen", "orders/hook"], setting)
    #expect(run.status == 0)
    #expect(
      run.output == #"""
        listening to orders/hook (capture: recorded and answered, no run starts)
        call it at   /w/wh_key
        session      0f0e0d0c-0000-4000-8000-000000000000, ends 2026-01-02T03:14:05.000Z

        ● 03:03:05.123 POST  accepted  200  01934a5e-0000-7000-8000-000000000001
          from 2001:db8::1
          The event at body.event is "order_refunded".
          Case approved, "order_approved": not equal.
          Case refunded, "order_refunded": equal.
          Output refunded leads to the node other.
          Note on map[1].amount: no value at body.items[0].amount, so the default 0 was
            taken
          body
          ├ user
          │ └ email  "ana@example.com"  body.user.email
          ├ odd "key"  true  body["odd \"key\""]
          └ items
            └ [0]
              ├ name  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…  body.items[0].name
              └ longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglong  1
                body.items[0].longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglong
          query
          └ evil  "\x1b[31m"  query.evil
          map one: headgate logs map 01934a5e-0000-7000-8000-000000000001 NAME=PATH

        ● 03:03:05.123 POST /extra  ip_not_allowed  401  01934a5e-0000-7000-8000-000000000002
          from 203.0.113.7, origin https://shop.example.com
          Refused at query.signature: The signature does not match the bytes received.
          Refused with status 401 (ip_not_allowed).
          allow it: headgate trigger amend orders/hook --allow-ip 203.0.113.7 --publish

        3 requests were left out here, because this terminal is too slow; see: headgate logs query --trigger orders/hook

        The session's time is over: 2 requests.

        """#)
  }

  @Test("a live terminal has a waiting line that is erased before each request")
  func waiting() async {
    let control = Self.control([
      [.message(Self.session(.waiting)), .message(Self.request(1)), .message(Self.session(.completed))]
    ])
    let run = await CommandRun.headgate(["listen", "orders/hook", "--no-color"], .init(control: control, isTerminal: true))
    // Which picture of the spinner it is depends on the machine's load.
    let lines = run.output.split(separator: "\r\u{1b}[2K")
    #expect(lines.contains { $0.dropFirst().hasPrefix(" waiting for the first request, 10m 0s left, Ctrl-C ends") })
    #expect(run.output.contains("1 request, 10m 0s left"))
    #expect(run.output.hasSuffix("\r\u{1b}[2K\nThe session is complete: 1 request.\n"))
  }

  @Test("what is to be mapped and allowed is put into the draft first")
  func amend() async throws {
    let control = Self.control([[.message(Self.session(.expired))]])
    control.on(TriggerServiceMethods.amend) { _ in Trigger(flow: "orders", node: "hook", revision: 7) }
    let run = await CommandRun.headgate(
      [
        "listen", "orders/hook", "--map", "email=body.user.email", "--map", "all={{ body.a }}={{ body.b }}", "--allow-ip",
        "203.0.113.7", "--allow-origin", "https://a.example", "--publish",
      ], .init(control: control))
    #expect(run.status == 0)
    let asked = try #require(control.requests(of: TriggerServiceMethods.amend).first)
    #expect(
      asked
        == AmendTriggerRequest(
          trigger: "orders/hook",
          map: [
            VariablePath(variable: "email", from: "body.user.email"),
            VariablePath(variable: "all", from: "{{ body.a }}={{ body.b }}"),
          ], allowIps: ["203.0.113.7"], allowOrigins: ["https://a.example"], publish: true))
    #expect(run.errors.contains("orders/hook: map email from body.user.email\n"))
    #expect(run.errors.hasSuffix("published\n"))
    // The draft alone.
    let draft = await CommandRun.headgate(["trigger", "amend", "orders/hook", "--allow-ip", "::1"], .init(control: control))
    #expect(
      draft.output == "orders/hook: allow address ::1\nin the draft, revision 7; publish it with: headgate flow publish orders\n")
    #expect(await CommandRun.headgate(["trigger", "amend", "orders/hook"]).status == 2)
  }

  @Test("of many ids only those that can come again are remembered")
  func progress() throws {
    var progress = ListenProgress()
    #expect(progress.resumption(workspace: "w") == nil)
    progress.note(Self.session(.received).session ?? ListenSession())
    let ids = RequestIDGenerator()
    var last = ""
    for second in 0..<20_000 {
      last = ids.next(unixMilliseconds: 1_700_000_000_000 + Int64(second) * 100).description
      let isNew = progress.note(LogEntry(id: last))
      #expect(isNew)
    }
    let isNewAgain = progress.note(LogEntry(id: last))
    #expect(!isNewAgain)
    let resumption = try #require(progress.resumption(workspace: "w"))
    #expect((resumption.workspace, resumption.sessionId, resumption.after) == ("w", Self.sessionID, last))
    #expect(resumption.seen.count >= 750 && resumption.seen.count <= 8192)
  }
}

@Suite("headgate logs map")
struct LogsMapTests {
  private static let id = "01934a5e-0000-7000-8000-000000000000"

  private static func control() -> FakeControlPlane {
    let control = FakeControlPlane()
    control.on(LogServiceMethods.leaves) { _ in
      LogLeavesResponse(leaves: [
        ListenCommandTests.leaf("body.user.email", #""ana@example.com""#),
        ListenCommandTests.leaf("body.user.tags[0]", "1", "number"),
      ])
    }
    control.on(LogServiceMethods.get) { _ in LogEntry(id: id, triggerId: "0190", trigger: "orders/hook") }
    control.on(TriggerServiceMethods.amend) { _ in Trigger(flow: "orders", node: "hook", revision: 7) }
    return control
  }

  @Test("a path without a value is refused with what is near, and nothing is changed")
  func absent() async {
    let control = Self.control()
    let arguments = ["logs", "map", Self.id, "email=body.email", "x=body.user.tags"]
    let run = await CommandRun.headgate(arguments, .init(control: control))
    #expect((run.status, run.output) == (2, ""))
    #expect(
      run.errors == """
        error: the request has no value there
          body.email: has no value in this request; there is body.user.email [absent]
        See all of its paths: headgate logs map \(Self.id). To map it all the same: --absent

        """)
    #expect(control.requests(of: TriggerServiceMethods.amend).isEmpty)
    #expect(await CommandRun.headgate(arguments + ["--absent"], .init(control: control)).status == 0)
    #expect(await CommandRun.headgate(["logs", "map", Self.id, "email"]).status == 2)
  }

  @Test("the values that the paths give are shown, and the lines are in the draft")
  func map() async throws {
    let control = Self.control()
    let run = await CommandRun.headgate(
      ["logs", "map", Self.id, #"email=body["user"].email"#, "tags=body.user.tags", "t={{ body.a }}"], .init(control: control))
    #expect(
      run.output == #"""
        VARIABLE  FROM                VALUE IN THIS REQUEST
        email     body["user"].email  "ana@example.com"
        tags      body.user.tags      (has 1 value inside)
        t         {{ body.a }}        (a template)
        in the draft of orders, revision 7; publish it with: headgate flow publish orders

        """#)
    let asked = try #require(control.requests(of: TriggerServiceMethods.amend).first)
    #expect((asked.trigger, asked.map.count, asked.publish) == ("0190", 3, false))
    let published = await CommandRun.headgate(
      ["logs", "map", Self.id, "email=body.user.email", "--publish", "-o", "json"], .init(control: control))
    #expect(try JSONReader.read(Array(published.output.utf8)).json["published"]?.compact == "true")
  }

  @Test("without a variable all paths are listed")
  func list() async {
    let run = await CommandRun.headgate(["logs", "map", Self.id], .init(control: Self.control()))
    #expect(
      run.output == """
        body
        └ user
          ├ email  "ana@example.com"  body.user.email
          └ tags
            └ [0]  1  body.user.tags[0]

        """)
  }

  @Test(
    "paths are taken apart",
    arguments: [
      ("body", ["body"]), ("body.a[0][-1].b", ["body", "a", "[0]", "[-1]", "b"]),
      (#"body["a.b"]["c]\\\"d"].e"#, ["body", "a.b", #"c]\"d"#, "e"]),
      (#"body["open"#, [#"body["open"#]),
    ] as [(String, [String])])
  func steps(_ path: String, _ steps: [String]) { #expect(PathSteps.of(path) == steps) }
}
