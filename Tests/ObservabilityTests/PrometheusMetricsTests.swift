import Metrics
import Testing

@testable import Observability

@Suite struct PrometheusMetricsTests {
  @Test func nothingIsRenderedAsNothing() {
    #expect(PrometheusMetrics().render() == "")
  }

  @Test func countersAndGauges() {
    let metrics = PrometheusMetrics()
    metrics.describe("requests_total", "All\nrequests \\ \"quoted\".")
    let counter = Counter(label: "requests_total", dimensions: [("status", "200"), ("a", "x\"y\\z\n")], factory: metrics)
    counter.increment(by: 3)
    counter.increment()
    Counter(label: "requests_total", dimensions: [("a", "x\"y\\z\n"), ("status", "200")], factory: metrics).increment()
    Counter(label: "requests_total", factory: metrics).increment()
    let gauge = Meter(label: "depth", factory: metrics)
    gauge.set(2)
    gauge.increment(by: 0.5)
    Gauge(label: "level", factory: metrics).record(-1)
    FloatingPointCounter(label: "seconds_total", factory: metrics).increment(by: 0.25)
    metrics.observe("asked", labels: [("k", "v")], help: "Asked for.") { 7 }
    metrics.observe("silent", help: "Nothing.") { nil }
    #expect(
      metrics.render() == """
        # HELP asked Asked for.
        # TYPE asked gauge
        asked{k="v"} 7
        # TYPE depth gauge
        depth 2.5
        # TYPE level gauge
        level -1
        # HELP requests_total All\\nrequests \\\\ "quoted".
        # TYPE requests_total counter
        requests_total 1
        requests_total{a="x\\"y\\\\z\\n",status="200"} 5
        # TYPE seconds_total counter
        seconds_total 0.25
        # HELP silent Nothing.
        # TYPE silent gauge

        """)
  }

  @Test func histogramsAreCumulated() {
    let metrics = PrometheusMetrics()
    metrics.setBounds([0.001, 0.01], of: "took_seconds")
    let timer = Metrics.Timer(label: "took_seconds", dimensions: [("m", "a")], factory: metrics)
    timer.recordNanoseconds(1_000_000)
    timer.recordNanoseconds(1_000_001)
    timer.recordSeconds(2)
    metrics.setBounds([10], of: "sizes")
    let recorder = Recorder(label: "sizes", factory: metrics)
    recorder.record(10)
    recorder.record(10.5)
    #expect(
      metrics.render() == """
        # TYPE sizes histogram
        sizes_bucket{le="10.0"} 1
        sizes_bucket{le="+Inf"} 2
        sizes_sum 20.5
        sizes_count 2
        # TYPE took_seconds histogram
        took_seconds_bucket{m="a",le="0.001"} 1
        took_seconds_bucket{m="a",le="0.01"} 2
        took_seconds_bucket{m="a",le="+Inf"} 3
        took_seconds_sum{m="a"} 2.002000001
        took_seconds_count{m="a"} 3

        """)
  }

  @Test func namesAreMadeLegal() {
    let metrics = PrometheusMetrics()
    Counter(label: "1http.requests-total:x é", dimensions: [("la-bel:", "v")], factory: metrics).increment()
    #expect(metrics.render().contains("\n_http_requests_total:x__{la_bel_=\"v\"} 1\n"))
  }

  @Test func oneNameIsOfOneKind() {
    let metrics = PrometheusMetrics()
    Counter(label: "a", factory: metrics).increment()
    Meter(label: "a", factory: metrics).set(9)
    Meter(label: "a", dimensions: [("x", "y")], factory: metrics).set(9)
    #expect(metrics.render() == "# TYPE a counter\na 1\n")
  }

  @Test func theNumberOfSeriesIsBounded() {
    let metrics = PrometheusMetrics()
    for index in 0..<PrometheusMetrics.maximumSeriesCount + 100 {
      Counter(label: "a", dimensions: [("i", "\(index)")], factory: metrics).increment()
    }
    #expect(metrics.render().split(separator: "\n").count == PrometheusMetrics.maximumSeriesCount + 1)
  }

  @Test func whatIsDestroyedIsGone() {
    let metrics = PrometheusMetrics()
    let counter = Counter(label: "a", factory: metrics)
    counter.increment()
    counter.destroy()
    #expect(metrics.render() == "")
    Counter(label: "a", factory: metrics).increment()
    #expect(metrics.render().hasSuffix("a 1\n"))
  }

  @Test func threadsLoseNothing() async {
    let metrics = PrometheusMetrics()
    let timer = Metrics.Timer(label: "t", factory: metrics)
    let gauge = Meter(label: "g", factory: metrics)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<1000 {
            Counter(label: "c", factory: metrics).increment()
            timer.recordNanoseconds(1)
            gauge.increment(by: 1)
          }
        }
      }
    }
    let text = metrics.render()
    #expect(text.contains("\nc 8000\n") && text.contains("\ng 8000\n") && text.contains("\nt_count 8000\n"))
  }

  @Test func theProcessIsMeasured() throws {
    let metrics = PrometheusMetrics()
    metrics.observeProcess(program: "headgate_test", version: "1.2")
    let text = metrics.render()
    #expect(text.contains("headgate_test_info{version=\"1.2\"} 1\n"))
    #expect(try #require(ProcessReading.residentBytes) > 1_000_000)
    #expect(try #require(ProcessReading.openDescriptors) >= 3)
    #expect(try #require(ProcessReading.cpuSeconds) > 0)
  }
}
