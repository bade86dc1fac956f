import ArgumentParser

/// `headgate flow`.
struct FlowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flow",
    abstract: "Flows: graphs of nodes with a draft and published versions.",
    discussion: """
      Example: headgate flow apply -f orders.yaml
      """,
    subcommands: [FlowApply.self, FlowList.self, FlowShow.self, FlowPublish.self, FlowDelete.self])
}
