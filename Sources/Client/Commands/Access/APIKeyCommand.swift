import ArgumentParser
import HeadgateProto

/// `headgate apikey`.
struct APIKeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apikey",
    abstract: "API keys: access for programs and people without a certificate.",
    discussion: """
      Needs the admin role. A key goes into HEADGATE_API_KEY, a file named by --api-key-file, or the metadata \
      "authorization: Bearer KEY" of a call.

      Example: headgate apikey create ci --role reader --expires-in 90d
      """,
    subcommands: [APIKeyCreate.self, APIKeyList.self, APIKeyRevoke.self])
}

/// What a key may do; a part of the roles of certificates.
enum APIKeyRole: String, ExpressibleByArgument, CaseIterable, Sendable {
  case admin
  case `operator`
  case reader
  case worker

  var role: Role {
    switch self {
    case .admin: .admin
    case .operator: .operator
    case .reader: .reader
    case .worker: .worker
    }
  }
}

/// `headgate apikey create`.
struct APIKeyCreate: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make an API key. It is shown once. Audited.",
    discussion: """
      The key is confined to one workspace: that of -w, else your credential's, else "default". With --all-workspaces it \
      is not.

      Example: headgate apikey create ci --role reader --expires-in 90d
      Example: headgate apikey create shop --role worker --value-only > shop.key
      """)

  @Argument(help: "Name, to know it by in lists and in the audit log.")
  var name: String

  @Option(help: "What it may do: admin, operator (all but secrets), reader (look only) or worker (work off runs).")
  var role: APIKeyRole

  @Option(
    help: ArgumentHelp("How long it holds. Without it, it does not end.", valueName: "duration"),
    transform: { try ArgumentValues.duration($0) })
  var expiresIn: Duration?

  @Flag(help: "Not confined to a workspace.")
  var allWorkspaces = false

  @Flag(help: "The key alone.")
  var valueOnly = false

  @OptionGroup(title: "Global options") var global: GlobalOptions

  mutating func validate() throws {
    if let expiresIn, expiresIn.microseconds == 0 || expiresIn.microseconds % 1_000_000 != 0 {
      throw ValidationError("--expires-in is in whole seconds, 1s or more")
    }
    if allWorkspaces, global.workspace != nil { throw ValidationError("--all-workspaces and --workspace exclude each other") }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    var workspace = ""
    if !allWorkspaces {
      workspace = session.workspace
      if workspace.isEmpty { workspace = try await session.access.whoAmI(WhoAmIRequest()).workspace }
      if workspace.isEmpty { workspace = Self.standardWorkspace }
    }
    let response = try await session.access.createKey(
      CreateKeyRequest(
        workspace: workspace, name: name, role: role.role,
        expiresInSeconds: expiresIn.map { UInt64($0.components.seconds) } ?? 0))
    let key = response.key ?? APIKey()
    switch screen.format {
    case .json:
      var json = key.json
      json.set("value", .string(response.secret))
      try screen.print(json)
    case .table where valueOnly: try screen.print(TerminalText.escaped(response.secret))
    case .table:
      screen.remark("\(TerminalText.escaped(key.name)): new API key, shown this once; \(key.summary):")
      try screen.print(TerminalText.escaped(response.secret))
    }
  }

  /// The workspace that commands without one are about.
  static let standardWorkspace = "default"
}

/// `headgate apikey list`.
struct APIKeyList: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List API keys, newest first; also those that were revoked or have ended.",
    discussion: """
      With -w only the keys that are confined to that workspace. When a key was last used is exact to the minute.

      Example: headgate apikey list
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let keys = try await session.access.listKeys(ListKeysRequest(workspace: session.workspace)).keys
    switch screen.format {
    case .json: try screen.print(["keys": .array(keys.map(\.json))])
    case .table where keys.isEmpty: try screen.print("no API keys; make one with: headgate apikey create NAME --role ROLE")
    case .table:
      let now = screen.environment.now()
      try screen.print(
        Table(
          [
            Table.Column("NAME", cutTo: 10), Table.Column("ROLE"), Table.Column("WORKSPACE", cutTo: 8),
            Table.Column("STATE"), Table.Column("LAST USED"), Table.Column("KEY", fallback: .leftOut(rank: 2)),
            Table.Column("CREATED", fallback: .leftOut(rank: 1)), Table.Column("BY", cutTo: 8, fallback: .leftOut(rank: 0)),
          ],
          rows: keys.map { key in
            let state = key.state(now: now)
            return [
              Table.Cell(key.name, .bold), Table.Cell(snakeCase(key.role)),
              Table.Cell(key.workspace.isEmpty ? "all" : key.workspace),
              Table.Cell(state == .ends ? "ends \(screen.time(key.expiresAtUs))" : state.rawValue, state.ink),
              Table.Cell(key.lastUsedAtUs == 0 ? "never" : screen.time(key.lastUsedAtUs)), Table.Cell(key.prefix + "…"),
              Table.Cell(screen.time(key.createdAtUs)), Table.Cell(key.createdBy),
            ]
          }))
    }
  }
}

/// `headgate apikey revoke`.
struct APIKeyRevoke: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "End an API key, within seconds everywhere. Audited.",
    discussion: """
      Streams that are open under it end too. A revoked key stays in the list.

      Example: headgate apikey revoke ci
      """)

  @Argument(help: ArgumentHelp("Name or id.", valueName: "key"))
  var reference: String

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { .apiKey(reference) }

  func run(_ session: Session, _ screen: Screen) async throws {
    let key = try await session.access.revokeKey(RevokeKeyRequest(workspace: session.workspace, key: reference))
    switch screen.format {
    case .json: try screen.print(key.json)
    case .table: try screen.print("\(TerminalText.escaped(key.name)): revoked")
    }
  }
}

extension APIKey {
  /// Whether the key opens anything.
  enum State: String {
    case valid
    /// Valid, with an end.
    case ends
    case ended
    case revoked

    var ink: Ink {
      switch self {
      case .valid, .ends: .green
      case .ended, .revoked: .yellow
      }
    }
  }

  func state(now: Timestamp) -> State {
    if revokedAtUs != 0 { return .revoked }
    if expiresAtUs == 0 { return .valid }
    return expiresAtUs <= now.microseconds ? .ended : .ends
  }

  /// "reader of shop", "admin of all workspaces".
  fileprivate var summary: String {
    "\(snakeCase(role)) of \(workspace.isEmpty ? "all workspaces" : TerminalText.escaped(workspace))"
  }

  /// The form for scripts. Never the key itself.
  var json: JSONValue {
    [
      "id": .string(id), "name": .string(name), "role": .string(snakeCase(role)), "workspace": .textOrNull(workspace),
      "prefix": .string(prefix), "created_at": .time(createdAtUs), "created_by": .string(createdBy),
      "expires_at": .time(expiresAtUs), "revoked_at": .time(revokedAtUs), "last_used_at": .time(lastUsedAtUs),
    ]
  }
}
