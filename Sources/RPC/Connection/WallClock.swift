#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The system's clock.
enum WallClock {
  /// Microseconds since 1970-01-01 UTC.
  static func microseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }

  /// Whole seconds since 1970-01-01 UTC.
  static func seconds() -> Int64 { microseconds() / 1_000_000 }
}
