import Metrics
import Observability
import Testing

@Suite struct PrometheusMetricsTests {
  @Test func namesAndLabelsAreMadeSafe() {
    let metrics = PrometheusMetrics()
    metrics.makeCounter(label: "9 lives/of\na cat", dimensions: [("a-b", "x\"y\\z\nw")]).increment(by: 2)
    let text = metrics.render()
    #expect(text.contains("_lives_of_a_cat{a_b=\"x\\\"y\\\\z\\nw\"} 2\n"))
    #expect(!text.contains("a cat"))
  }

  @Test func oneNameAndLabelsAreOneSeries() {
    let metrics = PrometheusMetrics()
    metrics.makeCounter(label: "requests", dimensions: [("outcome", "accepted"), ("edge", "a")]).increment(by: 1)
    metrics.makeCounter(label: "requests", dimensions: [("edge", "a"), ("outcome", "accepted")]).increment(by: 1)
    metrics.makeCounter(label: "requests", dimensions: [("outcome", "rejected"), ("edge", "a")]).increment(by: 5)
    let lines = metrics.render().split(separator: "\n").filter { $0.hasPrefix("requests") }
    #expect(lines == [#"requests{edge="a",outcome="accepted"} 2"#, #"requests{edge="a",outcome="rejected"} 5"#])
  }

  @Test func aHistogramCountsCumulativelyAndUpToInfinity() {
    let metrics = PrometheusMetrics()
    metrics.setBounds([10, 100], of: "batch")
    let recorder = metrics.makeRecorder(label: "batch", dimensions: [], aggregate: true)
    for value in [1.0, 10, 11, 1000] { recorder.record(value) }
    let lines = metrics.render().split(separator: "\n").filter { $0.hasPrefix("batch") }
    #expect(
      lines == [
        #"batch_bucket{le="10.0"} 2"#, #"batch_bucket{le="100.0"} 3"#, #"batch_bucket{le="+Inf"} 4"#, "batch_sum 1022", "batch_count 4",
      ])
  }

  @Test func countsFromManyThreadsAreAllThere() async {
    let metrics = PrometheusMetrics()
    let counter = metrics.makeCounter(label: "n", dimensions: [])
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 { group.addTask { for _ in 0..<10_000 { counter.increment(by: 1) } } }
    }
    #expect(metrics.render().contains("n 80000\n"))
  }
}
