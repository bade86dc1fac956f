import ArgumentParser

/// `headgate trigger`.
struct TriggerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trigger",
    abstract: "Triggers: the webhook_trigger nodes of flows, each with a permanent URL.",
    discussion: """
      A trigger is named FLOW/NODE; its id and its key do as well.

      Example: headgate trigger url orders/hook
      """,
    subcommands: [
      TriggerList.self, TriggerShow.self, TriggerURL.self, TriggerCreate.self, TriggerUpdate.self, TriggerAmend.self,
      TriggerTest.self, TriggerEnable.self,
      TriggerDisable.self, TriggerReveal.self, TriggerRotate.self, TriggerDelete.self,
    ])
}

/// Which trigger a command is about.
struct TriggerArgument: ParsableArguments {
  @Argument(help: ArgumentHelp("FLOW/NODE, id or key of the trigger.", valueName: "trigger"))
  var name: String
}
