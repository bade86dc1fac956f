import ArgumentParser

/// `headgate run`.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs: one per accepted request and subscribed node.",
    discussion: """
      Example: headgate run work --exec 'jq .variables'
      """,
    subcommands: [RunList.self, RunShow.self, RunRetry.self, RunWork.self])
}
