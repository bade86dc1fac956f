import ArgumentParser
import HeadgateProto

/// What a request has shown to be wanted of a trigger.
struct AmendOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Map a variable from a path or template, in the place of what it is mapped from now; may be given several times.",
      valueName: "var=path"))
  var map: [VariableAssignment] = []

  @Option(
    help: ArgumentHelp("Allow an address or CIDR block; may be given several times.", valueName: "address"),
    transform: { try ArgumentValues.text($0) })
  var allowIp: [String] = []

  @Option(
    help: ArgumentHelp("Allow an HTTP origin; may be given several times.", valueName: "origin"),
    transform: { try ArgumentValues.text($0) })
  var allowOrigin: [String] = []

  @Flag(help: "Publish the flow with it; else only the draft is changed.")
  var publish = false

  var isEmpty: Bool { map.isEmpty && allowIp.isEmpty && allowOrigin.isEmpty }

  mutating func validate() throws {
    if isEmpty, publish { throw ValidationError("--publish needs --map, --allow-ip or --allow-origin") }
  }

  func request(of trigger: String, _ session: Session) -> AmendTriggerRequest {
    AmendTriggerRequest(
      workspace: session.workspace, trigger: trigger, map: map.map(\.message), allowIps: allowIp, allowOrigins: allowOrigin,
      publish: publish)
  }

  /// What was done, for people.
  func summary(_ trigger: Trigger) -> [String] {
    let name = TerminalText.escaped("\(trigger.flow)/\(trigger.node)")
    let lines =
      map.map { "map \($0.variable) from \($0.path)" } + allowIp.map { "allow address \($0)" }
      + allowOrigin.map { "allow origin \($0)" }
    return lines.map { "\(name): " + TerminalText.escaped($0) } + [
      publish
        ? "published"
        : "in the draft, revision \(trigger.revision); publish it with: headgate flow publish "
          + TerminalText.escaped(trigger.flow)
    ]
  }
}

/// `VAR=PATH` on the command line.
struct VariableAssignment: ExpressibleByArgument, Hashable, Sendable {
  var variable: String
  var path: String

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
    variable = String(argument[..<equals])
    path = String(argument[argument.index(after: equals)...])
    guard !path.isEmpty else { return nil }
  }

  var message: VariablePath { VariablePath(variable: variable, from: path) }
}

/// `headgate trigger amend`.
struct TriggerAmend: TriggerClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "amend", abstract: "Add mappings and allowed addresses or origins to a trigger.",
    discussion: """
      Adds to the draft of the flow, and publishes it with --publish.

      Example: headgate trigger amend orders/hook --map email=body.user.email
      Example: headgate trigger amend orders/hook --allow-ip 203.0.113.0/24 --publish
      """)

  @OptionGroup var trigger: TriggerArgument
  @OptionGroup var amendments: AmendOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  mutating func validate() throws {
    guard !amendments.isEmpty else { throw ValidationError("nothing to add: give --map, --allow-ip or --allow-origin") }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    let amended = try await session.triggers.amend(amendments.request(of: trigger.name, session))
    switch screen.format {
    case .json: try screen.print(session.completed(amended).json)
    case .table: try screen.print(amendments.summary(amended))
    }
  }
}
