import ArgumentParser
import TokenVault

/// `headgate-control keys`: the master keys that data keys are wrapped with.
struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Make master keys.", subcommands: [KeysInitCommand.self])
}

/// `headgate-control keys init`: a file with a first master key.
struct KeysInitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Write a new master key file (0600). Never overwrites one.",
    discussion: "Without this file no stored secret can be read again: keep a copy where the database's backups are not.")

  @Option(help: "The file to write.")
  var file: String

  func run() throws {
    try MasterKeyFile.create(at: file)
    print(file)
  }
}
