import Postgres
import Testing

@Suite struct UnixTimeTests {
  /// A peer may name any 64-bit time: arithmetic on it must not end the process.
  @Test(arguments: [
    (Int64.max, Duration.seconds(1), Int64.max), (.min, .seconds(-1), .min), (.max, .microseconds(-1), .max - 1),
    (0, .seconds(2), 2_000_000),
  ])
  func additionStopsAtTheEnds(microseconds: Int64, duration: Duration, sum: Int64) {
    #expect((UnixTime(microseconds: microseconds) + duration).microseconds == sum)
  }

  @Test(arguments: [
    (Int64.min, Duration.seconds(1), Int64.min), (.max, .seconds(-1), .max), (.min, .microseconds(-1), .min + 1),
    (0, .seconds(2), -2_000_000),
  ])
  func subtractionStopsAtTheEnds(microseconds: Int64, duration: Duration, difference: Int64) {
    #expect((UnixTime(microseconds: microseconds) - duration).microseconds == difference)
  }
}
