import FoundationEssentials
import HeadgateProto
import Synchronization
import Testing

@testable import Client

/// Runs that wait, and what became of them: the worker's side of RunService.
final class FakeRuns: Sendable {
  private struct State {
    var ready: [Run] = []
    var completed: [String] = []
    var failed: [FailRunRequest] = []
    var leased = 0
    var running = 0
    var mostRunning = 0
  }

  private let state = Mutex(State())
  let control = FakeControlPlane()
  /// Open when a worker has been told that nothing is ready.
  let isDrained = Latch()

  init(_ ready: [Run]) {
    state.withLock { $0.ready = ready }
    control.on(RunServiceMethods.lease) { request in try await self.lease(request) }
    control.on(RunServiceMethods.heartbeat) { _ in HeartbeatRunResponse() }
    control.on(RunServiceMethods.complete) { request in
      self.ended { $0.completed.append(request.id) }
      return CompleteRunResponse()
    }
    control.on(RunServiceMethods.fail) { request in
      self.ended { $0.failed.append(request) }
      return FailRunResponse(state: .ready, availableAtUs: 1_767_323_055_000_000)
    }
  }

  var completed: [String] { state.withLock { $0.completed.sorted() } }
  var failed: [FailRunRequest] { state.withLock(\.failed) }
  var mostRunning: Int { state.withLock(\.mostRunning) }

  /// Gives out what is ready; a worker that may wait waits until its call is cancelled.
  private func lease(_ request: LeaseRunsRequest) async throws -> LeaseRunsResponse {
    let runs = state.withLock { state in
      let runs = Array(state.ready.prefix(Int(request.maxRuns)))
      state.ready.removeFirst(runs.count)
      state.running += runs.count
      state.mostRunning = max(state.mostRunning, state.running)
      return runs
    }
    if runs.isEmpty { isDrained.open() }
    if runs.isEmpty, request.waitMs > 0 {
      await Latch().wait()
      throw RPCError(.cancelled, "the caller went away")
    }
    return LeaseRunsResponse(runs: runs)
  }

  private func ended(_ change: (inout State) -> Void) {
    state.withLock { state in
      change(&state)
      state.running -= 1
    }
  }

  static func run(_ id: String, variables: String = #"{"amount":0.10,"big":9007199254740993}"#) -> Run {
    Run(
      id: id, requestId: "request-\(id)", flowId: "f", flow: "orders", flowVersion: 3, triggerId: "t", node: "hook",
      output: "approved", entryNode: "welcome", variables: Array(variables.utf8), state: .leased, attempt: 1, maxAttempts: 5,
      leaseEpoch: 7, createdAtUs: 1_767_323_000_000_000, event: Array("order_approved".utf8))
  }
}

@Suite(.timeLimit(.minutes(2))) struct RunWorkTests {
  private func work(
    _ runs: FakeRuns, _ arguments: [String], errors: ByteSink = ByteSink(), stop: AsyncStream<Void> = AsyncStream { _ in }
  ) async -> CommandRun {
    await CommandRun.headgate(
      ["run", "work"] + arguments, .init(control: runs.control, errors: errors, stopRequests: { stop }))
  }

  private func shell(_ command: String) async throws -> ChildProcess.Ending {
    try await ChildProcess(command: command, input: [], variables: [:], forwardErrors: { _ in }).run()
  }

  @Test(arguments: [
    (["--exec", " "], "must not be empty"), (["--exec", "x", "--concurrency", "0"], "1 to 1000"),
    (["--exec", "x", "--max", "0"], "1 or more"), (["--exec", "x", "--lease", "10ms"], "1s to 1h"), ([], "--exec"),
  ])
  func refuses(_ arguments: [String], _ message: String) async throws {
    let run = await work(FakeRuns([]), arguments)
    #expect(run.status == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
  }

  @Test func aFailingCommandFailsTheRunWithItsLastLines() async throws {
    let runs = FakeRuns([FakeRuns.run("1")])
    let run = await work(runs, ["--once", "--exec", "echo first >&2; printf 'no such customer\\n' >&2; exit 3"])
    #expect(run.status == 0)
    #expect(runs.completed.isEmpty)
    let failed = try #require(runs.failed.first)
    #expect(failed.error == "exit status 3: first\nno such customer")
    #expect(failed.leaseEpoch == 7 && !failed.permanent)
    #expect(run.errors.contains("first\nno such customer\n"))
    #expect(
      run.errors.contains("1 orders/welcome attempt 1: failed (no such customer), next attempt 2026-01-02T03:04:15.000Z after"))
    #expect(run.errors.hasSuffix("0 completed, 1 failed, 0 unfinished\n"))
  }

  @Test(arguments: [
    ("kill -9 $$", "killed by signal 9"), ("exit 1", "exit status 1"), ("no-such-command-at-all", "exit status 127"),
  ])
  func howACommandEndedIsSaid(_ command: String, _ error: String) async throws {
    let runs = FakeRuns([FakeRuns.run("1")])
    _ = await work(runs, ["--once", "--exec", command])
    #expect(runs.failed.first?.error.hasPrefix(error) == true, "\(runs.failed)")
  }

  @Test func aLongErrorIsCutToItsLastLines() async throws {
    let runs = FakeRuns([FakeRuns.run("1")])
    _ = await work(runs, ["--once", "--exec", "i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1"])
    let error = try #require(runs.failed.first?.error)
    #expect(error.utf8.count <= ChildProcess.errorLimit + 20)
    #expect(error.hasPrefix("exit status 1: line ") && error.hasSuffix("line 1999"))
  }

  @Test func theCommandGetsTheRunExactly() async throws {
    let directory = try TemporaryDirectory()
    let runs = FakeRuns([FakeRuns.run("1")])
    let run = await work(
      runs,
      [
        "-w", "shop", "--once", "--exec",
        "cat > \(directory.path)/input; env | grep ^HEADGATE_ | sort > \(directory.path)/variables",
      ])
    #expect(run.status == 0)
    #expect(runs.completed == ["1"])
    #expect(
      directory.read("input")
        == #"{"id":"1","request_id":"request-1","flow_id":"f","flow":"orders","flow_version":3,"trigger_id":"t","node":"hook","#
        + #""output":"approved","entry_node":"welcome","event":"order_approved","event_base64":null,"#
        + #""variables":{"amount":0.10,"big":9007199254740993},"customer_id":null,"chat_id":null,"order_key":null,"#
        + #""element":0,"replay_of":null,"traceparent":null,"attempt":1,"max_attempts":5,"lease_epoch":7,"#
        + #""created_at":"2026-01-02T03:03:20.000000Z"}"# + "\n")
    // What the tests themselves were started with is no variable of the run.
    let inherited = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
    let variables = directory.read("variables").split(separator: "\n").map(String.init).filter { !inherited.contains($0) }
    #expect(
      variables == [
        "HEADGATE_ATTEMPT=1", "HEADGATE_ENTRY_NODE=welcome", "HEADGATE_FLOW=orders", "HEADGATE_FLOW_VERSION=3",
        "HEADGATE_MAX_ATTEMPTS=5", "HEADGATE_NODE=hook", "HEADGATE_OUTPUT=approved", "HEADGATE_REQUEST_ID=request-1",
        "HEADGATE_RUN_ID=1",
      ])
    #expect(runs.control.requests(of: RunServiceMethods.lease).first?.workspace == "shop")
  }

  /// Far more than a pipe holds, so that the write meets a pipe without a reader.
  @Test func aCommandNeedNotReadItsInput() async throws {
    let big = FakeRuns.run("1", variables: "{\"text\":\"\(String(repeating: "x", count: 3 << 20))\"}")
    let runs = FakeRuns([big])
    let run = await work(runs, ["--once", "--exec", "exit 0"])
    #expect(run.status == 0)
    #expect(runs.completed == ["1"])
  }

  @Test func bigVariablesArriveWhole() async throws {
    let directory = try TemporaryDirectory()
    let text = String(repeating: "é0123456789", count: 300_000)
    let runs = FakeRuns([FakeRuns.run("1", variables: "{\"text\":\"\(text)\"}")])
    _ = await work(runs, ["--once", "--exec", "cat > \(directory.path)/input"])
    #expect(runs.completed == ["1"])
    #expect(try JSONReader.read(directory.read("input").utf8).json["variables"]?["text"]?.text == text)
  }

  /// The child of the command keeps standard error open; the run ends with the command all the same.
  @Test func aCommandMayLeaveAProcessBehind() async throws {
    let directory = try TemporaryDirectory()
    let runs = FakeRuns([FakeRuns.run("1")])
    let begin = ContinuousClock.now
    _ = await work(runs, ["--once", "--exec", "sleep 100 & echo $! > \(directory.path)/pid; exit 0"])
    #expect(runs.completed == ["1"])
    #expect(begin.duration(to: .now) < .seconds(50))
    #expect(try await shell("kill $(cat \(directory.path)/pid)").isSuccess)
  }

  @Test func eventsThatAreNoTextAreInBase64() {
    var run = FakeRuns.run("1")
    run.event = [0xff]
    #expect(run.payload["event"] == .null)
    #expect(run.payload["event_base64"] == "/w==")
    run.event = []
    #expect(run.payload["event"] == .null)
    #expect(run.payload["event_base64"] == .null)
  }

  @Test func asManyAtOnceAsAllowed() async throws {
    let directory = try TemporaryDirectory()
    let runs = FakeRuns((1...6).map { FakeRuns.run("\($0)") })
    // Each of the first three waits until all three are there.
    let command = "touch \(directory.path)/$HEADGATE_RUN_ID; while [ $(ls \(directory.path) | wc -l) -lt 3 ]; do sleep 0.02; done"
    _ = await work(runs, ["--once", "--concurrency", "3", "--exec", command])
    #expect(runs.completed == ["1", "2", "3", "4", "5", "6"])
    #expect(runs.mostRunning == 3)
  }

  @Test func stopsAfterTheMaximum() async throws {
    let runs = FakeRuns((1...5).map { FakeRuns.run("\($0)") })
    let run = await work(runs, ["--max", "2", "--concurrency", "4", "--exec", "true"])
    #expect(run.status == 0)
    #expect(runs.completed == ["1", "2"])
  }

  @Test func theFirstStopFinishesWhatIsAtWork() async throws {
    let directory = try TemporaryDirectory()
    let (requests, continuation) = AsyncStream<Void>.makeStream()
    let runs = FakeRuns([FakeRuns.run("1"), FakeRuns.run("2")])
    let errors = ByteSink()
    let fifo = directory.path + "/go"
    async let result = work(
      runs, ["--exec", "mkfifo \(fifo); echo at-work >&2; read line < \(fifo)"], errors: errors, stop: requests)
    await errors.wait(for: "at-work")
    continuation.yield()
    await errors.wait(for: "stopping when 1 run at work has ended; interrupt again to give back what is left")
    #expect(try await shell("echo go > \(fifo)").isSuccess)
    let run = await result
    #expect(run.status == 0)
    #expect(runs.completed.first == "1")
  }

  @Test func theSecondStopEndsTheCommandsAndGivesTheRunsBack() async throws {
    let directory = try TemporaryDirectory()
    let (requests, continuation) = AsyncStream<Void>.makeStream()
    let runs = FakeRuns([FakeRuns.run("1")])
    let errors = ByteSink()
    async let result = work(
      runs, ["--name", "w1", "--exec", "sleep 100 & echo $! > \(directory.path)/child; echo at-work >&2; wait"],
      errors: errors, stop: requests)
    await errors.wait(for: "at-work")
    continuation.yield()
    continuation.yield()
    let run = await result
    #expect(run.status == 0)
    #expect(runs.completed.isEmpty)
    #expect(runs.failed.map(\.error) == ["the worker w1 was stopped before the run was finished"])
    #expect(run.errors.contains("given back"))
    // The command's own children are gone too.
    let child = "$(cat \(directory.path)/child)"
    #expect(try await !shell("kill -0 \(child) && ! grep -q 'State:.Z' /proc/\(child)/status").isSuccess)
  }

  @Test func aStopWhileWaitingEndsAtOnce() async throws {
    let (requests, continuation) = AsyncStream<Void>.makeStream()
    let runs = FakeRuns([])
    async let result = work(runs, ["--exec", "true"], stop: requests)
    await runs.isDrained.wait()
    continuation.yield()
    #expect(await result.status == 0)
  }

  @Test func aLostLeaseEndsTheCommandAndReportsNothing() async throws {
    let runs = FakeRuns([FakeRuns.run("1")])
    runs.control.on(RunServiceMethods.heartbeat) { request in
      #expect(request.leaseEpoch == 7 && request.leaseMs == 1000)
      throw RPCError(.aborted, "the epoch is 8, not 7")
    }
    let run = await work(runs, ["--once", "--lease", "1s", "--exec", "sleep 100"])
    #expect(run.status == 0)
    #expect(runs.completed.isEmpty && runs.failed.isEmpty)
    #expect(run.errors.contains("lease lost (the epoch is 8, not 7)"))
    #expect(run.errors.hasSuffix("0 completed, 0 failed, 1 unfinished\n"))
  }

  @Test func aRestartOfTheControlPlaneIsSurvived() async throws {
    let runs = FakeRuns([FakeRuns.run("1"), FakeRuns.run("2")])
    let outage = Mutex((leases: 0, completions: 0))
    let lease = runs.control
    let ready = Mutex([FakeRuns.run("1"), FakeRuns.run("2")])
    lease.on(RunServiceMethods.lease) { _ in
      let count = outage.withLock { outage in
        outage.leases += 1
        return outage.leases
      }
      if count == 2 || count == 3 { throw RPCError(.unavailable, "connection lost") }
      return LeaseRunsResponse(runs: ready.withLock { $0.isEmpty ? [] : [$0.removeFirst()] })
    }
    lease.on(RunServiceMethods.complete) { _ in
      let count = outage.withLock { outage in
        outage.completions += 1
        return outage.completions
      }
      if count <= 2 { throw RPCError(.unavailable, "connection lost") }
      return CompleteRunResponse()
    }
    let run = await work(runs, ["--max", "2", "--exec", "true"])
    #expect(run.status == 0)
    #expect(run.errors.contains("the control plane does not answer (connection lost); trying again"))
    #expect(run.errors.contains("the control plane answers again"))
    #expect(run.errors.hasSuffix("2 completed, 0 failed, 0 unfinished\n"))
  }

  @Test(arguments: [(.permissionDenied, 4), (.notFound, 3), (.unavailable, 5), (.invalidArgument, 2)] as [(StatusCode, Int32)])
  func aRefusedWorkerEnds(_ code: StatusCode, _ status: Int32) async throws {
    let runs = FakeRuns([])
    runs.control.on(RunServiceMethods.lease) { _ in throw RPCError(code, "no") }
    let run = await work(runs, ["--exec", "true"])
    #expect(run.status == status)
  }

  @Test func theLogIsJSONForScripts() async throws {
    let runs = FakeRuns([FakeRuns.run("1")])
    let run = await work(runs, ["--once", "-o", "json", "--exec", "exit 9"])
    let lines = run.errors.split(separator: "\n")
    let events = try lines.map { try JSONReader.read($0.utf8).json }
    #expect(events.map { $0["event"]?.text } == ["started", "ended", "stopped"])
    #expect(events[1]["result"] == "failed")
    #expect(events[1]["reason"] == "exit status 9")
    #expect(events[1]["next_attempt_at"] == "2026-01-02T03:04:15.000000Z")
    #expect(events[2]["failed"]?.compact == "1")
  }
}

@Suite struct TextTailTests {
  @Test(
    arguments: [
      (["a\nb\n"], "a\nb"), (["0123456789abc"], "3456789abc"), (["first line\n", "second\n"], "second"), ([], ""), (["\n\n"], ""),
      (["one\r\n", "two\r\n"], "one\r\ntwo"), (["aaaaaaaaaaaaaaa\nb"], "b"),
    ] as [([String], String)])
  func keepsTheLastLines(_ parts: [String], _ text: String) {
    var tail = TextTail(limit: 10)
    for part in parts { tail.append(Array(part.utf8)) }
    #expect(tail.text == text)
  }
}

@Suite(.timeLimit(.minutes(1))) struct LatchTests {
  @Test func letsEveryoneGoOn() async {
    let latch = Latch()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<10 { group.addTask { await latch.wait() } }
      latch.open()
      latch.open()
    }
    #expect(latch.isOpen)
    await latch.wait()
  }

  @Test func aCancelledTaskDoesNotWait() async {
    let latch = Latch()
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await latch.wait() }
      group.cancelAll()
    }
    #expect(!latch.isOpen)
  }
}
