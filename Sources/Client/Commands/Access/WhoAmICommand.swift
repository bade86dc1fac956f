import ArgumentParser
import HeadgateProto

/// `headgate whoami`.
struct WhoAmICommand: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "whoami", abstract: "Who you are to the control plane, and what you may do.",
    discussion: """
      Example: headgate whoami
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let answer = try await session.access.whoAmI(WhoAmIRequest())
    let roles = answer.roles.map { snakeCase($0) }
    switch screen.format {
    case .json:
      try screen.print([
        "principal": .string(answer.principal), "roles": .array(roles.map { .string($0) }),
        "workspace": .textOrNull(answer.workspace),
      ])
    case .table:
      var fields = Fields()
      fields.add("you are", answer.principal, .bold)
      fields.add("roles", roles.joined(separator: ", "))
      fields.add("workspace", answer.workspace.isEmpty ? "all" : answer.workspace)
      try screen.print(fields)
    }
  }
}
