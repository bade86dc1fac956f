import ArgumentParser
import HeadgateProto

/// `headgate env`.
struct EnvCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "env",
    abstract: "Variables of a workspace, which templates see as env.NAME.",
    discussion: """
      A change is effective at once, without publishing. A secret variable is encrypted in the database and never shown: \
      templates may compare with it or answer it, but no run gets it.

      Example: headgate env set shop_name "Ana's Shop"
      """,
    subcommands: [EnvList.self, EnvSet.self, EnvUnset.self])
}

/// `headgate env list`.
struct EnvList: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the workspace's variables, secret ones without their values.",
    discussion: """
      Example: headgate env list
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let variables = try await session.variables.list(ListVariablesRequest(workspace: session.workspace)).variables
    switch screen.format {
    case .json: try screen.print(["variables": .array(variables.map(\.json))])
    case .table where variables.isEmpty: try screen.print("no variables; make one with: headgate env set NAME VALUE")
    case .table: try screen.print(VariableTable.table(variables, time: screen.time))
    }
  }
}

/// `headgate env set`.
struct EnvSet: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Create a variable, or give one another value.",
    discussion: """
      A name is 1 to 64 of A-Z, a-z, 0-9 and "_", and does not begin with a digit. A value is text of at most 4 KiB; a \
      file's last line break is not part of it.

      Example: headgate env set shop_name "Ana's Shop"
      Example: headgate env set partner_token --secret --from-file - < token.txt
      """)

  @Argument(help: "Name of the variable.")
  var name: String

  @Argument(help: "Its value, unless it comes from a file.")
  var value: String?

  @Flag(help: "Encrypt the value and never show it.")
  var secret = false

  @Option(help: ArgumentHelp("Read the value from a file, - for standard input.", valueName: "file"), completion: .file())
  var fromFile: String?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  mutating func validate() throws {
    if (value == nil) == (fromFile == nil) { throw ValidationError("give either VALUE or --from-file") }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    let variable = try await session.variables.set(
      SetVariableRequest(workspace: session.workspace, name: name, value: try readValue(screen), secret: secret))
    switch screen.format {
    case .json: try screen.print(variable.json)
    case .table: try screen.print("\(TerminalText.escaped(variable.name)): set, in force from now on")
    }
  }

  private func readValue(_ screen: Screen) throws -> String {
    guard let fromFile else {
      if secret { screen.warn("shells remember what was typed, and others can list processes; --from-file does not show it") }
      return value ?? ""
    }
    var bytes = try FileReading.bytes(of: fromFile, in: screen.environment)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandFailure(.invalid, "\(fromFile) is not text (UTF-8)")
    }
    return text
  }
}

/// `headgate env unset`.
struct EnvUnset: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "unset", abstract: "Delete a variable. Templates that use it then see no value.",
    discussion: """
      Example: headgate env unset shop_name
      """)

  @Argument(help: "Name of the variable.")
  var name: String

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { .variable(name) }

  func run(_ session: Session, _ screen: Screen) async throws {
    _ = try await session.variables.delete(DeleteVariableRequest(workspace: session.workspace, name: name))
    switch screen.format {
    case .json: try screen.print(["name": .string(name), "deleted": true])
    case .table: try screen.print("\(TerminalText.escaped(name)): deleted")
    }
  }
}
