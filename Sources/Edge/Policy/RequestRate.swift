/// How often something may happen: a token bucket of `burst` tokens that gains `perMinute` of them a minute.
///
/// Written as the generic cell rate algorithm (ITU-T I.371, Annex A): all that is kept of a bucket is the time at which it is
/// full again, in nanoseconds of the monotonic clock; a time in the past is a full bucket.
struct RequestRate: Hashable, Sendable {
  /// Nanoseconds in which one token comes.
  private let interval: Int64
  /// How far ahead of the clock a bucket's time may be for a token to be there.
  private let tolerance: Int64

  /// A bucket that would take longer to fill than this is smaller instead.
  private static let longestRefill: Int64 = 24 * 3600 * 1_000_000_000

  /// `nil`: no limit. A burst of 0 is a minute's worth.
  init?(perMinute: UInt32, burst: UInt32) {
    guard perMinute > 0 else { return nil }
    interval = 60_000_000_000 / Int64(perMinute)
    let tokens = Int64(burst == 0 ? perMinute : burst)
    tolerance = interval * min(tokens - 1, Self.longestRefill / interval)
  }

  /// Nanoseconds until a token is there; `nil`: there is one.
  func wait(fullAt: Int64, now: Int64) -> Int64? {
    let ahead = remaining(fullAt, now)
    return ahead <= tolerance ? nil : ahead - tolerance
  }

  /// When the bucket is full again after a token was taken.
  func taken(fullAt: Int64, now: Int64) -> Int64 { now + remaining(fullAt, now) + interval }

  /// The time is brought within the rate's own bounds: it may come from the rate that was in force before.
  private func remaining(_ fullAt: Int64, _ now: Int64) -> Int64 { min(max(fullAt, now) - now, tolerance + interval) }
}
