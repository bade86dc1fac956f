import ArgumentParser
import HeadgateProto

/// `headgate trigger enable`.
struct TriggerEnable: TriggerClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "enable", abstract: "Let a trigger's URL answer again, at once.",
    discussion: """
      Example: headgate trigger enable orders/hook
      """)

  @OptionGroup var trigger: TriggerArgument
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let trigger = try await session.triggers.enable(
      EnableTriggerRequest(workspace: session.workspace, trigger: trigger.name))
    try screen.printState(of: session.completed(trigger))
  }
}

/// `headgate trigger disable`.
struct TriggerDisable: TriggerClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable", abstract: "Make a trigger's URL answer 404, at once.",
    discussion: """
      The URL and the secrets are kept.

      Example: headgate trigger disable orders/hook
      """)

  @OptionGroup var trigger: TriggerArgument
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let trigger = try await session.triggers.disable(
      DisableTriggerRequest(workspace: session.workspace, trigger: trigger.name))
    try screen.printState(of: session.completed(trigger))
  }
}

/// `headgate trigger delete`.
struct TriggerDelete: TriggerClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Remove a trigger from its flow and publish the flow.",
    discussion: """
      Its URL answers 404 from then on and is never given out again. Asks first; without a terminal it needs --yes.

      Example: headgate trigger delete orders/hook
      Example: headgate trigger delete orders/hook --yes
      """)

  @OptionGroup var trigger: TriggerArgument

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @Flag(help: "Change the draft only; the URL keeps answering until the flow is published.")
  var draft = false

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let shown = TerminalText.escaped(trigger.name)
    try await screen.confirmDeletion(yes: yes) { "Delete the trigger \(shown) for good?" }
    _ = try await session.triggers.delete(
      DeleteTriggerRequest(workspace: session.workspace, trigger: trigger.name, publish: !draft))
    switch screen.format {
    case .json: try screen.print(["trigger": .string(trigger.name), "deleted": true])
    case .table: try screen.print("\(shown): deleted\(draft ? " from the draft" : "")")
    }
  }
}

extension Screen {
  /// The result of a change to a trigger.
  func printState(of trigger: Trigger) throws {
    switch format {
    case .json: try print(trigger.json)
    case .table: try print(TerminalText.escaped("\(trigger.flow)/\(trigger.node): \(trigger.state)  \(trigger.url)"))
    }
  }
}
