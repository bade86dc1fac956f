import HeadgateProto

/// Where a listening command shows what it hears.
struct ListenView {
  private let screen: Screen
  private let isLive: Bool
  /// Anew each time: the terminal may have got another width.
  private var lines: ListenLines { ListenLines(width: screen.environment.terminalWidth, isColoured: screen.isColoured) }
  private var session: ListenSession?
  private(set) var received = 0
  private var step = 0
  private var hasWaitingLine = false

  /// How often the waiting line moves.
  static let frameInterval = Duration.milliseconds(120)

  init(_ screen: Screen) {
    self.screen = screen
    let isTerminal = screen.format == .table && screen.environment.output.isTerminal
    isLive = isTerminal && screen.environment.variables["TERM"] != "dumb"
  }

  /// Between two ticks; `nil`: the view has nothing that moves.
  var tick: Duration? { isLive ? Self.frameInterval : nil }

  /// One line of JSON per event, where nobody looks at it.
  private var isForScripts: Bool { screen.format == .json || !screen.environment.output.isTerminal }

  mutating func show(_ event: SessionListener.Event) throws {
    switch event {
    case .tick: step += 1
    case .session(let session):
      let isFirst = self.session == nil
      self.session = session
      if isForScripts {
        try screen.print(JSONValue.object([.init("event", "session"), .init("session", session.json)]).compact)
      } else if isFirst {
        try write(lines.opening(session))
      }
    case .request(let event):
      received += 1
      if isForScripts {
        try screen.print(event.requestJSON.compact)
      } else {
        try write(lines.request(event, isFirst: received == 1))
      }
    case .lagged(let count):
      if isForScripts {
        try screen.print(JSONValue.object([.init("event", "lagged"), .init("count", .integer(count))]).compact)
      } else {
        try write(lines.lagged(count, trigger: session?.trigger ?? ""))
      }
    case .interrupted(let reason):
      try write([])
      screen.remark("interrupted, going on as soon as possible: " + TerminalText.escaped(reason))
    }
    try writeWaitingLine()
  }

  /// Says how the session ended.
  mutating func end(_ session: ListenSession) throws {
    if isForScripts {
      guard session.state != self.session?.state else { return }
      try screen.print(JSONValue.object([.init("event", "session"), .init("session", session.json)]).compact)
    } else {
      try write(["", lines.ending(session, received: received)])
    }
  }

  /// Writes lines where the waiting line was.
  private mutating func write(_ lines: [String]) throws {
    try eraseWaitingLine()
    try screen.print(lines)
  }

  private mutating func eraseWaitingLine() throws {
    guard hasWaitingLine else { return }
    hasWaitingLine = false
    // To the line's begin, and erase it (ECMA-48 EL).
    try screen.environment.output.write(Array("\r\u{1b}[2K".utf8))
  }

  private mutating func writeWaitingLine() throws {
    guard isLive, let session else { return }
    let text = lines.waiting(session, received: received, at: screen.environment.now(), step: step)
    hasWaitingLine = true
    try screen.environment.output.write(Array("\r\u{1b}[2K\(text)".utf8))
  }
}
