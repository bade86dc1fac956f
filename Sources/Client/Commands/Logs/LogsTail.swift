import ArgumentParser
import HeadgateProto

/// `headgate logs tail`.
struct LogsTail: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "tail",
    abstract: "Show the newest requests, oldest first, and follow what arrives.",
    discussion: """
      On a terminal one line for each request; piped, or with -o json, one JSON object a line. With --follow it goes on \
      until it is interrupted, also over a restart of the control plane, without leaving out or repeating a request. \
      With --since it begins there instead of with the newest --lines.

      Example: headgate logs tail -f
      Example: headgate logs tail -f --outcome rejected --trigger orders/hook
      Example: headgate logs tail -f --since 10m | jq .event
      """)

  @Flag(name: .shortAndLong, help: "Go on with what arrives.")
  var follow = false

  @Option(name: [.customShort("n"), .long], help: ArgumentHelp("The newest so many to begin with.", valueName: "count"))
  var lines = 10

  @Flag(help: "Also headers, body and explanation (JSON only).")
  var whole = false

  @OptionGroup(title: "Filter") var filter: LogFilterOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { filter.named }

  mutating func validate() throws {
    guard (0...1000).contains(lines) else { throw ValidationError("--lines is 0 to 1000") }
    if filter.until != nil { throw ValidationError("--until has no meaning with tail; use headgate logs query") }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    var request = try filter.request(workspace: session.workspace, now: screen.environment.now())
    var progress = TailProgress(startUs: screen.environment.now().microseconds)
    let isJSON = screen.format == .json || !screen.environment.output.isTerminal
    func show(_ entry: LogEntry) throws {
      guard progress.isNew(entry) else { return }
      try screen.print(
        isJSON
          ? (whole ? entry.json : entry.summaryJSON).compact
          : LogLine.text(entry, width: screen.environment.terminalWidth, isColoured: screen.isColoured))
    }
    if request.sinceUs == 0, lines > 0 || !follow {
      for entry in try await newest(lines, request, session).reversed() { try show(entry) }
    } else if !follow {
      for entry in try await newest(nil, request, session).reversed() { try show(entry) }
    }
    guard follow else { return }
    var after = request.sinceUs == 0 ? progress.resumptionID : ""
    var failures = 0
    while true {
      do {
        let stream = try await session.logs.tail(
          TailLogsRequest(filter: request, after: after, whole: whole && isJSON), options: CallOptions(timeout: Self.streamTime))
        while let entry = try await stream.next() {
          failures = 0
          try show(entry)
        }
        return
      } catch let error as RPCError where error.code == .unavailable || error.code == .deadlineExceeded {
        failures += 1
        if failures == 1 { screen.remark("the connection was lost; trying again") }
        try await Task.sleep(for: min(.seconds(5), .milliseconds(50 << min(failures, 10))))
      }
      request.sinceUs = 0
      after = progress.resumptionID
    }
  }

  /// Entries, newest first; `nil`: all.
  private func newest(_ count: Int?, _ request: QueryLogsRequest, _ session: Session) async throws -> [LogEntry] {
    var request = request
    var entries: [LogEntry] = []
    try await Paging.read(limit: count, goesOnWhenEmpty: true) { size, cursor in
      request.pageSize = size
      request.cursor = cursor
      let response = try await session.logs.query(request)
      return (response.entries, response.nextCursor)
    } deliver: {
      entries += $0
    }
    guard whole else { return entries }
    var all: [LogEntry] = []
    for entry in entries {
      all.append(try await session.logs.get(GetLogRequest(workspace: session.workspace, id: entry.id)))
    }
    return all
  }

  /// Of one stream; then it is asked for anew.
  private static let streamTime = Duration.seconds(86_400)
}

/// What a tail has shown: a stream that is asked for anew begins some time before the last entry, because requests are not
/// committed in the order of their ids, and what was shown is left out.
struct TailProgress: Sendable {
  /// How much earlier a stream begins anew; what is committed still later than that is left out by the control plane too.
  private static let overlapMs: Int64 = 60_000

  private var shown: Set<String> = []
  private var greatest: String
  /// What is older was not wanted.
  private var floor: String
  private let start: String

  init(startUs: Int64) {
    start = Self.firstID(ofMilliseconds: startUs / 1000)
    greatest = start
    floor = start
  }

  /// Whether an entry is to be shown; it then counts as shown.
  mutating func isNew(_ entry: LogEntry) -> Bool {
    guard shown.insert(entry.id).inserted else { return false }
    // The first entries may be older than the command; later ones may not be older than those.
    if shown.count == 1 || floor > entry.id, greatest == start { floor = min(floor, entry.id) }
    greatest = max(greatest, entry.id)
    if shown.count > Self.rememberedLimit {
      let oldest = Self.firstID(ofMilliseconds: Self.milliseconds(of: greatest) - 2 * Self.overlapMs)
      shown = shown.filter { $0 >= oldest }
    }
    return true
  }

  /// What a stream begins behind.
  var resumptionID: String { max(floor, Self.firstID(ofMilliseconds: Self.milliseconds(of: greatest) - Self.overlapMs)) }

  private static let rememberedLimit = 100_000

  /// UUIDs as text sort as their bytes do.
  private static func firstID(ofMilliseconds milliseconds: Int64) -> String {
    let digits = String(max(0, milliseconds), radix: 16)
    let time = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    return "\(time.prefix(8))-\(time.dropFirst(8))-0000-0000-000000000000"
  }

  private static func milliseconds(of id: String) -> Int64 { Int64(id.filter { $0 != "-" }.prefix(12), radix: 16) ?? 0 }
}
