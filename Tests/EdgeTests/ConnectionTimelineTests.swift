import NIOCore
import Testing

@testable import Edge

/// Time on a hand clock; the default timing.
@Suite struct ConnectionTimelineTests {
  static func at(_ seconds: Double) -> NIODeadline { .uptimeNanoseconds(1_000_000_000_000 + UInt64(seconds * 1e9)) }

  private func opened() -> ConnectionTimeline { ConnectionTimeline(timing: ConnectionTiming(), openedAt: Self.at(0)) }

  @Test func aSilentConnectionIsClosedWithoutAWord() {
    let line = opened()
    #expect(line.deadlineReached(at: Self.at(9.999)) == .none)
    #expect(line.deadlineReached(at: Self.at(10)) == .close)
  }

  @Test func theFirstHeadIsDueFromTheConnectionsStart() {
    var line = opened()
    line.requestStarted(at: Self.at(9))
    #expect(line.deadlineReached(at: Self.at(9.999)) == .none)
    #expect(line.deadlineReached(at: Self.at(10)) == .refuse(.headerTimeout))
  }

  @Test func bytesOfAHeadBuyNoTime() {
    var line = opened()
    for second in stride(from: 0.0, to: 10, by: 0.5) { line.requestStarted(at: Self.at(second)) }
    #expect(line.deadline == Self.at(10))
  }

  @Test func aBodyBelowTheRateIsRefused() {
    var line = opened()
    line.requestStarted(at: Self.at(0))
    line.bodyStarted(at: Self.at(1))
    #expect(line.deadline == Self.at(6))
    line.bodyReceived(512)
    #expect(line.deadline == Self.at(6.5))
    line.bodyReceived(1536)
    #expect(line.deadline == Self.at(8))
    #expect(line.deadlineReached(at: Self.at(7.999)) == .none)
    #expect(line.deadlineReached(at: Self.at(8)) == .refuse(.bodyTooSlow))
  }

  @Test func oneByteASecondEndsAfterTheGrace() {
    var line = opened()
    line.requestStarted(at: Self.at(0))
    line.bodyStarted(at: Self.at(0))
    var second = 0.0
    while line.deadlineReached(at: Self.at(second)) == .none {
      line.bodyReceived(1)
      second += 1
    }
    #expect(second == 6)
  }

  @Test func onlyWhatIsKeptIsReadWhileARequestIsAnswered() {
    var line = opened()
    #expect(line.reads && line.parses)
    line.requestStarted(at: Self.at(0))
    line.requestCompleted(at: Self.at(1))
    #expect(!line.reads && line.readsAhead && !line.parses)
    #expect(line.deadlineReached(at: Self.at(12.999)) == .none)
    #expect(line.deadlineReached(at: Self.at(13)) == .giveUpAnswer)
    line.answered(isTaken: true, at: Self.at(2))
    #expect(line.reads && !line.readsAhead && line.parses)
  }

  @Test func anIdleConnectionIsClosedAndALaterHeadHasItsOwnTime() {
    var line = opened()
    line.requestStarted(at: Self.at(0))
    line.requestCompleted(at: Self.at(0))
    line.answered(isTaken: true, at: Self.at(0))
    #expect(line.deadlineReached(at: Self.at(74)) == .none)
    #expect(line.deadlineReached(at: Self.at(75)) == .close)
    line.requestStarted(at: Self.at(70))
    #expect(line.deadline == Self.at(80))
  }

  @Test func aPeerThatDoesNotReadIsClosed() {
    var line = opened()
    line.requestStarted(at: Self.at(0))
    line.requestCompleted(at: Self.at(0))
    line.answered(isTaken: false, at: Self.at(0))
    #expect(!line.reads && line.readsAhead && !line.parses)
    #expect(line.deadlineReached(at: Self.at(30)) == .close)
    line.flushed(at: Self.at(1))
    #expect(line.phase == .awaiting(isFirst: false))
  }

  @Test func afterTheLastAnswerInputIsReadButNotUnderstood() {
    var line = opened()
    line.requestStarted(at: Self.at(0))
    line.lastAnswerWritten(at: Self.at(1))
    #expect(line.reads && !line.parses)
    #expect(line.deadlineReached(at: Self.at(30.999)) == .none, "a slow reader has the time of any answer")
    #expect(line.deadlineReached(at: Self.at(31)) == .close)
    line.lastAnswerSent(at: Self.at(5))
    #expect(line.deadlineReached(at: Self.at(6.999)) == .none)
    #expect(line.deadlineReached(at: Self.at(7)) == .close)
    line.requestStarted(at: Self.at(6))
    line.lastAnswerWritten(at: Self.at(6))
    #expect(line.phase == .lingering(isSent: true) && line.deadline == Self.at(7))
  }

  @Test func drainingShortensIdlenessOnly() {
    var idle = opened()
    idle.drain(at: Self.at(2))
    #expect(idle.deadline == Self.at(3))

    var busy = opened()
    busy.requestStarted(at: Self.at(0))
    busy.requestCompleted(at: Self.at(1))
    busy.drain(at: Self.at(2))
    #expect(busy.deadline == Self.at(13))
    busy.answered(isTaken: true, at: Self.at(3))
    #expect(busy.deadline == Self.at(4))
  }

  @Test func nothingComesAfterTheEnd() {
    var line = opened()
    line.closed()
    line.requestStarted(at: Self.at(1))
    line.lastAnswerWritten(at: Self.at(1))
    #expect(line.phase == .closed && !line.reads)
    #expect(line.deadlineReached(at: .distantFuture) == .none)
  }
}
