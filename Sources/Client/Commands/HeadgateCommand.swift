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
        url=$(headgate trigger url orders/hook)
        token=$(headgate trigger reveal orders/hook --value-only)
        curl --json '{"event": "order_approved", "user": {"email": "a@b.example"}}' \\
          -H "authorization: Bearer $token" "$url"
        headgate logs query --since 1h
        headgate listen orders/hook
        headgate run work --exec 'jq .'

      Exit status: 0 ok, 1 failure, 2 invalid usage or configuration, 3 not found, 4 not permitted, 5 the control plane \
      cannot be reached.

      Completion for your shell: headgate completion --help
      The version: headgate --version
      """,
    subcommands: [
      FlowCommand.self, TriggerCommand.self, ListenCommand.self, LogsCommand.self, ReplayCommand.self, RunCommand.self,
      CustomerCommand.self, ChatCommand.self, EnvCommand.self, PresetCommand.self, StatusCommand.self, TopCommand.self,
      WorkspaceCommand.self, APIKeyCommand.self, AuditCommand.self, KeyCommand.self, WhoAmICommand.self, CompletionCommand.self,
    ])

  // The same group as in every command, so that it may stand before the command's name too.
  @OptionGroup(title: "Global options") var global: GlobalOptions
}
