import HeadgateProto
import Testing

@testable import Edge

@Suite struct HoldPolicyTests {
  let policy = HoldPolicy()

  @Test(arguments: [
    StatusCode.internal, .permissionDenied, .unauthenticated, .invalidArgument, .notFound, .unimplemented, .failedPrecondition,
    .dataLoss, .outOfRange,
    .alreadyExists,
  ])
  func decisionsAreNotRepeated(_ code: StatusCode) {
    #expect(policy.decide(after: RPCError(code, ""), failures: 1, elapsed: .zero, fraction: 0) == .giveUp)
    #expect(
      policy.decide(after: RPCError(code, "", isRetryable: true), failures: 1, elapsed: .zero, fraction: 0)
        == .retry(after: .zero))
  }

  /// Though it may be repeated: another attempt is what an overloaded control plane needs least.
  @Test func overloadIsNotAnsweredWithMoreLoad() {
    let error = RPCError(.resourceExhausted, "full")
    #expect(error.isRetryable)
    #expect(policy.decide(after: error, failures: 1, elapsed: .zero, fraction: 0) == .giveUp)
  }

  @Test(arguments: [StatusCode.unavailable, .deadlineExceeded, .cancelled, .aborted, .unknown])
  func whatMayGoBetterIsRepeated(_ code: StatusCode) {
    #expect(
      policy.decide(after: RPCError(code, ""), failures: 1, elapsed: .zero, fraction: 1) == .retry(after: .milliseconds(50)))
  }

  @Test(arguments: [(1, 50), (2, 100), (3, 200), (5, 800), (6, 1000), (60, 1000), (Int.max, 1000)])
  func theWaitGrowsToItsLimit(_ failures: Int, _ milliseconds: Int) {
    let error = RPCError(.unavailable, "")
    #expect(
      policy.decide(after: error, failures: failures, elapsed: .zero, fraction: 1) == .retry(after: .milliseconds(milliseconds)))
    #expect(policy.decide(after: error, failures: failures, elapsed: .zero, fraction: 0) == .retry(after: .zero))
  }

  @Test func theDeadlineHolds() {
    let error = RPCError(.unavailable, "")
    #expect(policy.decide(after: error, failures: 9, elapsed: .milliseconds(7950), fraction: 0) == .retry(after: .zero))
    #expect(policy.decide(after: error, failures: 9, elapsed: .milliseconds(7951), fraction: 0) == .giveUp)
    #expect(policy.decide(after: error, failures: 9, elapsed: .milliseconds(7000), fraction: 1) == .giveUp)
    #expect(policy.timeout(elapsed: .zero) == .milliseconds(2500))
    #expect(policy.timeout(elapsed: .seconds(7)) == .seconds(1))
    #expect(policy.timeout(elapsed: .seconds(9)) == .zero)
  }
}
