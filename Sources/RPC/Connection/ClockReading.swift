import NIOCore

/// Both clocks of this machine at one moment: the one that can be set, and the one that cannot.
struct ClockReading: Sendable, Equatable {
  /// Microseconds since 1970-01-01 UTC.
  var wall: Int64
  var uptime: NIODeadline

  static func now() -> ClockReading { ClockReading(wall: WallClock.microseconds(), uptime: .now()) }

  /// By how much the wall clock was set forward since, in microseconds. Also tells what it was slewed by, and how long the machine
  /// slept.
  func step(until later: ClockReading) -> Int64 {
    (later.wall &- wall) &- (later.uptime - uptime).nanoseconds / 1000
  }
}

/// Notices that the wall clock was set: what peers were told of it does not hold any more.
struct ClockWatch {
  private var last: ClockReading

  /// How often to look.
  static let interval = TimeAmount.seconds(2)
  /// What may come together between two looks without a word: NTP corrects less than a thousandth of the time.
  static let tolerance: Int64 = 5_000_000

  init(_ first: ClockReading) { last = first }

  /// By how much the clock was set since the last look, in microseconds; `nil`: not by much.
  mutating func step(at reading: ClockReading) -> Int64? {
    let step = last.step(until: reading)
    last = reading
    return step.magnitude > UInt64(Self.tolerance) ? step : nil
  }
}
