import Observability

/// The wall clock, for comparisons with what the code under test read off it.
enum WallClockForTests {
  static var microseconds: Int64 { WallTime.now.microseconds }
}
