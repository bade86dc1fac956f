import ArgumentParser
import HeadgateProto

/// `headgate flow publish`.
struct FlowPublish: FlowClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish",
    abstract: "Make the draft the version that requests meet.",
    discussion: """
      Example: headgate flow publish orders
      """)

  @Argument(help: "Name or id of the flow.")
  var flow: String

  @Option(help: ArgumentHelp("Refuse unless the draft has this revision.", valueName: "number"))
  var revision: UInt64?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let flow = try await session.flows.publish(
      PublishFlowRequest(workspace: session.workspace, flow: flow, expectedRevision: revision ?? 0))
    switch screen.format {
    case .json: try screen.print(flow.json)
    case .table: try screen.print("\(TerminalText.escaped(flow.name)): version \(flow.publishedVersion) is published")
    }
  }
}
