import ArgumentParser
import HeadgateProto

/// `headgate run list`.
struct RunList: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List runs, newest first.",
    discussion: """
      Example: headgate run list --flow orders --state dead
      """)

  @Option(help: ArgumentHelp("Name or id.", valueName: "flow"), transform: { try ArgumentValues.text($0) })
  var flow: String?

  @Option(help: ArgumentHelp("Only in this state; may be given several times.", valueName: "state"))
  var state: [RunState] = []

  @Option(
    help: ArgumentHelp("Only those that this request started.", valueName: "request id"), transform: { try ArgumentValues.id($0) }
  )
  var request: String?

  @OptionGroup var paging: PagingOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { flow.map { .flow($0) } }

  func run(_ session: Session, _ screen: Screen) async throws {
    var runs: [Run] = []
    let next = try await Paging.read(limit: paging.effectiveLimit, cursor: paging.cursor ?? "") { size, cursor in
      let response = try await session.runs.list(
        ListRunsRequest(
          workspace: session.workspace, flow: flow ?? "", states: state, requestId: request ?? "", pageSize: size,
          cursor: cursor))
      return (response.runs, response.nextCursor)
    } deliver: {
      runs += $0
    }
    switch screen.format {
    case .json: try screen.print(["runs": .array(runs.map(\.json)), "next_cursor": .textOrNull(next)])
    case .table where runs.isEmpty: try screen.print("no runs match")
    case .table: try screen.print(RunTable.table(runs, time: screen.time))
    }
    if !next.isEmpty, screen.format == .table { screen.remark("more: add --cursor \(TerminalText.escaped(next))") }
  }
}

/// `headgate run show`.
struct RunShow: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a run with its variables.",
    discussion: """
      Example: headgate run show 01934a5e-0000-8000-8000-000000000000
      """)

  @Argument(help: "Id of the run.", transform: { try ArgumentValues.id($0) })
  var id: String

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let run = try await session.runs.get(GetRunRequest(workspace: session.workspace, id: id))
    guard screen.format == .table else { return try screen.print(run.json) }
    var fields = Fields()
    fields.add("run", run.id, .bold)
    fields.add("request", run.requestId)
    fields.add("flow", "\(run.flow), version \(run.flowVersion)")
    fields.add("way", "\(run.node) → \(run.output) → \(run.entryNode)")
    fields.addIfAny("event", TerminalText.escaped(run.event))
    fields.addIfAny("customer", run.customerId)
    fields.addIfAny("chat", run.chatId)
    fields.addIfAny("in order of", TerminalText.escaped(run.orderKey))
    if run.element > 0 { fields.add("element", "\(run.element)") }
    fields.addIfAny("replay of", run.replayOf)
    fields.addIfAny("trace", run.traceparent)
    fields.add("state", snakeCase(run.state), run.stateInk)
    fields.add("attempt", "\(run.attempt) of \(run.maxAttempts)")
    fields.addIfAny("worker", run.worker)
    if run.state == .leased { fields.addIfAny("lease ends", screen.fullTime(run.leaseExpiresAtUs)) }
    fields.add("created", screen.fullTime(run.createdAtUs))
    if run.state == .ready { fields.addIfAny("available", screen.fullTime(run.availableAtUs)) }
    fields.addIfAny("finished", screen.fullTime(run.finishedAtUs))
    fields.addIfAny("last error", run.lastError)
    try screen.print(fields)
    try screen.heading("variables")
    try screen.print(BodyLines.lines(run.variables.isEmpty ? Array("{}".utf8) : run.variables))
  }
}
