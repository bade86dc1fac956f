import ArgumentParser
import HeadgateProto

/// What a command was told the name of; for a name that is not there, the ones that are can be looked through.
enum NamedObject: Hashable, Sendable {
  case flow(String)
  case trigger(String)
  case preset(String)
  case workspace(String)
  case variable(String)
  case apiKey(String)

  /// What to do about a name that is not there: the one that was meant, or how to see them all.
  ///
  /// Looking must not hide the failure it is about, so a failure of its own means that there is no advice.
  func advice(in session: Session) async -> String {
    guard let names = try? await names(in: session) else { return "" }
    if let near = nearest(in: names) { return "Did you mean \(near)?" }
    return names.isEmpty ? "There are none yet. \(whenEmpty)" : "headgate \(noun) list shows them all."
  }

  private var written: String {
    switch self {
    case .flow(let name), .trigger(let name), .preset(let name), .workspace(let name), .variable(let name), .apiKey(let name):
      name
    }
  }

  /// The command that lists them.
  private var noun: String {
    switch self {
    case .flow: "flow"
    case .trigger: "trigger"
    case .preset: "preset"
    case .workspace: "workspace"
    case .variable: "env"
    case .apiKey: "apikey"
    }
  }

  private var whenEmpty: String {
    switch self {
    case .flow, .trigger: "headgate flow apply -f FILE makes one."
    case .preset, .workspace: "headgate \(noun) list shows them."
    case .variable: "headgate env set NAME VALUE makes one."
    case .apiKey: "headgate apikey create NAME --role ROLE makes one."
    }
  }

  private func nearest(in names: [String]) -> String? {
    if case .trigger(let name) = self, !name.contains("/") {
      // The flow or the node alone.
      let parts = names.filter { $0.split(separator: "/").contains { $0 == name } }
      if parts.count == 1 { return parts[0] }
    }
    return Spelling.nearest(to: written, in: names)
  }

  private func names(in session: Session) async throws -> [String] {
    let size = UInt32(Paging.maximumPage)
    switch self {
    case .flow:
      return try await session.flows.list(ListFlowsRequest(workspace: session.workspace, pageSize: size)).flows.map(\.name)
    case .trigger:
      return try await session.triggers.list(ListTriggersRequest(workspace: session.workspace, pageSize: size)).triggers
        .map { "\($0.flow)/\($0.node)" }
    case .preset: return try await session.presets.list(ListPresetsRequest()).presets.map(\.id)
    case .workspace: return try await session.workspaces.list(ListWorkspacesRequest()).workspaces.map(\.name)
    case .variable:
      return try await session.variables.list(ListVariablesRequest(workspace: session.workspace)).variables.map(\.name)
    case .apiKey: return try await session.access.listKeys(ListKeysRequest(workspace: session.workspace)).keys.map(\.name)
    }
  }
}

/// A command about one trigger.
protocol TriggerClientCommand: ClientCommand {
  var trigger: TriggerArgument { get }
}

extension TriggerClientCommand {
  var named: NamedObject? { .trigger(trigger.name) }
}

/// A command about one flow.
protocol FlowClientCommand: ClientCommand {
  var flow: String { get }
}

extension FlowClientCommand {
  var named: NamedObject? { .flow(flow) }
}
