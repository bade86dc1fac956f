/// Who has which connection of a pool, and who waits for one. Values only: no threads, no clocks, no I/O.
///
/// A connection is `down` (being connected), `idle` or `lent`. Whoever asks gets an idle one, waits, or is refused.
struct PoolStateMachine {
  /// Names someone who waits.
  typealias WaiterID = UInt64

  private enum Connection { case down, idle, lent }

  private var connections: [Connection]
  /// Last in, first out: the rest stays cold when there is little to do.
  private var idle: [Int] = []
  /// First come, first served.
  private var waiters: [WaiterID] = []
  private let waiterLimit: Int
  private var isShutDown = false

  init(connections: Int, waiterLimit: Int) {
    self.connections = Array(repeating: .down, count: connections)
    self.waiterLimit = waiterLimit
  }

  enum Request: Equatable { case lend(Int), wait, refuseFull, refuseShutDown }

  /// Someone asks for a connection.
  mutating func requested(by waiter: WaiterID) -> Request {
    guard !isShutDown else { return .refuseShutDown }
    if let index = idle.popLast() {
      connections[index] = .lent
      return .lend(index)
    }
    guard waiters.count < waiterLimit else { return .refuseFull }
    waiters.append(waiter)
    return .wait
  }

  enum Arrival: Equatable { case lend(Int, to: WaiterID), idle, connect(Int), close(Int) }

  /// A connection that was lent came back.
  mutating func returned(_ index: Int, isUsable: Bool) -> Arrival {
    guard isUsable else {
      connections[index] = .down
      return isShutDown ? .close(index) : .connect(index)
    }
    return available(index)
  }

  /// A connection that was down stands.
  mutating func connected(_ index: Int) -> Arrival { available(index) }

  /// Someone does not want to wait any more. `false`: a connection was lent to it just now.
  mutating func gaveUp(_ waiter: WaiterID) -> Bool {
    guard let position = waiters.firstIndex(of: waiter) else { return false }
    waiters.remove(at: position)
    return true
  }

  /// No more requests. Returns who waits and is to be refused; lent connections are closed when they come back.
  mutating func shutDown() -> (waiters: [WaiterID], connections: [Int]) {
    isShutDown = true
    defer {
      waiters = []
      idle = []
    }
    return (waiters, connections.indices.filter { connections[$0] != .lent })
  }

  var connectedCount: Int { connections.count { $0 != .down } }
  var lentCount: Int { connections.count { $0 == .lent } }
  var waiterCount: Int { waiters.count }
  /// Shut down, and nothing is lent any more.
  var isDrained: Bool { isShutDown && !connections.contains(.lent) }

  private mutating func available(_ index: Int) -> Arrival {
    if isShutDown {
      connections[index] = .down
      return .close(index)
    }
    if waiters.isEmpty {
      connections[index] = .idle
      idle.append(index)
      return .idle
    }
    connections[index] = .lent
    return .lend(index, to: waiters.removeFirst())
  }
}
