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
      Filters are combined. --outcome and --cause may be given several times and match any of their values. With -o json \
      the result is an object with entries and next_cursor (null after the last).

      --text and --json look into bodies: fast in days that are over, one body after the other in the present day. \
      Letters beyond a to z, and characters that the caller wrote as \\u escapes, are found only as they were sent.

      Example: headgate logs query --trigger orders/hook --outcome rejected
      Example: headgate logs query --event order_approved --since 7d --all -o json
      Example: headgate logs query --text 'ana@example.com' --since 7d
      Example: headgate logs query --json '{"data": {"id": 17}}'
      Example: headgate logs query --since 2026-01-02T00:00:00Z --until 1h
      """)

  @OptionGroup(title: "Filter") var filter: LogFilterOptions
  @OptionGroup var paging: PagingOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { filter.named }

  func run(_ session: Session, _ screen: Screen) async throws {
    var request = try filter.request(workspace: session.workspace, now: screen.environment.now())
    var entries: [LogEntry] = []
    let next = try await Paging.read(limit: paging.effectiveLimit, cursor: paging.cursor ?? "", goesOnWhenEmpty: true) {
      size, cursor in
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
