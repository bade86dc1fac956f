import NIOCore

extension TimeAmount {
  /// The duration, cut to what 64 bits of nanoseconds hold.
  init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflow2) = nanoseconds.addingReportingOverflow(attoseconds / 1_000_000_000)
    self = .nanoseconds(overflow || overflow2 ? (seconds < 0 ? .min : .max) : sum)
  }
}

extension Duration {
  /// The duration in nanoseconds, cut to what 64 bits hold.
  var wholeNanoseconds: Int64 { TimeAmount(self).nanoseconds }
}
