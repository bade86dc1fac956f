import ArgumentParser
import HeadgateProto

/// `headgate status`.
struct StatusCommand: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "How the system is doing.",
    discussion: """
      Ends with status 1 when the control plane answers but is not ready to serve.

      Example: headgate status
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let report = try await session.status.get(GetStatusRequest())
    switch screen.format {
    case .json: try screen.print(report.json)
    case .table:
      try screen.print(Self.fields(report, session, screen))
      if !report.peers.isEmpty {
        try screen.heading("connected")
        try screen.print(Self.peers(report.peers, screen))
      }
    }
    if !report.ready { throw ExitCode(ExitStatus.failure.rawValue) }
  }

  private static func fields(_ report: StatusReport, _ session: Session, _ screen: Screen) -> Fields {
    var fields = Fields()
    fields.add("control plane", "\(report.agent) at \(session.settings.endpoints.joined(separator: ", "))", .bold)
    if report.ready {
      fields.add("state", "ready", .green)
    } else {
      fields.add("state", "not ready: \(report.notReadyBecause.isEmpty ? "no reason given" : report.notReadyBecause)", .red)
    }
    fields.add("up since", screen.fullTime(report.startedAtUs))
    if let database = report.database {
      if database.connected {
        fields.add("database", "PostgreSQL \(database.serverVersion), schema \(database.schemaVersion)")
        if !database.durable { fields.add("durability", "off: fsync, synchronous_commit or full_page_writes", .red) }
      } else {
        fields.add("database", "not connected", .red)
      }
    }
    fields.add("triggers", "\(report.triggersLoaded) loaded")
    let oldest =
      report.oldestReadyRunUs > 0 ? ", the oldest waits \(DurationText.text(microseconds: report.oldestReadyRunUs))" : ""
    fields.add("runs", "\(report.runsReady) ready\(oldest), \(report.runsLeased) leased")
    if report.runsDead > 0 { fields.add("dead runs", "\(report.runsDead); see: headgate run list --state dead", .yellow) }
    fields.add("requests", outcomes(report.outcomes))
    if report.recorded > 0 { fields.add("recorded", "\(report.recorded) since the start") }
    if report.submitP50Us > 0 {
      let (half, most) = (Int64(report.submitP50Us), Int64(report.submitP99Us))
      fields.add("took", "p50 \(DurationText.text(microseconds: half)), p99 \(DurationText.text(microseconds: most))")
    }
    if report.ingestQueue > 0 { fields.add("waiting", "\(CountText.text(report.ingestQueue, "request")) for a batch") }
    if report.listenSessions > 0 { fields.add("listen", CountText.text(report.listenSessions, "session")) }
    if let retention = report.retention { add(retention, to: &fields, screen) }
    return fields
  }

  private static func add(_ retention: RetentionStatus, to fields: inout Fields, _ screen: Screen) {
    func days(_ count: UInt32) -> String { count == 0 ? "for ever" : count == 1 ? "1 day" : "\(count) days" }
    fields.add("kept", "bodies \(days(retention.bodyDays)), requests \(days(retention.requestDays))")
    if retention.oldestRequestAtUs > 0 { fields.add("oldest request", screen.fullTime(retention.oldestRequestAtUs)) }
    if !retention.lastError.isEmpty {
      fields.add("clean-up", "failed: \(retention.lastError)", .red)
    } else if retention.lastRunAtUs > 0 {
      let result = retention.lastResult.isEmpty ? "nothing to do" : retention.lastResult
      fields.add("clean-up", "\(screen.time(retention.lastRunAtUs)): \(result)")
    }
  }

  private static func outcomes(_ outcomes: [OutcomeCount]) -> String {
    let counts = outcomes.filter { $0.count > 0 }.map { "\($0.count) \($0.outcome)" }
    return counts.isEmpty ? "none since the start" : counts.joined(separator: ", ")
  }

  /// Who is connected.
  static func peers(_ peers: [ConnectedPeer], _ screen: Screen) -> Table {
    Table(
      [
        Table.Column("WHO", cutTo: 8), Table.Column("ROLES", cutTo: 8), Table.Column("PROGRAM", cutTo: 10),
        Table.Column("ADDRESS", cutTo: 10), Table.Column("SINCE"),
      ],
      rows: peers.map {
        [
          Table.Cell($0.principal), Table.Cell($0.roles.map { snakeCase($0) }.joined(separator: ", ")),
          Table.Cell($0.agent), Table.Cell($0.address), Table.Cell(screen.time($0.connectedAtUs)),
        ]
      })
  }
}
