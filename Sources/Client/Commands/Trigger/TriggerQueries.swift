import ArgumentParser
import HeadgateProto

/// `headgate trigger list`.
struct TriggerList: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List triggers with their URLs.",
    discussion: """
      Example: headgate trigger list --flow orders
      """)

  @Option(help: ArgumentHelp("Only this flow's.", valueName: "flow"), transform: { try ArgumentValues.text($0) })
  var flow: String?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { flow.map { .flow($0) } }

  func run(_ session: Session, _ screen: Screen) async throws {
    let triggers = try await Paging.all { size, cursor in
      let response = try await session.triggers.list(
        ListTriggersRequest(workspace: session.workspace, flow: flow ?? "", pageSize: size, cursor: cursor))
      return (response.triggers.map { session.completed($0) }, response.nextCursor)
    }
    switch screen.format {
    case .json: try screen.print(["triggers": .array(triggers.map(\.json))])
    case .table where triggers.isEmpty: try screen.print("no triggers; make one with: headgate flow apply -f FILE")
    case .table: try screen.print(TriggerTable.table(triggers))
    }
  }
}

/// `headgate trigger show`.
struct TriggerShow: TriggerClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a trigger: URL, state, verification, configuration.",
    discussion: """
      Secrets are never shown here; see: headgate trigger reveal

      Example: headgate trigger show orders/hook
      """)

  @OptionGroup var trigger: TriggerArgument
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let trigger = session.completed(
      try await session.triggers.get(GetTriggerRequest(workspace: session.workspace, trigger: trigger.name)))
    guard screen.format == .table else { return try screen.print(trigger.json) }
    try screen.print(Self.fields(trigger, screen))
    if !trigger.secrets.isEmpty {
      try screen.heading("secrets accepted now")
      try screen.print(
        Table(
          [
            Table.Column("ID"), Table.Column("FOR"), Table.Column("SET"), Table.Column("ENDS"),
            Table.Column("MASTER KEY", .right),
          ],
          rows: trigger.secrets.map {
            [
              Table.Cell($0.id), Table.Cell($0.purpose.word), Table.Cell(screen.time($0.createdAtUs)),
              Table.Cell($0.expiresAtUs == 0 ? "never" : screen.time($0.expiresAtUs)),
              Table.Cell(String($0.masterKeyVersion)),
            ]
          }))
    }
    try screen.heading("configuration (draft)")
    try screen.print(TerminalText.escaped(try YAMLWriter.text(.embedded(trigger.config)), keepingLineBreaks: true))
  }

  private static func fields(_ trigger: Trigger, _ screen: Screen) -> Fields {
    var fields = Fields()
    fields.add("trigger", "\(trigger.flow)/\(trigger.node)", .bold)
    fields.addIfAny("url", trigger.url)
    fields.addIfAny("subscribes to", trigger.source)
    fields.addIfAny("subscribers", trigger.subscribers.joined(separator: ", "))
    fields.add("state", trigger.state, trigger.state == "enabled" ? .green : .yellow)
    if trigger.source.isEmpty { fields.add("verification", trigger.verification) }
    if trigger.waitsForSecret { fields.add("secret", "none yet: requests are recorded and start no run", .yellow) }
    if !trigger.publishedConfig.isEmpty, trigger.publishedConfig != trigger.config {
      fields.add("draft", "differs from what is published", .yellow)
    }
    fields.add("id", trigger.id)
    fields.add("revision", String(trigger.revision))
    fields.add("created", screen.fullTime(trigger.createdAtUs))
    fields.add("updated", screen.fullTime(trigger.updatedAtUs))
    return fields
  }
}

/// `headgate trigger url`.
struct TriggerURL: TriggerClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "url", abstract: "Print a trigger's URL and nothing else.",
    discussion: """
      Example: curl --json '{"event": "paid"}' "$(headgate trigger url orders/hook)"
      """)

  @OptionGroup var trigger: TriggerArgument
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let trigger = session.completed(
      try await session.triggers.get(GetTriggerRequest(workspace: session.workspace, trigger: trigger.name)))
    guard trigger.source.isEmpty else {
      throw CommandFailure(.failure, "\(self.trigger.name) has no URL of its own: it subscribes to \(trigger.source)")
    }
    switch screen.format {
    case .json: try screen.print(["url": .string(trigger.url)])
    case .table: try screen.print(TerminalText.escaped(trigger.url))
    }
  }
}
