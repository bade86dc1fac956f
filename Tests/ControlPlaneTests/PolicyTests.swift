import HeadgateProto
import RPC
import Synchronization
import Testing

@testable import ControlPlane

@Suite("policies")
struct PolicyTests {
  private static func policy(_ number: Int, rate: UInt32 = 60) -> TriggerPolicy {
    TriggerPolicy(keyDigest: digest(number), ratePerMinute: rate)
  }

  private static func digest(_ number: Int) -> [UInt8] {
    (0..<16).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
  }

  private static func stream(_ feed: PolicyFeed, workspace: String? = nil) throws -> (
    InProcessPair, PolicyServiceClient<InProcessPair>
  ) {
    let pair = try InProcessPair(
      handlers: PolicyService(feed: feed).methods, principal: Principal(name: "e", roles: [.edge], workspace: workspace))
    return (pair, PolicyServiceClient(pair))
  }

  @Test("a credential of one workspace is no edge node's")
  func confined() async throws {
    let (pair, client) = try Self.stream(PolicyFeed(), workspace: "shop")
    let error = try await failure { try await client.watch(WatchPolicyRequest()).next() }
    #expect(error?.code == .permissionDenied)
    await pair.shutdown()
  }

  @Test("nothing is said before everything is known; then everything, then what changes, then that it ends")
  func order() async throws {
    let feed = PolicyFeed()
    let (pair, client) = try Self.stream(feed)
    let stream = try await client.watch(WatchPolicyRequest())
    async let first = stream.next()
    #expect(try await eventually { feed.watchers == 1 })
    feed.apply([Self.digest(1): Self.policy(1)], isComplete: false)
    feed.apply([Self.digest(2): Self.policy(2)], isComplete: true)
    let everything = try #require(try await first)
    #expect(everything.reset && everything.complete)
    #expect(Set(everything.triggers.map(\.keyDigest)) == [Self.digest(1), Self.digest(2)])

    async let second = stream.next()
    // What is known already is no news.
    feed.apply([Self.digest(1): Self.policy(1)], isComplete: true)
    feed.apply([Self.digest(1): Self.policy(1, rate: 5), Self.digest(2): nil, Self.digest(9): nil], isComplete: false)
    let change = try #require(try await second)
    #expect(!change.reset && !change.complete)
    #expect(change.triggers.map(\.ratePerMinute) == [5])
    #expect(change.removed == [Self.digest(2)])

    async let last = failure { try await stream.next() }
    feed.close()
    #expect(try await last?.code == .unavailable)
    #expect(try await eventually { feed.watchers == 0 })
    await pair.shutdown()
  }

  @Test("no policy at all is said too; many are said in several messages", arguments: [0, 1, 1000, 1001, 2500])
  func counts(count: Int) async throws {
    let feed = PolicyFeed()
    let policies = Dictionary(uniqueKeysWithValues: (0..<count).map { (Self.digest($0), Optional(Self.policy($0))) })
    feed.apply(policies, isComplete: true)
    let (pair, client) = try Self.stream(feed)
    let stream = try await client.watch(WatchPolicyRequest())
    var known: Set<[UInt8]> = []
    var messages = 0
    while let update = try await stream.next() {
      #expect(update.reset == (messages == 0))
      messages += 1
      known.formUnion(update.triggers.map(\.keyDigest))
      if update.complete { break }
    }
    #expect(known.count == count)
    #expect(messages == max(1, (count + 999) / 1000))
    stream.cancel()
    await pair.shutdown()
  }

  @Test("a watcher that is slow gets the newest state of each trigger once, and everything anew when it is too far behind")
  func slow() async throws {
    let feed = PolicyFeed()
    feed.apply([:], isComplete: true)
    let heard = Heard()
    try await withThrowingTaskGroup(of: Void.self) { group in
      let (gates, open) = AsyncStream.makeStream(of: Void.self)
      group.addTask {
        var gate = gates.makeAsyncIterator()
        try await feed.watch { news in
          heard.append(news)
          _ = await gate.next()
        }
      }
      #expect(try await eventually { heard.all.count == 1 })
      for rate in 1...50 as ClosedRange<UInt32> { feed.apply([Self.digest(1): Self.policy(1, rate: rate)], isComplete: false) }
      open.yield()
      #expect(try await eventually { heard.all.count == 2 })
      #expect(heard.all.last == .changes([Self.policy(1, rate: 50)], removed: []))
      for number in 0...PolicyFeed.pendingLimit { feed.apply([Self.digest(number): Self.policy(number)], isComplete: false) }
      open.yield()
      #expect(try await eventually { heard.all.count == 3 })
      guard case .everything(let policies)? = heard.all.last else {
        Issue.record("not everything")
        return
      }
      #expect(policies.count == PolicyFeed.pendingLimit + 1)
      open.finish()
      feed.close()
      try await group.waitForAll()
    }
    #expect(feed.watchers == 0)
  }

  @Test("a watcher that goes away while it waits is forgotten")
  func cancelled() async throws {
    let feed = PolicyFeed()
    feed.apply([:], isComplete: true)
    let (pair, client) = try Self.stream(feed)
    let stream = try await client.watch(WatchPolicyRequest())
    _ = try await stream.next()
    stream.cancel()
    #expect(try await eventually { feed.watchers == 0 })
    await pair.shutdown()
  }
}

/// What a watcher was told.
private final class Heard: Sendable {
  private let news = Mutex<[PolicyFeed.News]>([])

  var all: [PolicyFeed.News] { news.withLock { $0 } }

  func append(_ heard: PolicyFeed.News) { news.withLock { $0.append(heard) } }
}

@Suite("presets over RPC")
struct PresetServiceTests {
  @Test("in the order of their ids; one that is not there is not found")
  func listing() async throws {
    let service = PresetService(presets: [PresetInfo(id: "stripe", mode: "hmac"), PresetInfo(id: "github", mode: "hmac")])
    let pair = try InProcessPair(handlers: service.methods, principal: Principal(name: "r", roles: [.reader]))
    let client = PresetServiceClient(pair)
    #expect(try await client.list(ListPresetsRequest()).presets.map(\.id) == ["github", "stripe"])
    #expect(try await client.get(GetPresetRequest(id: "stripe")).mode == "hmac")
    #expect(try await failure { try await client.get(GetPresetRequest(id: "nope")) }?.code == .notFound)
    #expect(try await failure { try await client.get(GetPresetRequest()) }.paths == ["id"])
    await pair.shutdown()
  }
}
