import Metrics
import Synchronization

/// One series of a metric: what is recorded, and how it is rendered.
protocol MetricSeries: AnyObject, Sendable {
  func render(name: String, labels: String, into text: inout String)
}

final class CounterSeries: MetricSeries, CounterHandler {
  private let value = Atomic<Int64>(0)

  func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
  func reset() { value.store(0, ordering: .relaxed) }

  func render(name: String, labels: String, into text: inout String) {
    text += "\(PrometheusText.sample(name, labels)) \(value.load(ordering: .relaxed))\n"
  }
}

/// A floating-point number that several threads change.
struct AtomicDouble: ~Copyable, Sendable {
  private let bits = Atomic<UInt64>(0)

  var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  func add(_ amount: Double) {
    var current = bits.load(ordering: .relaxed)
    while true {
      let sum = (Double(bitPattern: current) + amount).bitPattern
      let result = bits.weakCompareExchange(expected: current, desired: sum, ordering: .relaxed)
      if result.exchanged { return }
      current = result.original
    }
  }
}

final class FloatingPointCounterSeries: MetricSeries, FloatingPointCounterHandler {
  private let value = AtomicDouble()

  func increment(by amount: Double) { value.add(amount) }
  func reset() { value.store(0) }

  func render(name: String, labels: String, into text: inout String) {
    text += "\(PrometheusText.sample(name, labels)) \(PrometheusText.number(value.value))\n"
  }
}

final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
  private let value = AtomicDouble()

  func set(_ value: Int64) { self.value.store(Double(value)) }
  func set(_ value: Double) { self.value.store(value) }
  func increment(by amount: Double) { value.add(amount) }
  func decrement(by amount: Double) { value.add(-amount) }
  func record(_ value: Int64) { self.value.store(Double(value)) }
  func record(_ value: Double) { self.value.store(value) }

  func render(name: String, labels: String, into text: inout String) {
    text += "\(PrometheusText.sample(name, labels)) \(PrometheusText.number(value.value))\n"
  }
}

/// A histogram of plain values.
final class HistogramSeries: MetricSeries, RecorderHandler {
  private let bounds: [Double]
  private let counts: AtomicCounts
  private let sum = AtomicDouble()

  init(bounds: [Double]) {
    self.bounds = bounds
    counts = AtomicCounts(bounds.count + 1)
  }

  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    counts.increment(bounds.firstIndex { value <= $0 } ?? bounds.count)
    sum.add(value)
  }

  func render(name: String, labels: String, into text: inout String) {
    counts.render(name: name, labels: labels, bounds: bounds, sum: sum.value, into: &text)
  }
}

/// A histogram of durations; recorded in nanoseconds, rendered in seconds.
final class TimerSeries: MetricSeries, TimerHandler {
  private let bounds: [Double]
  private let nanosecondBounds: [Int64]
  private let counts: AtomicCounts
  private let sum = Atomic<Int64>(0)

  init(bounds: [Double]) {
    self.bounds = bounds
    nanosecondBounds = bounds.map { Int64($0 * 1e9) }
    counts = AtomicCounts(bounds.count + 1)
  }

  func recordNanoseconds(_ duration: Int64) {
    counts.increment(nanosecondBounds.firstIndex { duration <= $0 } ?? nanosecondBounds.count)
    sum.wrappingAdd(duration, ordering: .relaxed)
  }

  func render(name: String, labels: String, into text: inout String) {
    counts.render(name: name, labels: labels, bounds: bounds, sum: Double(sum.load(ordering: .relaxed)) / 1e9, into: &text)
  }
}

/// A fixed number of counters that several threads increment.
///
/// `@unchecked Sendable`: the pointer is set once and points to atomics.
final class AtomicCounts: @unchecked Sendable {
  private let cells: UnsafeMutablePointer<Atomic<UInt64>>
  private let count: Int

  init(_ count: Int) {
    self.count = count
    // SAFETY: allocated and initialized for `count` cells here, freed in deinit; every access is below `count`.
    cells = .allocate(capacity: count)
    for index in 0..<count { (cells + index).initialize(to: Atomic<UInt64>(0)) }
  }

  deinit {
    // SAFETY: the cells that init made.
    cells.deinitialize(count: count)
    cells.deallocate()
  }

  func increment(_ index: Int) {
    precondition(index >= 0 && index < count, "a cell that was not made")
    cells[index].wrappingAdd(1, ordering: .relaxed)
  }

  /// The counters as they are now, one after the other.
  var values: [UInt64] { (0..<count).map { cells[$0].load(ordering: .relaxed) } }

  /// The buckets cumulated, then sum and count. The count is the sum of the buckets as read here, so that both agree.
  func render(name: String, labels: String, bounds: [Double], sum: Double, into text: inout String) {
    var total: UInt64 = 0
    for index in 0..<count {
      total += cells[index].load(ordering: .relaxed)
      let bound = index < bounds.count ? "\(bounds[index])" : "+Inf"
      text += "\(PrometheusText.sample(name + "_bucket", labels, "le=\"\(bound)\"")) \(total)\n"
    }
    text += "\(PrometheusText.sample(name + "_sum", labels)) \(PrometheusText.number(sum))\n"
    text += "\(PrometheusText.sample(name + "_count", labels)) \(total)\n"
  }
}
