import Cryptography
import HeadgateProto
import Logging
import RPC
import Synchronization
import Testing

@testable import Edge

/// The stream of policies, over an in-process connection.
@Suite(.timeLimit(.minutes(1))) struct PolicyWatchTests {
  /// Plays one script per stream; the last one is repeated.
  private final class Scripted: PolicyServiceHandler {
    enum Step: Sendable {
      case say(PolicyUpdate)
      case fail(RPCError)
      /// Until the caller is gone.
      case stay
    }

    private let scripts: Mutex<[[Step]]>
    private let opened = Atomic<Int>(0)

    init(_ scripts: [[Step]]) { self.scripts = Mutex(scripts) }

    var streams: Int { opened.load(ordering: .relaxed) }

    func watch(_ request: WatchPolicyRequest, context: CallContext, writer: MessageWriter<PolicyUpdate>) async throws {
      opened.wrappingAdd(1, ordering: .relaxed)
      let script = scripts.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
      for step in script {
        switch step {
        case .say(let update): try await writer.write(update)
        case .fail(let error): throw error
        case .stay: try await Task.sleep(for: .seconds(3600))
        }
      }
    }
  }

  /// Counts the pauses, and ends the watch after so many.
  private final class Pauses: Sendable {
    private let taken = Mutex<[Duration]>([])
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var all: [Duration] { taken.withLock { $0 } }

    func take(_ duration: Duration) throws {
      let count = taken.withLock { taken in
        taken.append(duration)
        return taken.count
      }
      if count >= limit { throw CancellationError() }
    }
  }

  private static func update(_ keys: String..., reset: Bool = true, complete: Bool = true) -> PolicyUpdate {
    PolicyUpdate(
      reset: reset, complete: complete,
      triggers: keys.map {
        TriggerPolicy(keyDigest: Array(Digest.of(Array($0.utf8), .sha256)[..<16]), deadlineMs: 1000)
      })
  }

  /// Follows until so many streams have ended.
  private func follow(_ scripts: [[Scripted.Step]], pauses limit: Int, roles: Set<Role> = [.edge]) async throws -> (
    known: Int, streams: Int, pauses: [Duration]
  ) {
    let handler = Scripted(scripts)
    let pair = try InProcessPair(handlers: handler.methods, principal: Principal(name: "edge", roles: roles))
    let policies = TriggerPolicies()
    let pauses = Pauses(limit: limit)
    let watch = PolicyWatch(
      caller: pair, policies: policies, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) { try pauses.take($0) }
    await watch.follow()
    await pair.shutdown()
    return (policies.count, handler.streams, pauses.all)
  }

  @Test func whatIsKnownOutlivesTheStream() async throws {
    let result = try await follow(
      [[.say(Self.update("a", "b"))], [.fail(RPCError(.unavailable, "away"))], [.say(Self.update("c", complete: false))]],
      pauses: 4)
    #expect(result.known == 2)
    #expect(result.streams == 4)
  }

  @Test func aStreamThatComesBackIsTakenUpAgain() async throws {
    let result = try await follow(
      [
        [.say(Self.update("a", "b"))], [.fail(RPCError(.internal, "broken"))],
        [.say(Self.update("c", complete: false)), .say(Self.update("d", reset: false, complete: true))],
        [.say(Self.update("e", reset: false, complete: false))],
      ], pauses: 4)
    #expect(result.known == 3, "c and d took the place of a and b, e is a change")
  }

  @Test func attemptsBecomeRarer() async throws {
    let result = try await follow([[.fail(RPCError(.unavailable, "away"))]], pauses: 10)
    #expect(result.pauses.count == 10)
    #expect(result.pauses[0] <= .milliseconds(100) && result.pauses[0] >= .milliseconds(50))
    #expect(result.pauses[9] <= .seconds(5) && result.pauses[9] >= .milliseconds(2500))
  }

  @Test func whoIsNoEdgeNodeLearnsNothing() async throws {
    let result = try await follow([[.say(Self.update("a"))]], pauses: 2, roles: [.reader])
    #expect(result.known == 0 && result.streams == 0)
  }

  @Test func aStreamThatGoesOnEndsWithTheTask() async throws {
    let handler = Scripted([[.say(Self.update("a")), .stay]])
    let pair = try InProcessPair(handlers: handler.methods, principal: Principal(name: "edge", roles: [.edge]))
    let policies = TriggerPolicies()
    let watch = PolicyWatch(
      caller: pair, policies: policies, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await watch.follow() }
      while policies.count == 0 { await Task.yield() }
      group.cancelAll()
    }
    await pair.shutdown()
    #expect(policies.count == 1)
  }
}
