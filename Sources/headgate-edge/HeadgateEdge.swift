import ArgumentParser
import Edge
import FoundationEssentials
import Settings

/// `headgate-edge`: the edge node. Reads its settings and serves.
@main
struct HeadgateEdge: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "headgate-edge",
    abstract: "The edge node of Headgate: takes webhooks over HTTP under strict limits and hands them to the control plane.",
    discussion: EdgeSettings.sources.help(), version: EdgeVersion.agent)

  @Argument(parsing: .allUnrecognized, help: "Settings, as listed above.")
  var settings: [String] = []

  func run() async throws {
    let configuration: EdgeConfiguration
    do {
      let reader = try EdgeSettings.sources.reader(flags: settings, environment: ProcessInfo.processInfo.environment)
      configuration = try EdgeConfiguration(reading: reader)
    } catch let faults as SettingFaults {
      throw ValidationError(faults.description)
    }
    try await EdgeProcess.serve(configuration)
  }
}
