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
  private let requestCount = Atomic<Int>(0)
  private let byteCount = Atomic<Int>(0)
  private let isDrainingFlag = Atomic<Bool>(false)

  package init(limits: Limits) {
    self.limits = limits
  }

  package var connections: Int { connectionCount.load(ordering: .relaxed) }
  package var requests: Int { requestCount.load(ordering: .relaxed) }
  package var bytes: Int { byteCount.load(ordering: .relaxed) }

  /// The process is on its way out.
  package var isDraining: Bool { isDrainingFlag.load(ordering: .relaxed) }
  func startDraining() { isDrainingFlag.store(true, ordering: .relaxed) }

  /// Takes a connection on; `false`: there are too many.
  func openConnection() -> Bool { Self.take(1, of: connectionCount, limit: limits.connections) }
  func closeConnection() { connectionCount.wrappingSubtract(1, ordering: .relaxed) }

  /// Takes a request on; `false`: there are too many.
  func beginRequest() -> Bool { Self.take(1, of: requestCount, limit: limits.requests) }
  func endRequest() { requestCount.wrappingSubtract(1, ordering: .relaxed) }

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
