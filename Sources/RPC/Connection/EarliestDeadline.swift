import NIOCore

/// When the deadlines of a connection's calls are to be looked at next.
///
/// One value instead of a timer per call: adding a call compares two numbers. When the time comes, all calls in flight are
/// looked through, at most once per `granularity`, so a deadline is met at most that much late.
struct EarliestDeadline {
  /// How far apart two looks are at least.
  static let granularity = TimeAmount.milliseconds(5)

  /// No call's deadline lies before this; `distantFuture` when no call has one.
  private(set) var next: NIODeadline = .distantFuture

  /// A call with this deadline was added.
  @inline(__always)
  mutating func include(_ deadline: NIODeadline) {
    if deadline < next { next = deadline }
  }

  /// The calls were looked through at `now`; `earliest` is the earliest deadline of those that remain.
  mutating func reset(earliest: NIODeadline, now: NIODeadline) {
    next = earliest == .distantFuture ? .distantFuture : max(earliest, now + Self.granularity)
  }
}

extension NIODeadline {
  /// The sum, or `distantFuture` where it cannot be represented.
  func saturating(adding amount: TimeAmount) -> NIODeadline {
    let (sum, overflow) = Int64(clamping: uptimeNanoseconds).addingReportingOverflow(amount.nanoseconds)
    return overflow ? .distantFuture : .uptimeNanoseconds(UInt64(max(sum, 0)))
  }
}
