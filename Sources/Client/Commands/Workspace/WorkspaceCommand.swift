import ArgumentParser
import HeadgateProto

/// `headgate workspace`.
struct WorkspaceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workspace",
    abstract: "Workspaces: the tenants, each with flows of its own.",
    discussion: """
      Example: headgate workspace create shop
      """,
    subcommands: [WorkspaceList.self, WorkspaceCreate.self, WorkspaceShow.self, WorkspaceUpdate.self])
}

/// `headgate workspace list`.
struct WorkspaceList: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the workspaces that you may see.",
    discussion: """
      Example: headgate workspace list
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let workspaces = try await session.workspaces.list(ListWorkspacesRequest()).workspaces
    switch screen.format {
    case .json: try screen.print(["workspaces": .array(workspaces.map(\.json))])
    case .table where workspaces.isEmpty: try screen.print("no workspaces")
    case .table:
      try screen.print(
        Table(
          [Table.Column("WORKSPACE", cutTo: 12), Table.Column("ID"), Table.Column("CREATED")],
          rows: workspaces.map {
            [Table.Cell($0.name, .bold), Table.Cell($0.id), Table.Cell(screen.time($0.createdAtUs))]
          }))
    }
  }
}

/// `headgate workspace create`.
struct WorkspaceCreate: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Create a workspace.",
    discussion: """
      A name is 1 to 63 of a-z, 0-9 and "-", and begins with a letter.

      Example: headgate workspace create shop
      """)

  @Argument(help: "Name of the new workspace.")
  var name: String

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let workspace = try await session.workspaces.create(CreateWorkspaceRequest(name: name))
    switch screen.format {
    case .json: try screen.print(workspace.json)
    case .table: try screen.print("\(TerminalText.escaped(workspace.name)): created")
    }
  }
}

/// `headgate workspace show`.
struct WorkspaceShow: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a workspace.",
    discussion: """
      Example: headgate workspace show shop
      """)

  @Argument(help: "Name of the workspace.")
  var name: String

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { .workspace(name) }

  func run(_ session: Session, _ screen: Screen) async throws {
    let workspace = try await session.workspaces.get(GetWorkspaceRequest(name: name))
    guard screen.format == .table else { return try screen.print(workspace.json) }
    var fields = Fields()
    fields.add("workspace", workspace.name, .bold)
    fields.add("id", workspace.id)
    fields.addIfAny("region", workspace.defaultRegion)
    fields.add("created", screen.fullTime(workspace.createdAtUs))
    try screen.print(fields)
  }
}

/// `headgate workspace update`.
struct WorkspaceUpdate: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "update", abstract: "Change a workspace.",
    discussion: """
      --region says where phone numbers without a country code are from: two letters of ISO 3166-1, or "" for nowhere, so that such numbers are \
      invalid. What is stored already stays as it is.

      Example: headgate workspace update shop --region BR
      """)

  @Argument(help: "Name of the workspace.")
  var name: String

  @Option(help: ArgumentHelp("Where numbers without a country code are from.", valueName: "region"))
  var region: String

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { .workspace(name) }

  func run(_ session: Session, _ screen: Screen) async throws {
    let workspace = try await session.workspaces.update(
      UpdateWorkspaceRequest(name: name, defaultRegion: region.uppercased()))
    switch screen.format {
    case .json: try screen.print(workspace.json)
    case .table:
      let region = workspace.defaultRegion.isEmpty ? "none" : TerminalText.escaped(workspace.defaultRegion)
      try screen.print("\(TerminalText.escaped(workspace.name)): region \(region)")
    }
  }
}

extension Workspace {
  /// The form for scripts.
  var json: JSONValue {
    [
      "id": .string(id), "name": .string(name), "default_region": .textOrNull(defaultRegion),
      "created_at": .time(createdAtUs),
    ]
  }
}
