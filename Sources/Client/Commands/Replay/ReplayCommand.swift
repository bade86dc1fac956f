import ArgumentParser
import HeadgateProto

/// `headgate replay`.
struct ReplayCommand: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Send recorded requests through the configuration of now.",
    discussion: """
      Oldest first, with the bytes that were recorded. A request whose credential had not been found right is verified \
      again, as of the time it came. Each replay is a request of its own, which names the one it replays, and starts runs \
      of its own; the delivery having been seen before does not keep it from that. With --dry-run nothing happens: it \
      shows what would differ.

      Name requests by id, or by the options of headgate logs query; of those that fit, the newest --max are taken.

      Example: headgate replay 01934a5e-0000-7000-8000-000000000000
      Example: headgate replay --cause signature_wrong --since 2d --dry-run
      Example: headgate replay --outcome rejected --since 1h --yes --rate 10
      """)

  @Argument(help: "Ids of requests.", transform: { try ArgumentValues.id($0) })
  var ids: [String] = []

  @Flag(help: "Change nothing; show what would differ.")
  var dryRun = false

  @Option(help: ArgumentHelp("Requests per second, 1 to 1000.", valueName: "count"))
  var rate: UInt32 = 50

  @Option(help: ArgumentHelp("With a filter: at most so many, 1 to 100000.", valueName: "count"))
  var max: UInt32 = 1000

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @OptionGroup(title: "Filter") var filter: LogFilterOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { filter.named }

  mutating func validate() throws {
    if ids.isEmpty, filter.isEmpty { throw ValidationError("name requests by id or by a filter such as --trigger") }
    if !ids.isEmpty, !filter.isEmpty { throw ValidationError("give ids or a filter, not both") }
    guard (1...1000).contains(rate) else { throw ValidationError("--rate is 1 to 1000") }
    guard (1...100_000).contains(max) else { throw ValidationError("--max is 1 to 100000") }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    var request = ReplayRequest(workspace: session.workspace, ids: ids, dryRun: dryRun, rate: rate)
    if ids.isEmpty {
      request.filter = try filter.request(workspace: "", now: screen.environment.now())
      request.maxRequests = max
    }
    if !dryRun, ids.isEmpty, !yes {
      guard screen.canAsk else {
        throw CommandFailure(
          .invalid, "not replayed: there is no terminal to ask on", advice: "Add --yes to replay without asking, or --dry-run.")
      }
      guard try screen.confirm("Replay up to \(max) requests and start their runs?") else {
        throw CommandFailure(.failure, "not replayed")
      }
    }
    var summary = ReplaySummary(isDryRun: dryRun)
    var bar = ProgressBar(screen.environment)
    do {
      let stream = try await session.replays.replay(request, options: CallOptions(timeout: Self.streamTime))
      while let result = try await stream.next() {
        summary.add(result)
        switch screen.format {
        case .json: try screen.print(result.json.compact)
        case .table:
          let lines = ReplayLines.lines(result, isDryRun: dryRun, isColoured: screen.isColoured)
          // Of many, only what is worth reading; the bar shows the rest.
          if !lines.isEmpty, summary.total <= Self.shownInFull || dryRun || !result.skipped.isEmpty {
            bar.erase()
            try screen.print(wrapping: lines)
          }
        }
        bar.show(summary.done, of: summary.total)
      }
    } catch {
      bar.end()
      if summary.done > 0 { screen.remark(summary.line) }
      throw error
    }
    bar.show(summary.done, of: summary.total, isLast: true)
    bar.end()
    switch screen.format {
    case .json: screen.remark(summary.line)
    case .table: try screen.print(summary.line)
    }
    if summary.done > 0, summary.skipped == summary.done { throw CommandFailure(.failure, "nothing was replayed") }
  }

  /// So many results are shown one by one.
  private static let shownInFull: UInt64 = 20
  /// Of a whole replay.
  private static let streamTime = Duration.seconds(86_400)
}
