import Addresses
import Cryptography
import Testing

@testable import Edge

/// Buckets on a hand clock, in nanoseconds.
@Suite struct RequestRateTests {
  private static let second: Int64 = 1_000_000_000

  /// How many of the tries at one moment pass.
  private func passing(_ rate: RequestRate, _ tries: Int, _ fullAt: inout Int64, at now: Int64) -> Int {
    (0..<tries).reduce(0) { count, _ in
      guard rate.wait(fullAt: fullAt, now: now) == nil else { return count }
      fullAt = rate.taken(fullAt: fullAt, now: now)
      return count + 1
    }
  }

  @Test func noRateIsNoLimit() {
    #expect(RequestRate(perMinute: 0, burst: 10) == nil)
  }

  @Test(arguments: [(60, 1), (60, 5), (600, 100), (6, 1), (6000, 3)])
  func theBurstPassesAtOnceAndThenTheRateHolds(_ perMinute: UInt32, _ burst: UInt32) throws {
    let rate = try #require(RequestRate(perMinute: perMinute, burst: burst))
    var fullAt = Int64.min
    let start: Int64 = 5 * Self.second
    #expect(passing(rate, Int(burst) + 3, &fullAt, at: start) == Int(burst))
    // Ten tries a second for a minute: what passes is the rate.
    var passed = 0
    for step in 1...6000 { passed += passing(rate, 20, &fullAt, at: start + Int64(step) * Self.second / 100) }
    #expect(abs(passed - Int(perMinute)) <= 1)
  }

  @Test func theWaitIsTheTimeUntilAToken() throws {
    let rate = try #require(RequestRate(perMinute: 6, burst: 2))
    var fullAt = Int64.min
    #expect(passing(rate, 5, &fullAt, at: 0) == 2)
    #expect(rate.wait(fullAt: fullAt, now: 0) == 10 * Self.second)
    #expect(rate.wait(fullAt: fullAt, now: 4 * Self.second) == 6 * Self.second)
    #expect(rate.wait(fullAt: fullAt, now: 10 * Self.second) == nil)
  }

  @Test func anIdleBucketHoldsNoMoreThanItsBurst() throws {
    let rate = try #require(RequestRate(perMinute: 60, burst: 3))
    var fullAt = Int64.min
    _ = passing(rate, 5, &fullAt, at: 0)
    #expect(passing(rate, 10, &fullAt, at: 3600 * Self.second) == 3)
  }

  @Test func withoutABurstAMinutesWorthPasses() throws {
    let rate = try #require(RequestRate(perMinute: 7, burst: 0))
    var fullAt = Int64.min
    #expect(passing(rate, 20, &fullAt, at: 0) == 7)
  }

  @Test func aRateThatIsRaisedIsInForceAtOnce() throws {
    let slow = try #require(RequestRate(perMinute: 1, burst: 1))
    let fast = try #require(RequestRate(perMinute: 60, burst: 1))
    var fullAt = Int64.min
    _ = passing(slow, 1, &fullAt, at: 0)
    #expect(slow.wait(fullAt: fullAt, now: 0) == 60 * Self.second)
    #expect(fast.wait(fullAt: fullAt, now: 0) == Self.second)
  }

  @Test(arguments: [(UInt32.max, UInt32.max), (1, .max), (.max, 1), (1, 1)])
  func extremesDoNotOverflow(_ perMinute: UInt32, _ burst: UInt32) throws {
    let rate = try #require(RequestRate(perMinute: perMinute, burst: burst))
    var fullAt = Int64.min
    for now in [0, 3600 * Self.second, Int64.max / 2] { #expect(passing(rate, 3, &fullAt, at: now) >= 1) }
  }
}

@Suite struct SourceBucketTests {
  private static func digest(_ name: String) throws -> KeyDigest { KeyDigest(of: Array(name.utf8)[...]) }

  @Test func theTableDoesNotGrow() throws {
    let trigger = try Self.digest("a")
    var table = SourceBuckets(count: 100)
    #expect(table.count == 128)
    for number in 0..<5000 {
      let place = table.place(of: IPAddress(bytes: [10, 0, UInt8(number >> 8), UInt8(number & 255)]) ?? .loopback, at: trigger)
      table.store(Int64(number), at: place)
    }
    #expect(table.count == 128)
  }

  @Test func theBucketClosestToFullGivesWay() throws {
    let trigger = try Self.digest("a")
    // One set of eight places.
    var table = SourceBuckets(count: 8)
    func address(_ number: UInt8) -> IPAddress { IPAddress(bytes: [192, 0, 2, number]) ?? .loopback }
    for number in 1...8 as ClosedRange<UInt8> {
      table.store(100 + Int64(number), at: table.place(of: address(number), at: trigger))
    }
    table.store(500, at: table.place(of: address(9), at: trigger))
    #expect(table.place(of: address(1), at: trigger).fullAt == .min, "it was the one that waited least")
    for number in 2...8 as ClosedRange<UInt8> {
      #expect(table.place(of: address(number), at: trigger).fullAt == 100 + Int64(number))
    }
    #expect(table.place(of: address(9), at: trigger).fullAt == 500)
  }

  @Test(arguments: [
    ("192.0.2.1", "192.0.2.2", false), ("2001:db8::1", "2001:db8::ffff:1", true), ("2001:db8::1", "2001:db8:0:1::1", false),
    ("::ffff:192.0.2.1", "192.0.2.1", true),
  ])
  func addressesOfOneNetworkShareABucket(_ first: String, _ second: String, _ share: Bool) throws {
    let trigger = try Self.digest("a")
    var table = SourceBuckets(count: 1024)
    table.store(7, at: table.place(of: try #require(IPAddress(first)), at: trigger))
    #expect((table.place(of: try #require(IPAddress(second)), at: trigger).fullAt == 7) == share)
    #expect(table.place(of: try #require(IPAddress(first)), at: try Self.digest("b")).fullAt == .min, "another trigger's")
  }
}
