import ArgumentParser

/// The root of the command line.
struct HeadgateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "headgate",
    abstract: "Webhook triggers of flows: configure them, see what arrived, work off the runs.",
    usage: "headgate <subcommand> [<options>]",
    discussion: """
      The control plane is found through --instance, HEADGATE_HOME, or .headgate/client.json in this directory or one \
      above it; tools/run starts one.

      First steps:
        headgate flow apply -f tools/sample/orders.yaml
        headgate trigger test orders/hook
        headgate logs query
        headgate listen orders/hook
        headgate run work --exec 'jq .'

      Exit status: 0 ok, 1 failure or refusal, 2 invalid usage or configuration, 3 not found, 4 not permitted, 5 the control \
      plane cannot be reached. Errors go to standard error, with -o json as JSON.

      Completion for your shell: headgate completion --help
      The version: headgate --version
      """,
    groupedSubcommands: [
      CommandGroup(
        name: "Configuration", subcommands: [FlowCommand.self, TriggerCommand.self, PresetCommand.self, EnvCommand.self]),
      CommandGroup(name: "Request", subcommands: [ListenCommand.self, LogsCommand.self, ReplayCommand.self]),
      CommandGroup(name: "Run", subcommands: [RunCommand.self, CustomerCommand.self, ChatCommand.self]),
      CommandGroup(
        name: "Operation",
        subcommands: [
          StatusCommand.self, TopCommand.self, WorkspaceCommand.self, APIKeyCommand.self, CertificateCommand.self,
          AuditCommand.self, KeyCommand.self, WhoAmICommand.self, CompletionCommand.self,
        ]),
    ])

  // The same group as in every command, so that it may stand before the command's name too.
  @OptionGroup(title: "Global options") var global: GlobalOptions
}
