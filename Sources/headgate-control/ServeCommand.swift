import ArgumentParser
import Configuration
import ControlPlane
import FoundationEssentials
import Settings

/// `headgate-control serve`: serves until SIGTERM or SIGINT.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serve until SIGTERM.", discussion: ControlSettings.sources.help())

  @Argument(parsing: .allUnrecognized, help: "Settings, as listed above.")
  var settings: [String] = []

  func run() async throws {
    if let word = settings.first, !word.hasPrefix("-") {
      let commands = HeadgateControl.configuration.subcommands.compactMap { $0.configuration.commandName }
      throw ValidationError("there is no command \"\(word)\"; there are \(commands.joined(separator: ", "))")
    }
    let configuration = try SettingArguments.read(settings)
    try await ControlPlaneProcess.serve(configuration)
  }
}

/// `headgate-control migrate`: brings the database's schema up to date and ends.
struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate", abstract: "Bring the database's schema up to date.",
    discussion: """
      Takes the settings of `serve`; only the database's are used. The role that migrates owns the tables. With --grant-to \
      another role is given what serving takes and no more: it can read the audit log and add to it, but neither change it \
      nor the schema. Control planes then serve as that role with --migrate false.
      """)

  @Option(help: ArgumentHelp("A role of the database that control planes serve as.", valueName: "role"))
  var grantTo: String?

  @Argument(parsing: .allUnrecognized, help: "Settings, as `headgate-control serve --help` lists them.")
  var settings: [String] = []

  func run() async throws {
    let reader = try SettingArguments.reader(settings)
    do {
      print(try await ControlPlaneProcess.migrate(ControlConfiguration.Database(reading: reader), grantingTo: grantTo))
    } catch let faults as SettingFaults {
      throw ValidationError(faults.description)
    }
  }
}

/// Reads settings for the commands and turns faults into usage errors.
enum SettingArguments {
  static func reader(_ flags: [String]) throws -> ConfigReader {
    do {
      return try ControlSettings.sources.reader(flags: flags, environment: ProcessInfo.processInfo.environment)
    } catch {
      throw ValidationError(error.description)
    }
  }

  static func read(_ flags: [String]) throws -> ControlConfiguration {
    let reader = try reader(flags)
    do {
      return try ControlConfiguration(reading: reader)
    } catch let faults as SettingFaults {
      throw ValidationError(faults.description)
    }
  }
}
