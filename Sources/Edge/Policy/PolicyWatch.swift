package import HeadgateProto
package import Logging
import ServiceLifecycle

/// Keeps the policies up to date from any control plane, for as long as the process runs.
package struct PolicyWatch<Caller: RPCCaller>: Service {
  private let caller: Caller
  private let policies: TriggerPolicies
  private let logger: Logger
  private let pause: @Sendable (Duration) async throws -> Void

  /// The wait before the n-th attempt in a row is random, up to this times 2^(n-1) …
  static var firstPause: Duration { .milliseconds(100) }
  /// … but no longer than this.
  static var longestPause: Duration { .seconds(5) }

  /// - Parameter pause: waits between two attempts.
  package init(
    caller: Caller, policies: TriggerPolicies, logger: Logger,
    pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) {
    self.caller = caller
    self.policies = policies
    self.logger = logger
    self.pause = pause
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown { await follow() }
  }

  /// Returns when the task is cancelled.
  func follow() async {
    var failures = 0
    var lastCode: StatusCode?
    while !Task.isCancelled {
      let (heard, error) = await watchOnce()
      policies.streamEnded()
      if Task.isCancelled { return }
      failures = heard ? 1 : failures + 1
      // Once per kind of failure: attempts go on for as long as there is no control plane.
      if let error, error.code != lastCode {
        logger.log(
          level: error.code == .unavailable || error.code == .cancelled ? .info : .warning, "policies cannot be followed",
          metadata: ["code": "\(error.code.word)", "known": .stringConvertible(policies.count)])
      }
      lastCode = error?.code
      let ceiling = min(Self.longestPause, Self.firstPause * (1 << min(failures - 1, 16)))
      guard (try? await pause(ceiling * Double.random(in: 0.5...1))) != nil else { return }
    }
  }

  /// Follows one stream to its end. Says whether a complete list came, and how it ended.
  private func watchOnce() async -> (heard: Bool, error: RPCError?) {
    var heard = false
    do throws(RPCError) {
      let stream = try await PolicyServiceClient(caller).watch(WatchPolicyRequest())
      defer { stream.cancel() }
      while let update = try await stream.next() {
        let leftOut = policies.apply(update)
        if leftOut > 0 {
          logger.error("policies were left out", metadata: ["count": .stringConvertible(leftOut)])
        }
        if update.complete {
          heard = true
          logger.info("policies known", metadata: ["triggers": .stringConvertible(policies.count)])
        }
      }
      return (heard, nil)
    } catch {
      return (heard, error)
    }
  }
}
