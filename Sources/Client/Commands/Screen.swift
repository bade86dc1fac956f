/// Where a command's results and remarks go, in the form that the user asked for.
struct Screen: Sendable {
  let environment: ClientEnvironment
  let format: OutputFormat
  private let allowsColour: Bool

  init(_ environment: ClientEnvironment, format: OutputFormat = .table, noColor: Bool = false) {
    self.environment = environment
    self.format = format
    // https://no-color.org: any value but an empty one turns colours off.
    allowsColour = !noColor && environment.variable("NO_COLOR") == nil && environment.variables["TERM"] != "dumb"
  }

  init(_ environment: ClientEnvironment, _ options: GlobalOptions) {
    self.init(environment, format: options.output, noColor: options.noColor)
  }

  /// Whether results may carry colours.
  var isColoured: Bool { allowsColour && environment.output.isTerminal }

  /// Whether there is someone to answer a question.
  var canAsk: Bool { environment.input.isTerminal && environment.output.isTerminal }

  /// Writes lines of results.
  func print(_ lines: [String]) throws {
    guard !lines.isEmpty else { return }
    try environment.output.write(Array((lines.joined(separator: "\n") + "\n").utf8))
  }

  func print(_ line: String) throws { try print([line]) }

  /// Writes sentences, broken between words on a terminal.
  func print(wrapping lines: [String]) throws {
    let width = environment.output.isTerminal ? environment.terminalWidth : nil
    try print(lines.flatMap { TextWrap.lines($0, width: width) })
  }

  /// Writes a table, cut to the terminal's width when it goes to a terminal.
  func print(_ table: Table) throws {
    try print(table.lines(width: environment.output.isTerminal ? environment.terminalWidth : nil, isColoured: isColoured))
  }

  func print(_ fields: Fields) throws { try print(fields.lines(isColoured: isColoured)) }

  func print(_ json: JSONValue) throws { try print(json.pretty) }

  /// A title above a block.
  func heading(_ text: String) throws { try print(["", Ink.bold(text, on: isColoured)]) }

  /// Writes remarks for people to standard error, so that results stay clean. A closed standard error loses them.
  func remark(_ lines: [String]) {
    try? environment.errors.write(Array(lines.map { $0 + "\n" }.joined().utf8))
  }

  func remark(_ line: String) { remark([line]) }

  /// Writes remarks, broken between words on a terminal.
  func remark(wrapping lines: [String]) {
    let width = environment.errors.isTerminal ? environment.terminalWidth : nil
    remark(lines.flatMap { TextWrap.lines($0, width: width) })
  }

  func warn(_ text: String) {
    let word = Ink.yellow("warning:", on: allowsColour && environment.errors.isTerminal)
    remark(wrapping: [word + " " + TerminalText.escaped(text)])
  }

  func report(_ failure: CommandFailure) {
    switch format {
    case .json: remark(failure.json.pretty)
    case .table: remark(wrapping: failure.lines(isColoured: allowsColour && environment.errors.isTerminal))
    }
  }

  /// A time in a table: "5m ago" on a terminal, RFC 3339 elsewhere; empty for 0.
  func time(_ microseconds: Int64) -> String {
    guard microseconds != 0 else { return "" }
    let time = Timestamp(microseconds: microseconds)
    return environment.output.isTerminal ? time.relative(to: environment.now()) : time.text
  }

  /// A time of a single object: RFC 3339, and how long ago on a terminal; empty for 0.
  func fullTime(_ microseconds: Int64) -> String {
    guard microseconds != 0 else { return "" }
    let time = Timestamp(microseconds: microseconds)
    return environment.output.isTerminal ? "\(time.text) (\(time.relative(to: environment.now())))" : time.text
  }

  /// Makes sure that something that cannot be undone is wanted: by `--yes`, or by the answer to a question.
  ///
  /// - Parameter question: such as "Delete orders for good?".
  /// - Throws: `CommandFailure` when the answer is no, or when there is neither `--yes` nor someone to ask.
  func confirmDeletion(yes: Bool, _ question: () async throws -> String) async throws {
    guard !yes else { return }
    guard canAsk else {
      throw CommandFailure(.invalid, "not deleted: there is no terminal to ask on", advice: "Add --yes to delete without asking.")
    }
    guard try confirm(await question()) else { throw CommandFailure(.failure, "not deleted") }
  }

  /// Asks a question that is answered with yes or no; anything but yes is no.
  func confirm(_ question: String) throws -> Bool {
    try environment.output.write(Array("\(question) [y/N] ".utf8))
    let answer = try environment.input.readLine(true)?.lowercased().filter { !$0.isWhitespace }
    return answer == "y" || answer == "yes"
  }
}
