import Glibc

/// A value behind a lock, with a condition that threads wait for. For threads that may block; never for tasks.
package final class Monitor<State>: @unchecked Sendable {
  // @unchecked because `state` is only touched while `mutex` is held, and the two pointers never change.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var state: State

  /// Makes a monitor around a first value.
  package init(_ state: sending State) {
    self.state = state
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Works at the value. `body` must not block.
  package func withLock<Result, Failure: Error>(_ body: (inout State) throws(Failure) -> Result) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&state)
  }

  /// Wakes one waiting thread.
  package func signal() { pthread_cond_signal(condition) }

  /// Wakes every waiting thread.
  package func broadcast() { pthread_cond_broadcast(condition) }

  /// Blocks the thread until `body` has a result or the time is over; `body` is asked at once and after each wake-up.
  ///
  /// - Parameter time: `nil`: without end.
  package func wait<Result>(for time: Duration? = nil, until body: (inout State) -> Result?) -> Result? {
    let end = time.map(Self.monotonicTime(after:))
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&state) { return result }
      if var end {
        if pthread_cond_timedwait(condition, mutex, &end) == ETIMEDOUT { return body(&state) }
      } else {
        pthread_cond_wait(condition, mutex)
      }
    }
  }

  private static func monotonicTime(after time: Duration) -> timespec {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let microseconds = max(0, min(time.wholeMicroseconds, longestWait))
    let nanoseconds = now.tv_nsec + Int(microseconds % 1_000_000) * 1000
    return timespec(
      tv_sec: now.tv_sec + Int(microseconds / 1_000_000) + nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
  }
}

/// A year in microseconds: keeps sums of times far from overflow.
private let longestWait: Int64 = 31_536_000_000_000
