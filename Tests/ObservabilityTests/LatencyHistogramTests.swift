import Testing

@testable import Observability

@Suite struct LatencyHistogramTests {
  @Test func nothingHasNoQuantile() { #expect(LatencyHistogram().quantile(0.5) == nil) }

  /// A class is at most an eighth wide, and its upper bound is told.
  @Test(arguments: [0, 1, 7, 8, 9, 15, 16, 100, 999, 1000, 123_456, 10_000_000, 1 << 36, (1 << 37) - 1])
  func oneValueIsItsOwnQuantile(_ value: Int64) throws {
    let histogram = LatencyHistogram()
    histogram.record(microseconds: value)
    for share in [0.0, 0.5, 0.99, 1] {
      let quantile = try #require(histogram.quantile(share))
      #expect(quantile >= UInt64(value) && quantile <= UInt64(value) + UInt64(value) / 8)
    }
  }

  @Test(arguments: [Int64.min, -1, .max, 1 << 40])
  func extremesDoNotTrap(_ value: Int64) {
    let histogram = LatencyHistogram()
    histogram.record(microseconds: value)
    histogram.record(.seconds(value))
    #expect(histogram.quantile(1) != nil)
  }

  @Test func quantilesOfMany() throws {
    let histogram = LatencyHistogram()
    for value in 1...1000 { histogram.record(.microseconds(value)) }
    for (share, exact) in [(0.5, 500.0), (0.9, 900), (0.99, 990)] {
      let quantile = Double(try #require(histogram.quantile(share)))
      #expect(quantile >= exact && quantile <= exact * 1.125)
    }
  }

  @Test func namesInSnakeCase() {
    #expect(MetricName.snakeCase("credentialWrong") == "credential_wrong")
    #expect(MetricName.snakeCase("ok") == "ok")
    #expect(MetricName.snakeCase("") == "")
  }
}
