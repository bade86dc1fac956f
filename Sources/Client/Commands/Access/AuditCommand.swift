import ArgumentParser
import HeadgateProto

/// `headgate audit`.
struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "The audit log: who changed what, and who saw which secret.",
    discussion: """
      Example: headgate audit query --since 7d
      """,
    subcommands: [AuditQuery.self])
}

/// `headgate audit query`.
struct AuditQuery: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "List administrative acts and reveals, newest first.",
    discussion: """
      Needs the admin role. Filters are combined. With -o json the result is an object with records and next_cursor (null \
      after the last). What concerns no single workspace stands in the log of "default".

      Example: headgate audit query --action trigger.reveal --since 30d
      Example: headgate audit query --action apikey. --all -o json
      """)

  @Option(
    help: ArgumentHelp("What was done, such as trigger.reveal; with a dot at its end all that begins so.", valueName: "action"),
    transform: { try ArgumentValues.text($0) })
  var action: String?

  @Option(help: ArgumentHelp("Who did it, as whoami says it.", valueName: "name"), transform: { try ArgumentValues.text($0) })
  var principal: String?

  @Option(
    help: ArgumentHelp("What it was done to, such as orders/hook.", valueName: "object"),
    transform: { try ArgumentValues.text($0) })
  var object: String?

  @Option(help: ArgumentHelp("At or after: a duration back from now (1h, 7d) or a time in RFC 3339.", valueName: "time"))
  var since: Moment?

  @Option(help: ArgumentHelp("Before: as for --since.", valueName: "time"))
  var until: Moment?

  @OptionGroup var paging: PagingOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let now = screen.environment.now()
    var request = QueryAuditRequest(
      workspace: session.workspace, action: action ?? "", principal: principal ?? "", object: object ?? "",
      sinceUs: since?.timestamp(now: now).microseconds ?? 0, untilUs: until?.timestamp(now: now).microseconds ?? 0)
    if request.sinceUs != 0, request.untilUs != 0, request.sinceUs >= request.untilUs {
      throw CommandFailure(.invalid, "--since must be before --until")
    }
    var records: [AuditRecord] = []
    let next = try await Paging.read(limit: paging.effectiveLimit, cursor: paging.cursor ?? "") { size, cursor in
      request.pageSize = size
      request.cursor = cursor
      let response = try await session.access.queryAudit(request)
      return (response.records, response.nextCursor)
    } deliver: {
      records += $0
    }
    switch screen.format {
    case .json: try screen.print(["records": .array(records.map(\.json)), "next_cursor": .textOrNull(next)])
    case .table where records.isEmpty: try screen.print("no acts match")
    case .table:
      try screen.print(
        Table(
          [
            Table.Column("WHEN"), Table.Column("WHO", cutTo: 8), Table.Column("WHAT", cutTo: 10),
            Table.Column("TO", cutTo: 8), Table.Column("FROM", cutTo: 9, fallback: .leftOut(rank: 0)),
            Table.Column("DETAILS", cutTo: 10, fallback: .leftOut(rank: 1)),
          ],
          rows: records.map {
            [
              Table.Cell(screen.time($0.atUs)), Table.Cell($0.principal, .bold), Table.Cell($0.action), Table.Cell($0.object),
              Table.Cell($0.peer), Table.Cell($0.detailsText),
            ]
          }))
    }
    if !next.isEmpty, screen.format == .table { screen.remark("more: add --cursor \(TerminalText.escaped(next))") }
  }
}

extension AuditRecord {
  /// The form for scripts.
  fileprivate var json: JSONValue {
    [
      "id": .string(id), "at": .time(atUs), "principal": .string(principal), "peer": .string(peer), "action": .string(action),
      "object": .string(object), "details": .embedded(details),
    ]
  }

  /// "reason=set up, overlap_seconds=0"; empty values are left out.
  fileprivate var detailsText: String {
    guard case .object(let members) = JSONValue.embedded(details) else { return "" }
    return members.compactMap { member in
      guard let text = member.value.text, !text.isEmpty else { return nil }
      return "\(member.name)=\(text)"
    }.joined(separator: ", ")
  }
}
