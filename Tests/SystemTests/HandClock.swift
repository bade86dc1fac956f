import Observability
import Postgres
import Synchronization

/// A wall clock that stands still until it is set, for both processes.
final class HandClock: Sendable {
  private let microseconds: Atomic<Int64>

  init(seconds: Int64) { microseconds = Atomic(seconds * 1_000_000) }

  /// A clock that begins with the present.
  convenience init() { self.init(seconds: WallTime.now.microseconds / 1_000_000) }

  var seconds: Int64 { microseconds.load(ordering: .relaxed) / 1_000_000 }

  func set(seconds: Int64) { microseconds.store(seconds * 1_000_000, ordering: .relaxed) }

  var wallTime: WallTime { WallTime(microseconds: microseconds.load(ordering: .relaxed)) }
  var unixTime: UnixTime { UnixTime(microseconds: microseconds.load(ordering: .relaxed)) }
}
