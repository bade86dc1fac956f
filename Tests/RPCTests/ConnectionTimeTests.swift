import NIOCore
import Testing

@testable import RPC

/// Everything about a connection that depends on time, with a clock that the test moves.
@Suite struct ConnectionTimeTests {
  private static func at(_ seconds: Double) -> NIODeadline { .uptimeNanoseconds(UInt64(seconds * 1_000_000_000)) }

  // MARK: keep-alive

  @Test func aSilentPeerIsPingedOnceAndThenGivenUp() {
    var keepAlive = KeepAlive(interval: .seconds(10), timeout: .seconds(5), now: Self.at(0))
    #expect(keepAlive.deadlineReached(now: Self.at(9.9)) == .none)
    #expect(keepAlive.deadline == Self.at(10))
    #expect(keepAlive.deadlineReached(now: Self.at(10)) == .ping(1))
    #expect(keepAlive.deadline == Self.at(15))
    #expect(keepAlive.deadlineReached(now: Self.at(14.9)) == .none)
    #expect(keepAlive.deadlineReached(now: Self.at(15)) == .peerIsSilent)
  }

  @Test func anyByteIsASignOfLife() {
    var keepAlive = KeepAlive(interval: .seconds(10), timeout: .seconds(5), now: Self.at(0))
    #expect(keepAlive.deadlineReached(now: Self.at(10)) == .ping(1))
    keepAlive.heard(now: Self.at(14))
    #expect(keepAlive.deadlineReached(now: Self.at(15)) == .none)
    #expect(keepAlive.deadlineReached(now: Self.at(24)) == .ping(2))
  }

  @Test func aCallWithoutAnswerPutsASilentPeerInDoubt() {
    var keepAlive = KeepAlive(interval: .seconds(10), timeout: .seconds(5), now: Self.at(0))
    #expect(keepAlive.callTimedOut(now: Self.at(1.4)) == .none, "it was heard not long ago: only the call was slow")
    #expect(keepAlive.deadline == Self.at(10))
    #expect(keepAlive.callTimedOut(now: Self.at(2.5)) == .ping(1))
    #expect(keepAlive.deadline == Self.at(4))
    // Further calls do not give it more time.
    #expect(keepAlive.callTimedOut(now: Self.at(3)) == .none)
    #expect(keepAlive.deadline == Self.at(4))
    #expect(keepAlive.deadlineReached(now: Self.at(4)) == .peerIsSilent)
    // It answers.
    keepAlive.heard(now: Self.at(4))
    #expect(keepAlive.deadlineReached(now: Self.at(4)) == .none)
    #expect(keepAlive.deadline == Self.at(14))
  }

  @Test func aCallWithoutAnswerShortensAPingUnderWay() {
    var keepAlive = KeepAlive(interval: .seconds(10), timeout: .seconds(5), now: Self.at(0))
    #expect(keepAlive.deadlineReached(now: Self.at(10)) == .ping(1))
    #expect(keepAlive.callTimedOut(now: Self.at(11)) == .none)
    #expect(keepAlive.deadline == Self.at(12.5))
  }

  // MARK: clocks that are set

  @Test(
    arguments: [(2_000_000, nil), (6_900_000, nil), (7_100_000, 5_100_000), (-3_598_000_000, -3_600_000_000)] as [(Int64, Int64?)]
  )
  func aStepOfTheClockIsNoticedOnce(_ wall: Int64, _ step: Int64?) {
    var watch = ClockWatch(ClockReading(wall: 1_000_000, uptime: Self.at(10)))
    #expect(watch.step(at: ClockReading(wall: 1_000_000 + wall, uptime: Self.at(12))) == step)
    #expect(watch.step(at: ClockReading(wall: 1_000_000 + wall + 2_000_000, uptime: Self.at(14))) == nil)
  }

  // MARK: deadlines of calls

  @Test func theEarliestDeadlineIsKeptAndLookedAtNotTooOften() {
    var deadlines = EarliestDeadline()
    #expect(deadlines.next == .distantFuture)
    for second in [5.0, 3, 9] { deadlines.include(Self.at(second)) }
    #expect(deadlines.next == Self.at(3))
    deadlines.reset(earliest: Self.at(3.001), now: Self.at(3))
    #expect(deadlines.next == Self.at(3) + EarliestDeadline.granularity)
    deadlines.reset(earliest: .distantFuture, now: Self.at(3))
    #expect(deadlines.next == .distantFuture)
  }

  @Test func adding64BitsOfTimeDoesNotOverflow() {
    #expect(NIODeadline.distantFuture.saturating(adding: .seconds(1)) == .distantFuture)
    #expect(Self.at(1).saturating(adding: .nanoseconds(.max)) == .distantFuture)
    #expect(Self.at(1).saturating(adding: .seconds(-5)) == Self.at(0))
    #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
  }

  @Test func waitingCallsExpireInTheirOrder() {
    var calls = WaitingCalls()
    func call(_ second: Double) -> WaitingCall { WaitingCall(deadline: Self.at(second), attempt: { _, _ in }) }
    #expect(calls.append(call(5)) == Self.at(5))
    #expect(calls.append(call(8)) == nil, "looked at early enough")
    #expect(calls.append(call(2)) == Self.at(2))
    let (expired, next) = calls.expired(now: Self.at(5))
    #expect(expired.map(\.deadline) == [Self.at(5), Self.at(2)])
    #expect(next == Self.at(8))
    #expect(calls.takeAll().count == 1)
    #expect(calls.expired(now: Self.at(9)).next == nil)
  }

  // MARK: a server's connection

  private static func timing() -> ServerTiming { ServerTiming(.init(), now: at(0)) }

  @Test func aPeerThatDoesNotFinishItsHandshakeIsGivenUp() {
    let timing = Self.timing()
    #expect(timing.deadline(isIdle: true, answersPings: false) == Self.at(10))
    #expect(timing.deadlineReached(now: Self.at(9.9), isIdle: true, answersPings: false) == nil)
    #expect(timing.deadlineReached(now: Self.at(10), isIdle: true, answersPings: false) == .handshake)
  }

  @Test func aPeerThatDoesNothingIsGivenUpUnlessItAnswersPings() {
    var timing = Self.timing()
    timing.identified(now: Self.at(1))
    #expect(timing.deadlineReached(now: Self.at(3601), isIdle: true, answersPings: false) == .idle)
    #expect(timing.deadlineReached(now: Self.at(3601), isIdle: false, answersPings: false) == nil)
    #expect(timing.deadlineReached(now: Self.at(3601), isIdle: true, answersPings: true) == nil)
    #expect(timing.deadline(isIdle: true, answersPings: true) == .distantFuture)
    timing.frameReceived(now: Self.at(100))
    #expect(timing.deadline(isIdle: true, answersPings: false) == Self.at(3700))
  }

  /// A byte now and then does not keep a frame alive: only its end does.
  @Test func aFrameThatTricklesInIsGivenUp() {
    var timing = Self.timing()
    timing.identified(now: Self.at(0))
    for second in stride(from: 1.0, to: 31, by: 1) { timing.read(now: Self.at(second), isInsideFrame: true) }
    #expect(timing.deadlineReached(now: Self.at(30.9), isIdle: false, answersPings: true) == nil)
    #expect(timing.deadlineReached(now: Self.at(31), isIdle: false, answersPings: true) == .frame)
    timing.frameReceived(now: Self.at(31))
    timing.read(now: Self.at(31), isInsideFrame: true)
    #expect(timing.deadlineReached(now: Self.at(32), isIdle: false, answersPings: true) == nil, "the next one has its own time")
  }

  @Test func aPeerThatDoesNotReadIsGivenUp() {
    var timing = Self.timing()
    timing.identified(now: Self.at(0))
    timing.writabilityChanged(isWritable: false, now: Self.at(1))
    timing.writabilityChanged(isWritable: false, now: Self.at(5))
    #expect(timing.deadlineReached(now: Self.at(16), isIdle: false, answersPings: true) == .unreadOutput)
    timing.writabilityChanged(isWritable: true, now: Self.at(15))
    #expect(timing.deadlineReached(now: Self.at(16), isIdle: false, answersPings: true) == nil)
  }

  @Test func aDrainEndsAtItsDeadlineOrSoonAfterTheLastCall() {
    var timing = Self.timing()
    timing.identified(now: Self.at(0))
    timing.drainDeadline = Self.at(20)
    #expect(timing.deadlineReached(now: Self.at(19), isIdle: false, answersPings: true) == nil)
    #expect(timing.deadlineReached(now: Self.at(20), isIdle: false, answersPings: true) == .drain)
    timing.drained(now: Self.at(5))
    #expect(timing.deadline(isIdle: true, answersPings: true) == Self.at(6))
    timing.drained(now: Self.at(30))
    #expect(timing.deadline(isIdle: true, answersPings: true) == Self.at(6), "never later than before")
  }
}
