import ArgumentParser
import ControlPlane

/// `headgate-control`: the control plane and what prepares it.
@main
struct HeadgateControl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "headgate-control",
    abstract: "The control plane of Headgate: verifies, records and routes webhooks, and hands runs to workers.",
    version: ControlPlaneVersion.agent,
    subcommands: [ServeCommand.self, MigrateCommand.self, BackupCheckCommand.self, PKICommand.self, KeysCommand.self],
    defaultSubcommand: ServeCommand.self)
}
