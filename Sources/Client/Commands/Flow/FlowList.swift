import ArgumentParser
import HeadgateProto

/// `headgate flow list`.
struct FlowList: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the flows of the workspace.",
    discussion: """
      Example: headgate flow list
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let flows = try await Paging.all { size, cursor in
      let response = try await session.flows.list(
        ListFlowsRequest(workspace: session.workspace, pageSize: size, cursor: cursor))
      return (response.flows, response.nextCursor)
    }
    switch screen.format {
    case .json: try screen.print(["flows": .array(flows.map(\.json))])
    case .table where flows.isEmpty: try screen.print("no flows; make one with: headgate flow apply -f FILE")
    case .table: try screen.print(FlowTable.table(flows, time: screen.time))
    }
  }
}
