package import HeadgateProto

/// What a control plane said at a moment, to be compared with what it said before.
package struct TopLook: Sendable {
  package var report: StatusReport
  package var at: ContinuousClock.Instant

  package init(_ report: StatusReport, at: ContinuousClock.Instant) {
    self.report = report
    self.at = at
  }

  /// What happened per second since an earlier look; `nil` when another process answered then.
  package func rates(since before: TopLook) -> TopRates? {
    let seconds = Double((at - before.at).microseconds) / 1e6
    guard report.instanceId == before.report.instanceId, report.startedAtUs == before.report.startedAtUs, seconds > 0 else {
      return nil
    }
    let counts = Dictionary(before.report.outcomes.map { ($0.outcome, $0.count) }, uniquingKeysWith: { first, _ in first })
    func rate(_ now: UInt64, _ then: UInt64) -> Double { now >= then ? Double(now - then) / seconds : 0 }
    return TopRates(
      outcomes: report.outcomes.map { ($0.outcome, rate($0.count, counts[$0.outcome] ?? 0)) },
      recorded: rate(report.recorded, before.report.recorded))
  }
}

/// Things per second.
package struct TopRates: Sendable {
  /// In the order of the report; those that never happened are not there.
  package var outcomes: [(outcome: String, perSecond: Double)]
  package var recorded: Double

  /// All outcomes together.
  package var requests: Double { outcomes.reduce(0) { $0 + $1.perSecond } }

  /// "1234", "12.3": three digits that say something.
  package static func text(_ rate: Double) -> String {
    let tenths = Int64(clamping: Int(min(max(rate, 0), 1e15) * 10 + 0.5))
    return rate < 99.95 ? "\(tenths / 10).\(tenths % 10)" : "\((tenths + 5) / 10)"
  }
}
