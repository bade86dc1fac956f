import ArgumentParser
import HeadgateProto

/// `headgate logs stats`.
struct LogsStats: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Counts by outcome and the times that requests took, over time.",
    discussion: """
      Without --since: the last 24 hours. P50 and P99 are from the edge node's receipt to the record's place in a batch, \
      within 3 %; LEASE P99 is from there to the first lease of the run.

      Example: headgate logs stats --trigger orders/hook --since 7d
      Example: headgate logs stats --since 1h --bucket 1m -o json
      """)

  @Option(
    help: ArgumentHelp("Length of a bucket, 1s to 31d; without it there are about 24.", valueName: "duration"),
    transform: { try ArgumentValues.duration($0) })
  var bucket: Duration?

  @OptionGroup(title: "Filter") var filter: LogFilterOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { filter.named }

  mutating func validate() throws {
    if let bucket, bucket < .seconds(1) || bucket > .seconds(31 * 86_400) { throw ValidationError("--bucket is 1s to 31d") }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    let request = LogStatsRequest(
      filter: try filter.request(workspace: session.workspace, now: screen.environment.now()),
      bucketSeconds: UInt32(clamping: bucket?.components.seconds ?? 0))
    let response = try await session.logs.stats(request)
    switch screen.format {
    case .json: try screen.print(StatsPresentation.json(response))
    case .table:
      try screen.print(
        StatsPresentation.lines(response, width: screen.environment.terminalWidth, isColoured: screen.isColoured))
    }
  }
}
