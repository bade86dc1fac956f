import HeadgateProto
import Metrics
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Edge

/// Holding and repeating, on a hand clock.
@Suite struct HoldingForwarderTests {
  /// Fails or answers as the test says, some time after it was asked.
  final class ScriptedCaller: SubmitCaller {
    struct Attempt {
      var number: UInt32
      var id: [UInt8]
      var timeout: Duration
      var avoided: Int?
      var at: NIODeadline
    }

    private struct State {
      var attempts: [Attempt] = []
      var script: [(after: TimeAmount, result: Result<SubmitResponse, RPCError>)]
    }

    private let state: Mutex<State>
    let isReady = true
    let clockOffset = Duration.zero

    /// The last step is repeated.
    init(_ script: [(after: TimeAmount, result: Result<SubmitResponse, RPCError>)]) { state = Mutex(State(script: script)) }

    var attempts: [Attempt] { state.withLock(\.attempts) }

    func attempt(
      _ request: SubmitRequest, timeout: Duration, avoiding previous: Int?, on eventLoop: any EventLoop,
      completion: @escaping (Result<SubmitResponse, RPCError>) -> Void
    ) -> Int? {
      let (index, step) = state.withLock { state in
        state.attempts.append(
          Attempt(number: request.attempt, id: request.requestId, timeout: timeout, avoided: previous, at: eventLoop.now))
        let step = state.script[0]
        if state.script.count > 1 { state.script.removeFirst() }
        return (state.attempts.count, step)
      }
      eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(in: min(step.after, TimeAmount(timeout))) { completion(step.result) }
      return index
    }
  }

  /// What became of a request, and after how many seconds.
  private func submit(_ caller: ScriptedCaller, within deadline: Duration? = nil) -> (result: SubmitResult?, seconds: Double) {
    let loop = EmbeddedEventLoop()
    let forwarder = HoldingForwarder(
      caller: caller, policy: HoldPolicy(), metrics: EdgeMetrics(factory: NOOPMetricsHandler.instance))
    let start = loop.now
    var outcome: (SubmitResult, NIODeadline)?
    forwarder.submit(SubmitRequest(requestId: Array(repeating: 7, count: 16)), within: deadline, on: loop) {
      outcome = ($0, loop.now)
    }
    for _ in 0..<3000 where outcome == nil { loop.advanceTime(by: .milliseconds(10)) }
    return (outcome?.0, Double(((outcome?.1 ?? loop.now) - start).nanoseconds) / 1e9)
  }

  private static let unavailable = Result<SubmitResponse, RPCError>.failure(RPCError(.unavailable, "away"))

  @Test func aFaultInsideIsNotRepeated() {
    let caller = ScriptedCaller([(.milliseconds(1), .failure(RPCError(.internal, "broken")))])
    #expect(submit(caller).result == .unavailable(reason: "internal"))
    #expect(caller.attempts.count == 1)
  }

  @Test func aRestartOfTwoSecondsCostsOnlyTime() {
    var script = Array(repeating: (TimeAmount.milliseconds(200), Self.unavailable), count: 8)
    script.append((.milliseconds(5), .success(ScriptedForwarder.accepted)))
    let caller = ScriptedCaller(script)
    let (result, seconds) = submit(caller)
    #expect(result == .answered(ScriptedForwarder.accepted))
    #expect(seconds < 8)
    #expect(caller.attempts.map(\.number) == Array(0..<9))
    #expect(Set(caller.attempts.map(\.id)) == [Array(repeating: 7, count: 16)], "the same request each time")
    #expect(caller.attempts.map(\.avoided) == [nil] + (1..<9).map { $0 }, "never the connection that has just failed")
  }

  @Test func theDeadlineIsKept() {
    let caller = ScriptedCaller([(.milliseconds(2500), .failure(RPCError(.deadlineExceeded, "silent")))])
    let (result, seconds) = submit(caller)
    #expect(result == .unavailable(reason: "deadline_exceeded"))
    #expect(seconds <= 8.01)
    #expect(caller.attempts.count == 3 || caller.attempts.count == 4)
    #expect(caller.attempts.allSatisfy { $0.timeout <= .milliseconds(2500) })
  }

  @Test(arguments: [1, 20] as [Int64]) func aTriggersDeadlineTakesThePlaceOfTheNodes(_ total: Int64) {
    let caller = ScriptedCaller([(.milliseconds(2500), .failure(RPCError(.deadlineExceeded, "silent")))])
    let (result, seconds) = submit(caller, within: .seconds(total))
    #expect(result == .unavailable(reason: "deadline_exceeded"))
    #expect(seconds <= Double(total) + 0.01 && seconds > Double(total) - 2.5)
    #expect(caller.attempts.first?.timeout == .seconds(min(2.5, Double(total))), "the control plane is told as well")
  }

  @Test func refusedConnectionsAreNotHammered() {
    let caller = ScriptedCaller([(.milliseconds(1), Self.unavailable)])
    let (result, seconds) = submit(caller)
    #expect(result == .unavailable(reason: "unavailable"))
    #expect(seconds > 6 && seconds <= 8)
    #expect(caller.attempts.count < 60)
  }
}
