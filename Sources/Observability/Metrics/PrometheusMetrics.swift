package import Metrics
import Synchronization

/// The metrics of a process, rendered in the text format of Prometheus (version 0.0.4,
/// https://prometheus.io/docs/instrumenting/exposition_formats/).
///
/// Recording is a few relaxed atomic operations: no lock, no text. Names are made and looked up once, where a metric is
/// created, so a hot path keeps its `Counter` or `Timer`. The same name and labels give the same series.
package final class PrometheusMetrics: MetricsFactory {
  /// The media type of `render()`.
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"
  /// Series kept at most; further ones record into nothing. A label must not take values that peers choose.
  package static let maximumSeriesCount = 10_000
  /// Upper bounds of timers, in seconds.
  package static let defaultTimerBounds: [Double] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]
  /// Upper bounds of timers for what takes microseconds, in seconds: 10 µs to 10 s, about 1, 2.5, 5.
  package static let fineTimerBounds: [Double] =
    [0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25] + defaultTimerBounds
  /// Upper bounds of aggregating recorders, made for bytes.
  package static let defaultRecorderBounds: [Double] = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304]

  /// Labels in the order of their names, ready to be written.
  private typealias Labels = String

  private enum Kind: String, Sendable {
    case counter
    case gauge
    case histogram
  }

  private struct Family {
    var kind: Kind
    var series: [Labels: any MetricSeries] = [:]
  }

  private struct Observed: Sendable {
    var name: String
    var kind: Kind
    var labels: Labels
    var value: @Sendable () -> Double?
  }

  private struct State {
    var families: [String: Family] = [:]
    var help: [String: String] = [:]
    var observed: [Observed] = []
    var bounds: [String: [Double]] = [:]
    var seriesCount = 0
  }

  private let state = Mutex(State())

  package init() {}

  /// Sets the text of a metric's HELP line.
  package func describe(_ name: String, _ help: String) {
    state.withLock { $0.help[PrometheusText.name(name)] = help }
  }

  /// Sets the upper bounds of a histogram that is not made yet: ascending, in seconds for timers.
  package func setBounds(_ bounds: [Double], of name: String) {
    state.withLock { $0.bounds[PrometheusText.name(name)] = bounds }
  }

  /// A gauge whose value is asked for at each scrape; `nil` leaves it out. The closure must not block.
  package func observe(_ name: String, labels: [(String, String)] = [], help: String, _ value: @escaping @Sendable () -> Double?)
  {
    observe(name, .gauge, labels, help, value)
  }

  /// A counter that is kept elsewhere and asked for at each scrape: it never falls. The name ends in `_total`.
  package func observeTotal(
    _ name: String, labels: [(String, String)] = [], help: String, _ value: @escaping @Sendable () -> Double?
  ) {
    observe(name, .counter, labels, help, value)
  }

  private func observe(
    _ name: String, _ kind: Kind, _ labels: [(String, String)], _ help: String, _ value: @escaping @Sendable () -> Double?
  ) {
    let name = PrometheusText.name(name)
    state.withLock { state in
      state.help[name] = help
      state.observed.append(Observed(name: name, kind: kind, labels: PrometheusText.labels(labels), value: value))
    }
  }

  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, dimensions, .counter) { _ in CounterSeries() }
  }

  package func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
    series(label, dimensions, .counter) { _ in FloatingPointCounterSeries() }
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(label, dimensions, .gauge) { _ in GaugeSeries() }
  }

  package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    if aggregate {
      series(label, dimensions, .histogram) { HistogramSeries(bounds: $0 ?? Self.defaultRecorderBounds) }
    } else {
      series(label, dimensions, .gauge) { _ in GaugeSeries() }
    }
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(label, dimensions, .histogram) { TimerSeries(bounds: $0 ?? Self.defaultTimerBounds) }
  }

  package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
  package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
  package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
  package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
  package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

  /// The series of that name and those labels. One that does not fit what is there under the name (another kind), or that
  /// there is no room for, records into nothing: a metric is no reason to end a process.
  private func series<Series: MetricSeries>(
    _ label: String, _ dimensions: [(String, String)], _ kind: Kind, _ make: ([Double]?) -> Series
  ) -> Series {
    let name = PrometheusText.name(label)
    let labels = PrometheusText.labels(dimensions)
    return state.withLock { state in
      let bounds = state.bounds[name]
      guard let family = state.families[name] else {
        let series = make(bounds)
        guard state.seriesCount < Self.maximumSeriesCount else { return series }
        state.families[name] = Family(kind: kind, series: [labels: series])
        state.seriesCount += 1
        return series
      }
      if let known = family.series[labels] { return known as? Series ?? make(bounds) }
      let series = make(bounds)
      guard family.kind == kind, state.seriesCount < Self.maximumSeriesCount else { return series }
      state.families[name]?.series[labels] = series
      state.seriesCount += 1
      return series
    }
  }

  private func remove(_ handler: AnyObject) {
    state.withLock { state in
      for (name, family) in state.families {
        for (labels, series) in family.series where series === handler {
          state.families[name]?.series[labels] = nil
          state.seriesCount -= 1
          if family.series.count == 1 { state.families[name] = nil }
          return
        }
      }
    }
  }

  /// Everything, as a scrape gets it: sorted by name and labels.
  package func render() -> String {
    let (families, help, observed) = state.withLock { ($0.families, $0.help, $0.observed) }
    var kinds = families.mapValues(\.kind)
    for series in observed where kinds[series.name] == nil { kinds[series.name] = series.kind }
    var text = ""
    for (name, kind) in kinds.sorted(by: { $0.key < $1.key }) {
      if let line = help[name] { text += "# HELP \(name) \(PrometheusText.escapedHelp(line))\n" }
      text += "# TYPE \(name) \(kind.rawValue)\n"
      for (labels, series) in (families[name]?.series ?? [:]).sorted(by: { $0.key < $1.key }) {
        series.render(name: name, labels: labels, into: &text)
      }
      for series in observed where series.name == name && series.kind == kind {
        guard let value = series.value() else { continue }
        text += "\(PrometheusText.sample(name, series.labels)) \(PrometheusText.number(value))\n"
      }
    }
    return text
  }
}
