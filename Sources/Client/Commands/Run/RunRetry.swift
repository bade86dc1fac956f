import ArgumentParser
import HeadgateProto

/// `headgate run retry`.
struct RunRetry: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Make a dead run ready again, with as many further attempts as it had.",
    discussion: """
      Example: headgate run retry 01934a5e-0000-8000-8000-000000000000
      """)

  @Argument(help: "Id of the run.", transform: { try ArgumentValues.id($0) })
  var id: String

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let run = try await session.runs.retry(RetryRunRequest(workspace: session.workspace, id: id))
    switch screen.format {
    case .json: try screen.print(run.json)
    case .table:
      try screen.print("\(run.id): \(snakeCase(run.state)) again, with \(run.maxAttempts) attempts")
    }
  }
}
