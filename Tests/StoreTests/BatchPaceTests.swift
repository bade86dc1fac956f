import Testing

@testable import Store

/// The size of batches against databases that take so long for a batch and so long for each entry of it.
@Suite struct BatchPaceTests {
  /// Full batches, one after the other; gives the size that it comes to.
  private func settled(_ pace: inout BatchPace, batch: Duration, entry: Duration) -> Int {
    for _ in 0..<20 { pace.took(batch + entry * pace.entries, for: pace.entries) }
    return pace.entries
  }

  @Test func aFastDatabaseGetsWholeBatches() {
    var pace = BatchPace(IngestLimits())
    #expect(settled(&pace, batch: .milliseconds(2), entry: .microseconds(30)) == 512)
    // A commit that takes long because of the disk, not of the rows.
    #expect(settled(&pace, batch: .milliseconds(80), entry: .microseconds(30)) == 512)
  }

  @Test(arguments: [1, 3, 10])
  func batchesOfASlowDatabaseTakeTheirTimeAndNoLonger(_ milliseconds: Int) {
    var pace = BatchPace(IngestLimits())
    let entries = settled(&pace, batch: .milliseconds(5), entry: .milliseconds(milliseconds))
    #expect(entries >= BatchPace.fewest && entries * milliseconds <= 200)
    #expect(entries * milliseconds >= 60 || entries == BatchPace.fewest)
    #expect(pace.perEntry.map { $0 >= .milliseconds(milliseconds) && $0 < .milliseconds(milliseconds + 2) } == true)
    // It gets faster again.
    #expect(settled(&pace, batch: .milliseconds(5), entry: .microseconds(50)) == 512)
  }

  @Test func oneStopIsForgottenWithinAFewBatches() {
    var pace = BatchPace(IngestLimits())
    pace.took(.seconds(30), for: 1)
    #expect(pace.entries == BatchPace.fewest)
    for _ in 0..<5 { pace.took(.milliseconds(3), for: pace.entries) }
    #expect(pace.entries == 512)
  }

  @Test func smallBatchesSayNothingOfWhatManyWouldTake() {
    var pace = BatchPace(IngestLimits())
    for _ in 0..<10 { pace.took(.milliseconds(50), for: 1) }
    #expect(pace.entries == 512)
    #expect(pace.perEntry == nil && pace.isInTime(.milliseconds(1), behind: 8000))
  }

  @Test func aLimitBelowTheFewestHolds() {
    var pace = BatchPace(IngestLimits(batchEntries: 4))
    pace.took(.seconds(1), for: 4)
    #expect(pace.entries == 4)
  }

  @Test(arguments: [(1, 249, true), (1, 251, false), (2, 499, true), (2, 501, false)])
  func whatIsInTimeDependsOnTheLanes(_ lanes: Int, _ waiting: Int, _ expected: Bool) {
    var pace = BatchPace(IngestLimits(lanes: lanes))
    pace.took(.milliseconds(5120), for: 512)
    #expect(pace.isInTime(.milliseconds(2500), behind: waiting) == expected)
  }
}
