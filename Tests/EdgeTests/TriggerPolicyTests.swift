import Addresses
import Cryptography
import HeadgateProto
import NIOCore
import Testing

@testable import Edge

/// What is known of triggers, and what becomes of requests by it.
@Suite struct TriggerPolicyTests {
  private static let address = IPAddress(bytes: [192, 0, 2, 1]) ?? .loopback

  private static func policy(
    _ key: String, deadlineMs: UInt32 = 0, rate: UInt32 = 0, burst: UInt32 = 0, sourceRate: UInt32 = 0, sourceBurst: UInt32 = 0
  ) -> TriggerPolicy {
    TriggerPolicy(
      keyDigest: Array(Digest.of(Array(key.utf8), .sha256)[..<16]), deadlineMs: deadlineMs, ratePerMinute: rate, burst: burst,
      sourceRatePerMinute: sourceRate, sourceBurst: sourceBurst)
  }

  private static func digest(_ key: String) -> [UInt8] { policy(key).keyDigest }

  private func admit(
    _ policies: TriggerPolicies, _ key: String, from source: IPAddress = address, at seconds: Double = 0
  ) -> PolicyVerdict {
    policies.admit(
      key: Array(key.utf8)[...], source: { source }, at: .uptimeNanoseconds(1_000_000_000 + UInt64(seconds * 1e9)))
  }

  @Test func withoutPoliciesEverythingPasses() {
    let policies = TriggerPolicies()
    let verdict = policies.admit(
      key: Array("a".utf8)[...],
      source: {
        Issue.record("nobody needs the address")
        return Self.address
      }, at: .now())
    #expect(verdict == .admitted(deadline: nil))
  }

  @Test(arguments: [[], [1, 2, 3], Array(repeating: 0, count: 32)] as [[UInt8]])
  func whatIsNoDigestIsLeftOut(_ digest: [UInt8]) {
    let policies = TriggerPolicies()
    let update = PolicyUpdate(
      reset: true, complete: true, triggers: [TriggerPolicy(keyDigest: digest), Self.policy("a", rate: 1)])
    #expect(policies.apply(update) == 1)
    #expect(policies.count == 1)
  }

  @Test func moreThanTheLimitIsLeftOut() {
    let policies = TriggerPolicies(limits: .init(triggers: 2))
    let names = ["a", "b", "c", "a"]
    #expect(policies.apply(PolicyUpdate(reset: true, complete: true, triggers: names.map { Self.policy($0, rate: 1) })) == 1)
    #expect(policies.count == 2)
  }

  @Test func anIncompleteListChangesNothing() {
    let policies = TriggerPolicies()
    _ = policies.apply(PolicyUpdate(reset: true, complete: true, triggers: [Self.policy("a", rate: 60, burst: 1)]))
    _ = policies.apply(PolicyUpdate(reset: true, triggers: [Self.policy("b", rate: 60, burst: 1)]))
    #expect(policies.count == 1)
    #expect(admit(policies, "a") == .admitted(deadline: nil))
    #expect(admit(policies, "a") == .limited(.rateLimited, retryAfter: .seconds(1)), "what is known stays in force")
    policies.streamEnded()
    // The rest of the list that was cut off, from another stream: changes to what is known.
    _ = policies.apply(PolicyUpdate(complete: true, triggers: [Self.policy("c", rate: 60, burst: 1)]))
    #expect(policies.count == 2)
  }

  @Test func aCompleteListTakesThePlaceOfWhatWasKnown() {
    let policies = TriggerPolicies()
    _ = policies.apply(
      PolicyUpdate(reset: true, complete: true, triggers: ["a", "b"].map { Self.policy($0, rate: 60, burst: 1) }))
    #expect(admit(policies, "a") == .admitted(deadline: nil))
    _ = policies.apply(PolicyUpdate(reset: true, triggers: [Self.policy("a", rate: 60, burst: 1)]))
    _ = policies.apply(PolicyUpdate(complete: true))
    #expect(policies.count == 1)
    #expect(
      admit(policies, "a") == .limited(.rateLimited, retryAfter: .seconds(1)), "a list that says the same again gives no tokens")
    _ = policies.apply(PolicyUpdate(removed: [Self.digest("a")]))
    #expect(policies.count == 0)
    #expect(admit(policies, "a") == .admitted(deadline: nil))
  }

  @Test func aRefusalTakesNoToken() {
    let policies = TriggerPolicies()
    _ = policies.apply(
      PolicyUpdate(
        reset: true, complete: true, triggers: [Self.policy("a", rate: 60, burst: 2, sourceRate: 6, sourceBurst: 1)]))
    let other = IPAddress(bytes: [192, 0, 2, 2]) ?? .loopback
    let third = IPAddress(bytes: [192, 0, 2, 3]) ?? .loopback
    #expect(admit(policies, "a") == .admitted(deadline: nil))
    for _ in 0..<5 { #expect(admit(policies, "a") == .limited(.sourceRateLimited, retryAfter: .seconds(10))) }
    #expect(admit(policies, "a", from: other) == .admitted(deadline: nil), "the noisy one has used up nothing of the trigger's")
    for _ in 0..<5 { #expect(admit(policies, "a", from: third) == .limited(.rateLimited, retryAfter: .seconds(1))) }
    #expect(admit(policies, "a", from: third, at: 1) == .admitted(deadline: nil), "nor the trigger anything of the third's")
    #expect(admit(policies, "b", from: third) == .admitted(deadline: nil))
  }

  // MARK: - Over a connection

  private func caller(_ policy: TriggerPolicy, _ script: ScriptedForwarder.Script? = nil) throws -> EmbeddedCaller {
    let caller = try EmbeddedCaller(ScriptedForwarder(script ?? .answer(.answered(ScriptedForwarder.accepted))))
    _ = caller.core.policies.apply(PolicyUpdate(reset: true, complete: true, triggers: [policy]))
    return caller
  }

  @Test func tooManyGet429AndTheConnectionGoesOn() throws {
    let caller = try caller(Self.policy(key, rate: 6, burst: 1))
    #expect(statuses(caller.send(post())) == [200])
    let answer = caller.send(post(body: String(repeating: "x", count: 60_000)))
    #expect(statuses(answer) == [429])
    #expect(answer.contains("\r\nretry-after: 10\r\n") && answer.hasSuffix(#"{"error":"rate_limited"}"#))
    #expect(caller.isOpen && caller.forwarder.requests.count == 1)
    #expect(caller.core.load.bytes == 0, "nothing of the body was kept")
    caller.advance(3.5)
    #expect(caller.send(post()).contains("\r\nretry-after: 7\r\n"), "never less than the wait")
    caller.advance(6.5)
    #expect(statuses(caller.send(post())) == [200])
  }

  @Test func aShortWaitIsStillASecond() throws {
    let caller = try caller(Self.policy(key, rate: 6000, burst: 1))
    #expect(statuses(caller.send(post())) == [200])
    #expect(caller.send(post()).contains("\r\nretry-after: 1\r\n"))
  }

  @Test(arguments: Arrival.allCases)
  func aRefusedRequestDoesNotDisturbTheNext(_ arrival: Arrival) throws {
    let caller = try caller(Self.policy(key, rate: 6, burst: 1))
    caller.send(post(), arrival)
    let answers = caller.send(
      post(body: post()) + "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", arrival)
    #expect(statuses(answers) == [429, 200], "the body of the refused one is not read as a request")
  }

  @Test(arguments: ["Expect: 100-continue\r\nContent-Length: 5", "Transfer-Encoding: chunked", "Content-Length: 100000"])
  func aBodyThatIsNotWantedIsNotReadWhereThatCanBeSaid(_ line: String) throws {
    let caller = try caller(Self.policy(key, rate: 6, burst: 1))
    caller.send(post())
    let answer = caller.send("POST /w/\(key) HTTP/1.1\r\nHost: a\r\n\(line)\r\n\r\n")
    #expect(statuses(answer) == [429] && answer.contains("connection: close"))
    #expect(!answer.contains("100 Continue"))
  }

  @Test func theSourceIsTheOneBehindTheProxy() throws {
    let forwarder = ScriptedForwarder()
    let caller = try EmbeddedCaller(forwarder, peer: "192.0.2.200") {
      $0.resolver = ClientAddressResolver(proxies: .blocks([CIDRBlock("192.0.2.200")].compactMap { $0 }))
    }
    _ = caller.core.policies.apply(
      PolicyUpdate(reset: true, complete: true, triggers: [Self.policy(key, sourceRate: 6, sourceBurst: 1)]))
    #expect(statuses(caller.send(post("/w/\(key)", body: "{}", "X-Forwarded-For: 198.51.100.1\r\n"))) == [200])
    #expect(statuses(caller.send(post("/w/\(key)", body: "{}", "X-Forwarded-For: 198.51.100.1\r\n"))) == [429])
    #expect(statuses(caller.send(post("/w/\(key)", body: "{}", "X-Forwarded-For: 198.51.100.2\r\n"))) == [200])
    // What the caller says of itself counts for nothing.
    #expect(statuses(caller.send(post("/w/\(key)", body: "{}", "X-Forwarded-For: 203.0.113.9, 198.51.100.1\r\n"))) == [429])
  }

  // MARK: - Deadlines

  @Test func theDeadlineIsTheTriggers() throws {
    let caller = try caller(Self.policy(key, deadlineMs: 2500))
    caller.send(post())
    caller.send(post("/w/wh_zzzzzzzzzzzzzzzzzzzzzzzzzz"))
    #expect(caller.forwarder.deadlines == [.milliseconds(2500), nil])
  }

  @Test func aSlowBodyUsesUpHalfOfItAtMost() throws {
    let caller = try caller(Self.policy(key, deadlineMs: 4000))
    let head = "POST /w/\(key) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"
    for seconds in [1, 3.0] {
      caller.send(head)
      caller.advance(seconds)
      caller.send("{}")
    }
    #expect(caller.forwarder.deadlines == [.seconds(3), .seconds(2)])
  }

  @Test func aForwarderThatBreaksALongDeadlineIsGivenUpAfterIt() throws {
    let caller = try caller(Self.policy(key, deadlineMs: 30_000), .hold)
    caller.send(post())
    caller.advance(33)
    #expect(caller.received().isEmpty)
    caller.advance(1.1)
    #expect(statuses(caller.received()) == [503])
  }
}
