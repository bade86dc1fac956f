import Testing

@testable import RPC

/// Which connections a client makes, makes again and uses.
@Suite struct ConnectionSlotsTests {
  /// The value in a class, because `#expect` copies what it looks at.
  private final class Slots {
    var value: ConnectionSlots<String>

    init(endpoints: Int = 2, eventLoops: Int = 1) {
      value = ConnectionSlots(
        endpointCount: endpoints, eventLoopCount: eventLoops, backoff: .init(base: .milliseconds(50), limit: .seconds(2)))
    }

    func start() -> [Int] { value.start() }
    func connected(_ slot: Int, _ id: ConnectionID, _ name: String) -> Bool { value.connected(slot, id, name) }
    func lost(
      _ slot: Int, _ id: ConnectionID?, lived: Duration = .zero, fraction: Double
    ) -> ConnectionSlots<String>.Retry? {
      value.lost(slot, id, lived: lived, fraction: fraction)
    }
    func retry(_ slot: Int) -> Bool { value.retry(slot) }
    func pick(eventLoop: Int?, avoiding: ConnectionID?) -> String? {
      value.pick(eventLoop: eventLoop, avoiding: avoiding)?.connection
    }
    func stop() { value.stop() }
    var isReady: Bool { value.isReady }
  }

  private static func id(_ number: UInt64) -> ConnectionID { ConnectionID(number: number) }

  @Test func thereIsOneForEachEndpointAndEventLoop() {
    let slots = Slots(endpoints: 2, eventLoops: 3)
    #expect(slots.start() == [0, 1, 2, 3, 4, 5])
    #expect(slots.start().isEmpty, "they are being made")
    #expect((0..<6).map { slots.value.endpoint(of: $0) } == [0, 1, 0, 1, 0, 1])
    #expect((0..<6).map { slots.value.eventLoop(of: $0) } == [0, 0, 1, 1, 2, 2])
  }

  /// Full jitter: anywhere between nothing and a cap that doubles.
  @Test(arguments: [
    (0, 0.0, Duration.zero), (0, 1, .milliseconds(50)), (1, 1, .milliseconds(100)), (3, 0.5, .milliseconds(200)),
    (6, 1, .seconds(2)),
    (1_000_000, 1, .seconds(2)),
  ])
  func backoffGrowsToItsLimit(failures: Int, fraction: Double, delay: Duration) {
    let backoff = ConnectionSlots<String>.Backoff(base: .milliseconds(50), limit: .seconds(2))
    #expect(backoff.delay(failures: failures, fraction: fraction) == delay)
  }

  @Test func aFailedAttemptIsRepeatedLaterAndLater() {
    let slots = Slots(endpoints: 1)
    _ = slots.start()
    #expect(slots.lost(0, nil, fraction: 1) == .init(slot: 0, delay: .milliseconds(50)))
    #expect(slots.lost(0, nil, fraction: 1) == nil, "it waits already")
    #expect(slots.retry(0))
    #expect(!slots.retry(0))
    #expect(slots.lost(0, nil, fraction: 1) == .init(slot: 0, delay: .milliseconds(100)))
  }

  @Test func aConnectionThatLastedEndsTheRowOfFailures() {
    let slots = Slots(endpoints: 1)
    _ = slots.start()
    for _ in 0..<5 {
      _ = slots.lost(0, nil, fraction: 1)
      _ = slots.retry(0)
    }
    #expect(slots.connected(0, Self.id(1), "a"))
    #expect(slots.lost(0, Self.id(1), lived: .milliseconds(10), fraction: 1)?.delay == .milliseconds(1600))
    _ = slots.retry(0)
    #expect(slots.connected(0, Self.id(2), "b"))
    #expect(slots.lost(0, Self.id(2), lived: .seconds(60), fraction: 1)?.delay == .milliseconds(50))
  }

  @Test func eventsOfConnectionsThatWereReplacedAreDropped() {
    let slots = Slots(endpoints: 1)
    _ = slots.start()
    #expect(slots.connected(0, Self.id(1), "a"))
    #expect(!slots.connected(0, Self.id(2), "b"), "there is one")
    #expect(slots.lost(0, Self.id(2), fraction: 1) == nil)
    #expect(slots.lost(0, nil, fraction: 1) == nil)
    #expect(slots.isReady)
    #expect(slots.lost(0, Self.id(1), fraction: 1) != nil)
    #expect(!slots.isReady)
    #expect(slots.lost(0, Self.id(1), fraction: 1) == nil)
  }

  @Test func callsTakeTurnsAndPreferTheirEventLoop() {
    let slots = Slots(endpoints: 2, eventLoops: 2)
    #expect(slots.pick(eventLoop: 0, avoiding: nil) == nil)
    for slot in slots.start() { #expect(slots.connected(slot, Self.id(UInt64(slot)), "\(slot)")) }
    let picked = Set((0..<10).compactMap { _ in slots.pick(eventLoop: 1, avoiding: nil) })
    #expect(picked == ["2", "3"])
    let any = Set((0..<20).compactMap { _ in slots.pick(eventLoop: nil, avoiding: nil) })
    #expect(any == ["0", "1", "2", "3"])
  }

  @Test func aRepeatedCallGoesElsewhereIfItCan() {
    let slots = Slots(endpoints: 2, eventLoops: 2)
    for slot in slots.start() { _ = slots.connected(slot, Self.id(UInt64(slot)), "\(slot)") }
    for _ in 0..<10 { #expect(slots.pick(eventLoop: 0, avoiding: Self.id(0)) == "1") }
    _ = slots.lost(1, Self.id(1), fraction: 0)
    // Another event loop's connection is better than the same one again.
    for _ in 0..<10 { #expect(["2", "3"].contains(slots.pick(eventLoop: 0, avoiding: Self.id(0)) ?? "")) }
    _ = slots.lost(2, Self.id(2), fraction: 0)
    _ = slots.lost(3, Self.id(3), fraction: 0)
    #expect(slots.pick(eventLoop: 0, avoiding: Self.id(0)) == "0", "better than none")
  }

  @Test func afterStopNothingIsWanted() {
    let slots = Slots()
    _ = slots.start()
    #expect(slots.connected(0, Self.id(1), "a"))
    slots.stop()
    #expect(!slots.isReady)
    #expect(slots.pick(eventLoop: nil, avoiding: nil) == nil)
    #expect(!slots.connected(1, Self.id(2), "b"))
    #expect(slots.lost(0, Self.id(1), fraction: 1) == nil)
    #expect(!slots.retry(0))
    #expect(slots.start().isEmpty)
  }
}
