import ArgumentParser
import HeadgateProto

extension Outcome: ExpressibleByArgument {
  package init?(argument: String) {
    guard let value = Self.named(argument) else { return nil }
    self = value
  }

  package static var allValueStrings: [String] { names }
}

extension Cause: ExpressibleByArgument {
  package init?(argument: String) {
    guard let value = Self.named(argument) else { return nil }
    self = value
  }

  package static var allValueStrings: [String] { names }
}

extension RunState: ExpressibleByArgument {
  package init?(argument: String) {
    guard let value = Self.named(argument) else { return nil }
    self = value
  }

  package static var allValueStrings: [String] { names }
}

extension CaseIterable where Self: Sendable, Self: RawRepresentable, RawValue == Int32 {
  /// The names of the cases as scripts write them, without the one that means nothing.
  static var names: [String] { allCases.filter { $0.rawValue != 0 }.map(snakeCase) }

  static func named(_ name: String) -> Self? {
    allCases.first { $0.rawValue != 0 && snakeCase($0) == name.lowercased().replacing("-", with: "_") }
  }
}

/// `headgate logs query`.
struct LogsQuery: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "List requests, newest first.",
    discussion: """
      Filters are combined. --outcome and --cause may be given several times and match any of their values. With -o json the result is an object \
      with entries and next_cursor (null after the last).

      Example: headgate logs query --trigger orders/hook --outcome rejected
      Example: headgate logs query --event order_approved --since 7d --all -o json
      Example: headgate logs query --since 2026-01-02T00:00:00Z --until 1h
      """)

  @Option(help: ArgumentHelp("FLOW/NODE, id or key.", valueName: "trigger"))
  var trigger: [String] = []

  @Option(help: ArgumentHelp("Name or id.", valueName: "flow"))
  var flow: [String] = []

  @Option(help: ArgumentHelp("How it ended.", valueName: "outcome"))
  var outcome: [Outcome] = []

  @Option(help: ArgumentHelp("Why it was refused.", valueName: "cause"))
  var cause: [Cause] = []

  @Option(help: ArgumentHelp("HTTP status that was answered.", valueName: "code"))
  var status: [UInt32] = []

  @Option(help: ArgumentHelp("Event value, exactly.", valueName: "value"))
  var event: [String] = []

  @Option(help: ArgumentHelp("Address or CIDR block of the caller.", valueName: "cidr"))
  var ip: [String] = []

  @Option(help: ArgumentHelp("Received at or after: a duration back from now (1h, 7d) or a time in RFC 3339.", valueName: "time"))
  var since: Moment?

  @Option(help: ArgumentHelp("Received before: as for --since.", valueName: "time"))
  var until: Moment?

  @OptionGroup var paging: PagingOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  /// A second value would replace the first without a word, where people expect it to be added.
  mutating func validate() throws {
    for (name, count) in [
      ("trigger", trigger.count), ("flow", flow.count), ("status", status.count), ("event", event.count), ("ip", ip.count),
    ] where count > 1 {
      throw ValidationError("--\(name) can be given once only; query for each value by itself")
    }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    let now = screen.environment.now()
    var request = QueryLogsRequest(
      workspace: session.workspace, trigger: trigger.first ?? "", flow: flow.first ?? "", outcomes: outcome, causes: cause,
      status: status.first ?? 0, event: event.first.map { Array($0.utf8) }, address: ip.first ?? "",
      sinceUs: since?.timestamp(now: now).microseconds ?? 0, untilUs: until?.timestamp(now: now).microseconds ?? 0)
    if request.sinceUs != 0, request.untilUs != 0, request.sinceUs >= request.untilUs {
      throw CommandFailure(.invalid, "--since must be before --until")
    }
    var entries: [LogEntry] = []
    let next = try await Paging.read(limit: paging.effectiveLimit, cursor: paging.cursor ?? "") { size, cursor in
      request.pageSize = size
      request.cursor = cursor
      let response = try await session.logs.query(request)
      return (response.entries, response.nextCursor)
    } deliver: {
      entries += $0
    }
    switch screen.format {
    case .json: try screen.print(["entries": .array(entries.map(\.summaryJSON)), "next_cursor": .textOrNull(next)])
    case .table where entries.isEmpty: try screen.print("no requests match")
    case .table: try screen.print(LogTable.table(entries, time: screen.time))
    }
    if !next.isEmpty, screen.format == .table { screen.remark("more: add --cursor \(TerminalText.escaped(next))") }
  }
}
