import ArgumentParser
import ControlPlane

/// `headgate-control`: the control plane and what prepares it.
@main
struct HeadgateControl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "headgate-control",
    abstract: "The control plane of Headgate: verifies, records and routes webhooks, and hands runs to workers.",
    discussion: """
      Example: headgate-control pki init --directory pki
      Example: headgate-control pki issue --directory pki --name edge-1 --role edge
      Example: headgate-control keys init --file master.keys
      Example: headgate-control serve --config control.json

      Exit status: 0 ok, 1 failure, 64 invalid usage or settings.
      """,
    version: ControlPlaneVersion.agent,
    subcommands: [ServeCommand.self, MigrateCommand.self, BackupCheckCommand.self, PKICommand.self, KeysCommand.self],
    defaultSubcommand: ServeCommand.self)
}
