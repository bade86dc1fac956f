import HeadgateProto

/// Shows one look after the other: on a terminal in place of the one before, elsewhere as a line of JSON each.
struct TopView {
  private let screen: Screen
  private let address: String
  private let isDrawn: Bool
  /// Lines of the last drawing, which the next one replaces.
  private var drawnLines = 0

  init(_ screen: Screen, address: String) {
    self.screen = screen
    self.address = address
    isDrawn = screen.format == .table && screen.environment.output.isTerminal
  }

  mutating func show(_ look: TopLook, since before: TopLook) throws {
    let rates = look.rates(since: before)
    if isDrawn { try draw(lines(look, rates)) } else { try screen.print(json(look, rates).compact) }
  }

  /// The control plane did not answer.
  mutating func show(away reason: String) throws {
    if isDrawn {
      let text = "no answer from \(address): \(TerminalText.escaped(reason))"
      try draw([Ink.red(DisplayWidth.truncated(text, to: screen.environment.terminalWidth), on: screen.isColoured)])
    } else {
      try screen.print(JSONValue.object([.init("at", now), .init("error", .string(reason))]).compact)
    }
  }

  private var now: JSONValue { .time(screen.environment.now().microseconds) }

  /// Goes up over the last drawing and clears from there to the end (CUU and ED of ECMA-48), so what stood before stays.
  private mutating func draw(_ lines: [String]) throws {
    let up = drawnLines > 0 ? "\u{1b}[\(drawnLines)A\r\u{1b}[J" : ""
    try screen.environment.output.write(Array((up + lines.map { $0 + "\n" }.joined()).utf8))
    drawnLines = lines.count
  }

  private func lines(_ look: TopLook, _ rates: TopRates?) -> [String] {
    let report = look.report
    var fields = Fields()
    let state = report.ready ? "ready" : "not ready: \(report.notReadyBecause)"
    fields.add("control plane", "\(report.agent) at \(address)", .bold)
    fields.add("state", "\(state), up since \(screen.fullTime(report.startedAtUs))", report.ready ? .green : .red)
    if let rates {
      fields.add("requests/s", "\(TopRates.text(rates.requests)) (\(TopRates.text(rates.recorded)) recorded)", .bold)
      let shares = rates.outcomes.map { "\(TopRates.text($0.perSecond)) \($0.outcome)" }
      if !shares.isEmpty { fields.add("", shares.joined(separator: ", ")) }
    } else {
      fields.add("requests/s", "another control plane answers now")
    }
    if report.submitP50Us > 0 {
      let half = DurationText.text(microseconds: Int64(report.submitP50Us))
      let most = DurationText.text(microseconds: Int64(report.submitP99Us))
      fields.add("took", "p50 \(half), p99 \(most) since the start")
    }
    fields.add(
      "waiting", "\(CountText.text(report.ingestQueue, "request")) for a batch", report.ingestQueue > 1000 ? .yellow : .plain)
    let oldest =
      report.oldestReadyRunUs > 0 ? ", the oldest waits \(DurationText.text(microseconds: report.oldestReadyRunUs))" : ""
    fields.add("runs", "\(report.runsReady) ready\(oldest), \(report.runsLeased) leased, \(report.runsDead) dead")
    if report.listenSessions > 0 { fields.add("listen", CountText.text(report.listenSessions, "session")) }
    // A line that wraps would be two lines to go up.
    let width = screen.environment.terminalWidth
    var lines = fields.lines(cutTo: width, isColoured: screen.isColoured)
    if !report.peers.isEmpty {
      let table = StatusCommand.peers(report.peers, screen)
      lines += [""] + table.lines(width: width, isColoured: screen.isColoured)
    }
    return lines
  }

  private func json(_ look: TopLook, _ rates: TopRates?) -> JSONValue {
    let report = look.report
    return [
      "at": now,
      "instance_id": .string(report.instanceId),
      "ready": .bool(report.ready),
      "requests_per_s": rates.map { .number(TopRates.text($0.requests)) } ?? .null,
      "recorded_per_s": rates.map { .number(TopRates.text($0.recorded)) } ?? .null,
      "outcomes_per_s": .object((rates?.outcomes ?? []).map { .init($0.outcome, .number(TopRates.text($0.perSecond))) }),
      "submit_p50_us": .integer(report.submitP50Us),
      "submit_p99_us": .integer(report.submitP99Us),
      "ingest_queue": .integer(report.ingestQueue),
      "runs": ["ready": .integer(report.runsReady), "leased": .integer(report.runsLeased), "dead": .integer(report.runsDead)],
      "oldest_ready_run_us": .integer(report.oldestReadyRunUs),
      "listen_sessions": .integer(report.listenSessions),
      "peers": .integer(report.peers.count),
    ]
  }
}
