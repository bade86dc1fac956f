import ArgumentParser
import HeadgateProto
import Inflation

/// `headgate logs export`.
struct LogsExport: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write every matching request to a file, with headers, body and explanation.",
    discussion: """
      One JSON object a line, newest first, as logs show -o json prints it; compressed when the name ends in .gz. \
      An export that broke goes on with --resume and the same filter: FILE.resume remembers where it was until it is whole.

      Example: headgate logs export --out requests.jsonl.gz --since 30d
      Example: headgate logs export --out requests.jsonl.gz --since 30d --resume
      Example: headgate logs export --out - --trigger orders/hook | jq .body
      """)

  @Option(help: ArgumentHelp("The file; - for standard output.", valueName: "file"), completion: .file())
  var out: String

  @Flag(help: "Go on with an export that broke.")
  var resume = false

  @OptionGroup(title: "Filter") var filter: LogFilterOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { filter.named }

  mutating func validate() throws {
    if out.isEmpty { throw ValidationError("--out must not be empty") }
    if out == "-", resume { throw ValidationError("--resume needs a file") }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    var request = try filter.request(workspace: session.workspace, now: screen.environment.now())
    let path = out.hasPrefix("/") || out == "-" ? out : screen.environment.workingDirectory + "/" + out
    var target = try ExportTarget(path, isResumed: resume, output: screen.environment.output)
    request.cursor = target.cursor
    var bar = ProgressBar(screen.environment, isOn: out != "-" || !screen.environment.output.isTerminal)
    var total: UInt64 = 0
    do {
      let stream = try await session.logs.export(
        ExportLogsRequest(filter: request), options: CallOptions(timeout: Self.streamTime))
      while let message = try await stream.next() {
        guard let entry = message.entry else { continue }
        if total == 0, message.totalEstimate > 0 { total = message.totalEstimate + (resume ? 0 : target.entries) }
        try target.add(entry.json.compact, cursor: message.cursor)
        bar.show(target.entries, of: total, ByteCountText.text(UInt64(clamping: target.byteCount)))
      }
      try target.finish()
    } catch {
      bar.end()
      try? target.flush()
      if let error = error as? RPCError, target.entries > 0, out != "-" {
        var failure = CommandFailure(error, settings: session.settings)
        failure.advice = "\(target.entries) requests are in \(out); go on with --resume."
        throw failure
      }
      throw error
    }
    bar.show(target.entries, of: total, ByteCountText.text(UInt64(clamping: target.byteCount)), isLast: true)
    bar.end()
    guard out != "-" else { return }
    switch screen.format {
    case .json:
      try screen.print(["file": .string(path), "entries": .integer(target.entries), "bytes": .integer(target.byteCount)])
    case .table:
      try screen.print(
        TerminalText.escaped("\(target.entries) requests in \(out), \(ByteCountText.text(UInt64(clamping: target.byteCount)))"))
    }
  }

  /// Of a whole export.
  private static let streamTime = Duration.seconds(7 * 86_400)
}

/// Where an export goes: a file with a note of how far it is, or standard output.
struct ExportTarget {
  private let file: AppendingFile?
  private let notePath: String
  private let isCompressed: Bool
  private let output: OutputChannel
  private var waiting: [UInt8] = []
  private var waitingEntries: UInt64 = 0
  /// Behind the last entry given.
  private(set) var cursor = ""
  /// Entries given, those of the export that is resumed included.
  private(set) var entries: UInt64 = 0

  /// Bytes of the file; 0 for standard output.
  var byteCount: Int64 { file?.length ?? 0 }

  /// Bytes that are written, and compressed, together.
  private static let chunkBytes = 1 << 20

  init(_ path: String, isResumed: Bool, output: OutputChannel) throws {
    self.output = output
    notePath = path + ".resume"
    isCompressed = path.hasSuffix(".gz")
    guard path != "-" else {
      file = nil
      return
    }
    guard isResumed, AppendingFile.exists(path) else {
      file = try AppendingFile(creating: path)
      return
    }
    guard AppendingFile.exists(notePath) else {
      throw CommandFailure(.invalid, "there is nothing to resume: \(path) is whole, or no export made it")
    }
    let note = try? JSONReader.read(FileReading.bytes(of: notePath)).json
    guard case .string(let cursor) = note?["cursor"], let length = note?["bytes"]?.wholeNumber,
      let count = note?["entries"]?.wholeNumber
    else { throw CommandFailure(.invalid, "\(notePath) is damaged; export anew") }
    file = try AppendingFile(resuming: path, at: length)
    self.cursor = cursor
    entries = UInt64(clamping: count)
  }

  /// Adds a line.
  mutating func add(_ line: String, cursor: String) throws {
    waiting += Array(line.utf8)
    waiting.append(UInt8(ascii: "\n"))
    entries += 1
    self.cursor = cursor
    if file == nil || waiting.count >= Self.chunkBytes { try flush() }
  }

  /// Writes what waits, then the note of it: a note never promises more than the file has.
  mutating func flush() throws {
    guard !waiting.isEmpty else { return }
    defer { waiting = [] }
    guard let file else { return try output.write(waiting) }
    do { try file.append(isCompressed ? Gzip.member(of: waiting) : waiting) } catch let error as InflationError {
      throw CommandFailure(.failure, "compressing failed: \(error)")
    }
    let note: JSONValue = ["cursor": .string(cursor), "bytes": .integer(file.length), "entries": .integer(entries)]
    try AppendingFile.replace(notePath, with: Array((note.compact + "\n").utf8))
  }

  /// The export is whole.
  mutating func finish() throws {
    try flush()
    if file != nil { AppendingFile.remove(notePath) }
  }
}

extension JSONValue {
  /// An integer that Int64 holds.
  fileprivate var wholeNumber: Int64? { Int64(compact) }
}
