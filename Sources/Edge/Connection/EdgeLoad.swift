import NIOCore
import Synchronization

/// What the process has taken on, over all connections, and how much it may.
package final class EdgeLoad: Sendable {
  /// Each limit is what is still taken on.
  package struct Limits: Sendable, Hashable {
    package var connections: Int
    /// Requests whose answer is not there.
    package var requests: Int
    /// Bytes of bodies held, complete or not.
    package var bytes: Int

    package init(connections: Int = 16_000, requests: Int = 10_000, bytes: Int = 256 * 1024 * 1024) {
      self.connections = connections
      self.requests = requests
      self.bytes = bytes
    }
  }

  package let limits: Limits
  private let connectionCount = Atomic<Int>(0)
  private let admission: Mutex<Admission>
  private let byteCount = Atomic<Int>(0)
  private let isDrainingFlag = Atomic<Bool>(false)

  package init(limits: Limits) {
    self.limits = limits
    admission = Mutex(Admission(limit: limits.requests))
  }

  package var connections: Int { connectionCount.load(ordering: .relaxed) }
  package var requests: Int { admission.withLock(\.inFlight) }
  /// How long a request would wait that came now, as far as that is known.
  package var expectedWait: Duration { .nanoseconds(admission.withLock(\.expectedWait)) }
  package var bytes: Int { byteCount.load(ordering: .relaxed) }

  /// The process is on its way out.
  package var isDraining: Bool { isDrainingFlag.load(ordering: .relaxed) }
  func startDraining() { isDrainingFlag.store(true, ordering: .relaxed) }

  /// Takes a connection on; `false`: there are too many.
  func openConnection() -> Bool { Self.take(1, of: connectionCount, limit: limits.connections) }
  func closeConnection() { connectionCount.wrappingSubtract(1, ordering: .relaxed) }

  /// Whether a request would be taken on now.
  func acceptsRequest(_ patience: Admission.Patience, at now: NIODeadline) -> Bool {
    admission.withLock { $0.accepts(patience, at: Int64(clamping: now.uptimeNanoseconds)) }
  }

  /// Takes a request on; `false`: it would have to wait too long, or there are too many.
  func beginRequest(_ patience: Admission.Patience, at now: NIODeadline) -> Bool {
    admission.withLock { $0.begin(patience, at: Int64(clamping: now.uptimeNanoseconds)) }
  }

  /// - Parameter beganAt: given if the request was committed.
  func endRequest(committedSince beganAt: NIODeadline?, at now: NIODeadline) {
    admission.withLock {
      $0.end(
        committedSince: beganAt.map { Int64(clamping: $0.uptimeNanoseconds) }, at: Int64(clamping: now.uptimeNanoseconds))
    }
  }

  /// Takes bytes of a body on; `false`: there is no room.
  func reserve(_ count: Int) -> Bool { Self.take(count, of: byteCount, limit: limits.bytes) }
  func release(_ count: Int) { byteCount.wrappingSubtract(count, ordering: .relaxed) }

  private static func take(_ count: Int, of counter: borrowing Atomic<Int>, limit: Int) -> Bool {
    let total = counter.wrappingAdd(count, ordering: .relaxed).newValue
    guard total <= limit else {
      counter.wrappingSubtract(count, ordering: .relaxed)
      return false
    }
    return true
  }
}
