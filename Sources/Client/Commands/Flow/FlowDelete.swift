import ArgumentParser
import HeadgateProto

/// `headgate flow delete`.
struct FlowDelete: FlowClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Delete a flow and its triggers.",
    discussion: """
      The URLs of its triggers answer 404 from then on and are never given out again. Logged requests and runs stay. \
      Asks first; without a terminal it needs --yes.

      Example: headgate flow delete orders
      Example: headgate flow delete orders --yes
      """)

  @Argument(help: "Name or id of the flow.")
  var flow: String

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    try await screen.confirmDeletion(yes: yes) {
      let flow = try await session.flows.get(GetFlowRequest(workspace: session.workspace, flow: flow))
      let triggers = flow.triggers.isEmpty ? "" : " and its \(CountText.text(flow.triggers.count, "trigger"))"
      return "Delete \(TerminalText.escaped(flow.name))\(triggers) for good?"
    }
    _ = try await session.flows.delete(DeleteFlowRequest(workspace: session.workspace, flow: flow))
    switch screen.format {
    case .json: try screen.print(["flow": .string(flow), "deleted": true])
    case .table: try screen.print("\(TerminalText.escaped(flow)): deleted")
    }
  }
}
