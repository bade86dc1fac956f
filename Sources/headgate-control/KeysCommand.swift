import ArgumentParser
import TokenVault

/// `headgate-control keys`: the master keys that data keys are wrapped with.
struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Make master keys.", subcommands: [KeysInitCommand.self, KeysAddCommand.self])
}

/// `headgate-control keys init`: a file with a first master key.
struct KeysInitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Write a new master key file (0600). Never overwrites one.",
    discussion: """
      Without this file no stored secret can be read again: keep a copy where the database's backups are not.

      Example: headgate-control keys init --file master.keys
      """)

  @Option(help: "The file to write.")
  var file: String

  func run() throws {
    try MasterKeyFile.create(at: file)
    print(file)
  }
}

/// `headgate-control keys add`: one more master key in the file.
struct KeysAddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add a master key with the next version to a file (0600); the others stay.",
    discussion: """
      The file is replaced as a whole, so that a control plane sees the old or the new one. To change over: put the new \
      file where every control plane reads it; send each SIGHUP (or restart it); run: headgate key rewrap. A line of the \
      file can go when headgate key status says that nothing uses its version; send SIGHUP once more.
      """)

  @Option(help: "The file to add to.")
  var file: String

  func run() throws {
    print("version \(try MasterKeyFile.addVersion(to: file))")
  }
}
