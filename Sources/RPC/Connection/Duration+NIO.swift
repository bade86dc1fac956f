import NIOCore

extension Duration {
  /// The duration in nanoseconds, cut to what 64 bits hold.
  var wholeNanoseconds: Int64 { TimeAmount(self).nanoseconds }
}
