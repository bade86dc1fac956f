import ArgumentParser
import Glibc
import HeadgateProto

/// `headgate run work`.
struct RunWork: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "work",
    abstract: "Be a worker: lease runs and run a command for each.",
    discussion: """
      The command is run by /bin/sh. Its standard input is the run as one JSON object (id, request_id, flow, \
      flow_version, node, output, entry_node, event, variables, attempt, …); the same is in the environment as \
      HEADGATE_RUN_ID, HEADGATE_REQUEST_ID, HEADGATE_FLOW, HEADGATE_FLOW_VERSION, HEADGATE_NODE, HEADGATE_OUTPUT, \
      HEADGATE_ENTRY_NODE, HEADGATE_ATTEMPT and HEADGATE_MAX_ATTEMPTS. Exit status 0 completes the run; any other fails \
      it with the last lines of standard error, and it is tried again after a while until its attempts are used up.

      Interrupt once to stop after the runs at work, twice to end them and give them back.

      Example: headgate run work --exec 'jq .variables'
      Example: headgate run work --flow orders --concurrency 4 --exec ./handle-order
      """)

  @Option(help: ArgumentHelp("Command for each run.", valueName: "command"))
  var exec: String

  @Option(help: ArgumentHelp("Runs at the same time.", valueName: "count"))
  var concurrency = 1

  @Option(help: ArgumentHelp("Stop after so many runs.", valueName: "count"))
  var max: Int?

  @Flag(help: "Stop when no run is ready, instead of waiting for the next.")
  var once = false

  @Option(help: ArgumentHelp("Only runs of this flow.", valueName: "flow"), transform: { try ArgumentValues.text($0) })
  var flow: String?

  @Option(
    help: ArgumentHelp("How long a run stays this worker's without a heartbeat, 1s to 1h. Default: 30s.", valueName: "duration"),
    transform: { try ArgumentValues.duration($0) })
  var lease: Duration = .seconds(30)

  @Option(help: ArgumentHelp("Name of this worker, for people. Default: host and process.", valueName: "text"))
  var name: String?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { flow.map { .flow($0) } }

  mutating func validate() throws {
    guard !exec.allSatisfy(\.isWhitespace) else { throw ValidationError("--exec must not be empty") }
    guard (1...1000).contains(concurrency) else { throw ValidationError("--concurrency is 1 to 1000") }
    if let max, max < 1 { throw ValidationError("--max must be 1 or more") }
    guard lease >= .seconds(1), lease <= .seconds(3600) else { throw ValidationError("--lease is 1s to 1h") }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    let worker = RunWorker(
      runs: session.runs,
      options: WorkerOptions(
        command: exec, concurrency: concurrency, maximum: max, once: once, flow: flow ?? "", lease: lease,
        name: name ?? Self.defaultName(), workspace: session.workspace),
      report: { event in
        switch screen.format {
        case .json: screen.remark(WorkerLog.json(event, at: screen.environment.now()).compact)
        case .table: screen.remark(wrapping: [WorkerLog.line(event)])
        }
      },
      forwardErrors: { try? screen.environment.errors.write($0) })
    let summary = try await worker.work(stopRequests: screen.environment.stopRequests())
    let line = "\(summary.completed) completed, \(summary.failed) failed, \(summary.unfinished) unfinished"
    switch screen.format {
    case .json:
      screen.remark(
        JSONValue.object([
          .init("event", "stopped"), .init("completed", .integer(summary.completed)),
          .init("failed", .integer(summary.failed)), .init("unfinished", .integer(summary.unfinished)),
        ]).compact)
    case .table: screen.remark(line)
    }
  }

  /// "host:1234".
  private static func defaultName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "worker:\(getpid())" }
    let host = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return "\(host):\(getpid())"
  }
}
