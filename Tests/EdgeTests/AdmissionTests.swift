import Testing

@testable import Edge

/// Admission on a hand clock, against a system that commits in batches: one takes all that waits, up to 512, and takes as long as
/// its size and the rate say.
@Suite struct AdmissionTests {
  private struct World {
    var admission: Admission
    /// When each request under way was taken on, oldest first; those of the batch come first.
    private var queue: [Int64] = []
    private var head = 0
    private var batch = 0
    private var batchEnd: Int64 = 0
    private var due = 0.0
    private(set) var now: Int64 = 1_000_000_000
    private(set) var waits: [Int64] = []
    private(set) var refused = 0
    let patience: Admission.Patience

    init(limit: Int = 10_000, deadline: Duration = .seconds(8), attempt: Duration = .milliseconds(2500)) {
      admission = Admission(limit: limit)
      patience = Admission.Patience(deadline: deadline, attempt: attempt)
    }

    var inFlight: Int { queue.count - head }

    mutating func arrive() {
      if admission.begin(patience, at: now) { queue.append(now) } else { refused += 1 }
    }

    /// Lets time go by, in steps of a millisecond; arrivals and commits as so many a second.
    mutating func run(seconds: Double, arrivals: Double, commits: Double) {
      for _ in 0..<Int(seconds * 1000) {
        now += 1_000_000
        if batch > 0, now >= batchEnd, commits > 0 {
          for _ in 0..<batch {
            admission.end(committedSince: queue[head], at: now)
            waits.append(now - queue[head])
            head += 1
          }
          batch = 0
        }
        if batch == 0, inFlight > 0, commits > 0 {
          batch = min(inFlight, 512)
          batchEnd = now + 1_000_000 + Int64(Double(batch) / commits * 1e9)
        }
        due += arrivals / 1000
        while due >= 1 {
          arrive()
          due -= 1
        }
      }
    }

    mutating func forget() {
      waits = []
      refused = 0
    }
  }

  @Test func theLimitHoldsWhateverIsMeasured() {
    var world = World(limit: 100)
    world.run(seconds: 0.2, arrivals: 1000, commits: 0)
    #expect(world.inFlight == 100 && world.refused == 100)
  }

  /// At 250 a second a batch of 512 takes two seconds by itself.
  @Test(arguments: [250.0, 1000, 20_000], [2.0, 10])
  func overloadCostsNothingOfTheThroughput(_ capacity: Double, _ times: Double) {
    var world = World(limit: 100_000)
    world.run(seconds: 3, arrivals: capacity * 0.8, commits: capacity)
    #expect(world.refused == 0)
    world.forget()
    world.run(seconds: 20, arrivals: capacity * times, commits: capacity)
    let committed = Double(world.waits.count) / 20
    #expect(committed >= capacity * 0.94)
    // The wait is bounded, and but for the first moments well within an attempt.
    #expect(Double(world.waits.max() ?? 0) / 1e9 <= 3)
    #expect(world.waits.sorted()[world.waits.count * 9 / 10] < 1_700_000_000)
    #expect(world.refused > 0)
    // Back to normal within ten seconds, though four fifths of the load stay.
    world.run(seconds: 10, arrivals: capacity * 0.8, commits: capacity)
    world.forget()
    world.run(seconds: 5, arrivals: capacity * 0.8, commits: capacity)
    #expect(world.refused == 0 && Double(world.waits.max() ?? 0) / 1e9 < 0.3)
  }

  @Test func aBurstOnAnIdleSystemIsTakenWhole() {
    var world = World()
    // One caller after the other: the rate measured is far below what the system can do.
    world.run(seconds: 20, arrivals: 50, commits: 500)
    for _ in 0..<5000 { world.arrive() }
    #expect(world.refused == 0)
    world.run(seconds: 1, arrivals: 50, commits: 10_000)
    #expect(world.inFlight < 50 && world.refused == 0)
  }

  @Test(arguments: [100.0, 500, 2000])
  func aDatabaseThatRestartsCostsTimeAndHardlyARequest(_ arrivals: Double) {
    var world = World(limit: 100_000)
    world.run(seconds: 5, arrivals: arrivals, commits: arrivals * 10)
    world.run(seconds: 2, arrivals: arrivals, commits: 0)
    world.run(seconds: 10, arrivals: arrivals, commits: arrivals * 10)
    // The rate is that of the arrivals where there is never more to do; one in sixteen is refused for it at most.
    #expect(Double(world.refused) <= 2 * arrivals / 16)
    #expect(world.inFlight < 100)
  }

  @Test func aLongAbsenceIsNotWaitedForByEverybody() {
    var world = World(limit: 100_000)
    world.run(seconds: 5, arrivals: 800, commits: 1000)
    world.run(seconds: 20, arrivals: 800, commits: 0)
    #expect(world.inFlight <= 2600, "what can be answered within an attempt once it is back")
    #expect(world.refused > 10_000)
    world.forget()
    world.run(seconds: 15, arrivals: 800, commits: 1000)
    #expect(world.inFlight < 100)
    world.forget()
    world.run(seconds: 5, arrivals: 800, commits: 1000)
    #expect(world.refused == 0)
  }

  @Test func whoIsInAHurryIsRefusedEarlier() {
    var world = World(deadline: .seconds(8))
    world.run(seconds: 10, arrivals: 5000, commits: 1000)
    let slack = Admission.Patience(deadline: .milliseconds(1000), attempt: .milliseconds(2500))
    #expect(!world.admission.accepts(slack, at: world.now))
    world.run(seconds: 1.1, arrivals: 0, commits: 1000)
    #expect(world.inFlight > 64 && world.admission.accepts(slack, at: world.now))
  }

  /// Refusals by the control plane are quick; they must not make the system look faster than it commits.
  @Test func junkDoesNotRaiseTheRate() {
    var world = World()
    world.run(seconds: 3, arrivals: 800, commits: 1000)
    let before = world.admission.rate
    for _ in 0..<10_000 {
      if world.admission.begin(world.patience, at: world.now) { world.admission.end(committedSince: nil, at: world.now) }
    }
    world.run(seconds: 1, arrivals: 800, commits: 1000)
    #expect(world.admission.rate < before * 1.1)
  }
}
