import ArgumentParser
import ControlPlane
import FoundationEssentials
import Settings

/// `headgate-control backup-check`: looks whether a restored database is whole.
struct BackupCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup-check", abstract: "Look whether a restored database is whole. Changes nothing.",
    discussion: """
      Checks rights, schema, tables and indexes, opens everything that is encrypted with the master keys at hand (nothing \
      of it is shown), and counts what is there. Ends with status 1 when something is wrong, 2 when it could not look.

      Takes the settings of `serve`; only the database's and the master keys' are used.

      Example: headgate-control backup-check --database host=restored --master-keys master.keys
      """)

  /// The database or the master keys cannot be read: nothing is known of the backup.
  private static let couldNotLook = ExitCode(2)

  @Argument(parsing: .allUnrecognized, help: "Settings, as `headgate-control serve --help` lists them.")
  var settings: [String] = []

  func run() async throws {
    let reader = try SettingArguments.reader(settings)
    let findings: [BackupCheck.Finding]
    do {
      let database = try ControlConfiguration.Database(reading: reader)
      let masterKeys = try ControlConfiguration.masterKeySource(reading: reader)
      findings = try await ControlPlaneProcess.checkBackup(database, masterKeys: masterKeys)
    } catch let faults as SettingFaults {
      throw ValidationError(faults.description)
    } catch {
      print("FAIL could not look: \(error)")
      throw Self.couldNotLook
    }
    for finding in findings {
      let subject = finding.subject + String(repeating: " ", count: max(1, 16 - finding.subject.count))
      print("\(finding.isGood ? "ok  " : "BAD ") \(subject)\(finding.text)")
    }
    if findings.contains(where: { !$0.isGood }) { throw ExitCode.failure }
  }
}
