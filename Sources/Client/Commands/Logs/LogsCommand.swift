import ArgumentParser

/// `headgate logs`.
struct LogsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs",
    abstract: "Requests to triggers, accepted or not, and why.",
    discussion: """
      Example: headgate logs query --outcome rejected --since 1h
      """,
    subcommands: [LogsQuery.self, LogsTail.self, LogsStats.self, LogsExport.self, LogsShow.self, LogsMap.self])
}
