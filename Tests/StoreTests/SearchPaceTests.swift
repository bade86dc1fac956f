import Testing

@testable import Store

@Suite struct SearchPaceTests {
  private static func step(
    _ way: SearchPace.Way, passed: Int64 = 1000, took: Duration = .milliseconds(1), remaining: Duration? = nil, found: Int = 0,
    wanted: Int = 50
  ) -> SearchPace.Step {
    SearchPace.Step(way: way, passed: passed, took: took, remaining: remaining, found: found, wanted: wanted)
  }

  @Test func eachWayIsTriedAndThenTheFasterTaken() {
    var pace = SearchPace()
    #expect(pace.faster == .candidates)
    pace.went(Self.step(.candidates, passed: 1000))
    #expect(pace.faster == .windows)
    pace.went(Self.step(.windows, passed: 999))
    #expect(pace.faster == .candidates)
    pace.went(Self.step(.candidates, passed: 1000, took: .milliseconds(2)))
    #expect(pace.faster == .windows)
  }

  @Test func candidatesDoubleUpToALimitAndWhileThereIsTime() {
    var pace = SearchPace()
    var sizes: [Int] = []
    for _ in 0..<7 {
      sizes.append(pace.candidates)
      pace.went(Self.step(.candidates))
    }
    #expect(sizes == [256, 512, 1024, 2048, 4096, 8192, 8192])
    pace.went(Self.step(.candidates, took: .milliseconds(20), remaining: .milliseconds(10)))
    #expect(pace.candidates == 4096)
    pace.went(Self.step(.candidates, took: .milliseconds(20), remaining: .milliseconds(-5)))
    #expect(pace.candidates == 256)
  }

  /// found, wanted → how many times as long the next window is.
  @Test(arguments: [(0, 50, 16.0), (1, 49, 16), (25, 25, 1.5), (49, 1, 1.5 / 49)])
  func windowsAreAsLongAsWhatIsWantedTakes(found: Int, wanted: Int, factor: Double) {
    for way in [SearchPace.Way.candidates, .windows] {
      var pace = SearchPace()
      pace.went(Self.step(way, passed: 1_000_000, found: found, wanted: wanted))
      #expect(pace.window == Int64(1_000_000 * factor))
    }
  }

  @Test func windowsStayWithinTheirLimits() {
    var pace = SearchPace()
    #expect(pace.window == 1000)
    pace.went(Self.step(.windows, passed: 0, found: 49, wanted: 1))
    #expect(pace.window == 1000)
    pace.went(Self.step(.windows, passed: 7 * 86_400_000))
    #expect(pace.window == 8 * 86_400_000)
    // Half the time of the last one is left.
    pace.went(Self.step(.windows, passed: 80_000, took: .milliseconds(20), remaining: .milliseconds(10)))
    #expect(pace.window == 40_000)
    // Candidates tell where to begin, no more.
    pace.went(Self.step(.candidates, passed: 1_000_000))
    #expect(pace.window == 40_000)
  }
}
