package import HeadgateProto
import Metrics
package import NIOCore

/// One attempt to reach a control plane.
package protocol SubmitCaller: Sendable {
  /// What a connection is known by, so that the next attempt can avoid it.
  associatedtype Connection: Sendable

  var isReady: Bool { get }
  var clockOffset: Duration { get }

  /// Called on `eventLoop`. Calls `completion` exactly once, on `eventLoop` and after this returned, within `timeout`; waits for a
  /// connection while there is none. Returns the connection used, if that is known.
  func attempt(
    _ request: SubmitRequest, timeout: Duration, avoiding previous: Connection?, on eventLoop: any EventLoop,
    completion: @escaping (Result<SubmitResponse, RPCError>) -> Void
  ) -> Connection?
}

/// Holds each request and sends it again, with the same id and on another connection where there is one, until it is answered
/// or its time is up.
package struct HoldingForwarder<Caller: SubmitCaller>: SubmitForwarder {
  private let caller: Caller
  private let policy: HoldPolicy
  private let metrics: EdgeMetrics

  package init(caller: Caller, policy: HoldPolicy, metrics: EdgeMetrics) {
    self.caller = caller
    self.policy = policy
    self.metrics = metrics
  }

  package var isReady: Bool { caller.isReady }
  package var clockOffset: Duration { caller.clockOffset }

  package func submit(
    _ request: consuming SubmitRequest, within deadline: Duration?, on eventLoop: any EventLoop,
    completion: @escaping (SubmitResult) -> Void
  ) {
    var policy = policy
    if let deadline { policy.total = deadline }
    HeldRequest(request, eventLoop: eventLoop, caller: caller, policy: policy, metrics: metrics, completion: completion).attempt()
  }
}

/// A request between its first attempt and its answer. Of one event loop.
private final class HeldRequest<Caller: SubmitCaller> {
  private var request: SubmitRequest
  private let eventLoop: any EventLoop
  private let caller: Caller
  private let policy: HoldPolicy
  private let metrics: EdgeMetrics
  private let completion: (SubmitResult) -> Void
  private let startedAt: NIODeadline
  private var failures = 0
  private var connection: Caller.Connection?

  init(
    _ request: consuming SubmitRequest, eventLoop: any EventLoop, caller: Caller, policy: HoldPolicy, metrics: EdgeMetrics,
    completion: @escaping (SubmitResult) -> Void
  ) {
    self.request = request
    self.eventLoop = eventLoop
    self.caller = caller
    self.policy = policy
    self.metrics = metrics
    self.completion = completion
    startedAt = eventLoop.now
  }

  /// Since the request was taken on; nothing before the first attempt.
  private var elapsed: Duration { failures == 0 ? .zero : .nanoseconds((eventLoop.now - startedAt).nanoseconds) }

  func attempt() {
    request.attempt = UInt32(clamping: failures)
    if failures > 0 { metrics.retries.increment() }
    connection = caller.attempt(request, timeout: policy.timeout(elapsed: elapsed), avoiding: connection, on: eventLoop) {
      result in
      switch result {
      case .success(let response): self.completion(.answered(response))
      case .failure(let error): self.failed(error)
      }
    }
  }

  private func failed(_ error: RPCError) {
    failures += 1
    metrics.attemptFailed(error.code)
    switch policy.decide(after: error, failures: failures, elapsed: elapsed, fraction: .random(in: 0...1)) {
    case .giveUp: completion(.unavailable(reason: error.code.word))
    case .retry(let wait):
      eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(in: TimeAmount(wait)) { self.attempt() }
    }
  }
}
