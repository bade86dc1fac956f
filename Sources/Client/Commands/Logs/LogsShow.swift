import ArgumentParser
import HeadgateProto

/// `headgate logs show`.
struct LogsShow: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show one request: what arrived, what happened and why.",
    discussion: """
      Credentials and cookies were taken out before the request was stored.

      Example: headgate logs show 01934a5e-0000-7000-8000-000000000000
      Example: headgate logs show 01934a5e-0000-7000-8000-000000000000 -o json
      """)

  @Argument(help: "Id of the request, as the answer to the caller names it.", transform: { try ArgumentValues.id($0) })
  var id: String

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let entry = try await session.logs.get(GetLogRequest(workspace: session.workspace, id: id))
    guard screen.format == .table else { return try screen.print(entry.json) }
    try screen.print(Self.fields(entry, screen))
    try screen.heading("what happened")
    try screen.print(wrapping: ExplanationWords.lines(entry))
    for report in entry.bindings {
      try screen.heading(BindingWords.title(report, of: entry.bindings.count))
      try screen.print(wrapping: BindingWords.lines(report))
    }
    if !entry.runs.isEmpty {
      try screen.heading("runs")
      try screen.print(Self.runs(entry.runs))
      for run in entry.runs where !run.variables.isEmpty {
        try screen.heading("variables of \(TerminalText.escaped(run.id))")
        try screen.print(BodyLines.lines(run.variables))
      }
    }
    if !entry.query.isEmpty {
      try screen.heading("query")
      try screen.print(TerminalText.escaped(entry.query))
    }
    if !entry.headers.isEmpty {
      try screen.heading("headers")
      try screen.print(entry.headers.map { "\(TerminalText.escaped($0.name)): \(TerminalText.escaped($0.value))" })
    }
    try screen.heading("body, \(CountText.text(entry.bodyBytes, "byte"))")
    switch entry.bodyAbsent {
    case "": try screen.print(entry.body.isEmpty ? ["(empty)"] : BodyLines.lines(entry.body))
    case "expired": try screen.print("(no longer kept)")
    case "not_stored": try screen.print("(not stored)")
    default: try screen.print("(\(TerminalText.escaped(entry.bodyAbsent)))")
    }
  }

  private static func fields(_ entry: LogEntry, _ screen: Screen) -> Fields {
    var fields = Fields()
    fields.add("request", entry.id, .bold)
    fields.add("trigger", entry.trigger.isEmpty ? entry.triggerId : entry.trigger)
    fields.add("received", screen.fullTime(entry.receivedAtUs))
    fields.add("method", (TerminalText.escaped(entry.method) + " " + TerminalText.escaped(entry.path)).trimmed)
    fields.addIfAny("from", entry.address)
    fields.addIfAny("origin", TerminalText.escaped(entry.origin))
    fields.add("result", entry.result, entry.resultInk)
    fields.add("answered", String(entry.status))
    fields.addIfAny("event", TerminalText.escaped(entry.event))
    fields.addIfAny("output", entry.output)
    fields.addIfAny("delivery id", TerminalText.escaped(entry.deliveryId))
    fields.addIfAny("repeats", entry.duplicateOf)
    fields.addIfAny("replays", entry.replayOf)
    fields.addIfAny("customer", entry.customerId)
    fields.addIfAny("chat", entry.chatId)
    fields.addIfAny("trace", entry.traceId)
    if entry.flowVersion != 0 { fields.add("flow version", String(entry.flowVersion)) }
    fields.add("took", DurationText.text(microseconds: Int64(entry.processingUs)))
    return fields
  }

  private static func runs(_ runs: [LogRun]) -> Table {
    Table(
      [
        Table.Column("RUN"), Table.Column("FLOW", cutTo: 8), Table.Column("NODE", cutTo: 8), Table.Column("STATE"),
        Table.Column("ATTEMPT", .right),
      ],
      rows: runs.map {
        [
          Table.Cell($0.id), Table.Cell($0.flow), Table.Cell($0.entryNode), Table.Cell($0.state),
          Table.Cell(String($0.attempt)),
        ]
      })
  }
}

extension String {
  /// Without the spaces at its end.
  fileprivate var trimmed: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
