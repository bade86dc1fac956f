import CAllocations

/// What one operation costs.
struct Measurement {
  var name: String
  /// Calls of malloc and its like; those of memory that grows once in many operations are not counted.
  var allocations: Int
  /// Of the quickest round. For people: nothing is gated by it.
  var nanoseconds: Double

  private static let rounds = 5
  private static let operations = 2000

  /// Measures an operation; what it does must not be kept from one call to the next, but for buffers that are used again.
  ///
  /// - Parameter operation: gives something that depends on its work, so that the work is not optimized away.
  init(_ name: String, _ operation: () throws -> Int) rethrows {
    var sink = 0
    // Buffers grow, caches fill.
    for _ in 0..<Self.operations / 4 { sink &+= try operation() }
    var least = UInt64.max
    var quickest = Duration.seconds(3600)
    for _ in 0..<Self.rounds {
      let before = allocations_of_this_thread()
      let start = ContinuousClock.now
      for _ in 0..<Self.operations { sink &+= try operation() }
      quickest = min(quickest, .now - start)
      least = min(least, allocations_of_this_thread() - before)
    }
    self.name = name
    allocations = Int(least) / Self.operations
    nanoseconds = Double(quickest.components.attoseconds) / 1e9 / Double(Self.operations)
    if sink == .min { print("") }
  }
}
