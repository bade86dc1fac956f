package import HeadgateProto

/// Everything of the outer world that commands touch: variables, streams, the clock, connections, signals.
///
/// Commands reach it through `ClientEnvironment.current`, so that tests run whole commands in this process.
package struct ClientEnvironment: Sendable {
  /// The environment variables.
  package var variables: [String: String]
  /// Absolute.
  package var workingDirectory: String
  /// Where this program's file is; `nil` when it is not known.
  package var executablePath: String?
  package var output: OutputChannel
  package var errors: OutputChannel
  package var input: InputChannel
  private var columns: @Sendable () -> Int
  package var now: @Sendable () -> Timestamp
  /// Opens the way to the control plane.
  package var connect: @Sendable (ConnectionSettings) async throws -> OpenConnection
  /// Sends a request to an edge node and gives its answer.
  package var send: @Sendable (HTTPSample, EdgeBase, _ timeout: Duration) async throws -> HTTPSampleAnswer
  /// One element for each request to stop (SIGINT, SIGTERM).
  package var stopRequests: @Sendable () -> AsyncStream<Void>

  package init(
    variables: [String: String] = [:], workingDirectory: String, executablePath: String? = nil, output: OutputChannel,
    errors: OutputChannel, input: InputChannel,
    terminalWidth: @autoclosure @escaping @Sendable () -> Int = defaultTerminalWidth,
    now: @escaping @Sendable () -> Timestamp,
    connect: @escaping @Sendable (ConnectionSettings) async throws -> OpenConnection,
    send: @escaping @Sendable (HTTPSample, EdgeBase, _ timeout: Duration) async throws -> HTTPSampleAnswer = {
      try await HTTPSampleSender.send($0, to: $1, timeout: $2)
    },
    stopRequests: @escaping @Sendable () -> AsyncStream<Void> = { AsyncStream { _ in } }
  ) {
    self.variables = variables
    self.workingDirectory = workingDirectory
    self.executablePath = executablePath
    self.output = output
    self.errors = errors
    self.input = input
    columns = terminalWidth
    self.now = now
    self.connect = connect
    self.send = send
    self.stopRequests = stopRequests
  }

  /// Columns of the terminal as it is now: people make windows wider and narrower while a view is open.
  package var terminalWidth: Int { columns() }

  /// What tables are fitted to when the terminal does not tell its width.
  package static let defaultTerminalWidth = 80

  @TaskLocal private static var bound: ClientEnvironment?

  /// The environment that the running command was started in.
  package static var current: ClientEnvironment { bound ?? .process }

  /// Runs `body` with this environment as the current one.
  package func run<Result>(_ body: () async throws -> Result) async rethrows -> Result {
    try await Self.$bound.withValue(self) { try await body() }
  }

  /// A variable's value; `nil` when it is not set or empty.
  package func variable(_ name: String) -> String? {
    variables[name].flatMap { $0.isEmpty ? nil : $0 }
  }
}

/// A standard stream that is written to.
package struct OutputChannel: Sendable {
  package var isTerminal: Bool
  /// Writes all bytes; throws `OutputClosed` when nobody reads any more, `OutputFailed` when they cannot be written.
  package var write: @Sendable ([UInt8]) throws -> Void

  package init(isTerminal: Bool = false, write: @escaping @Sendable ([UInt8]) throws -> Void) {
    self.isTerminal = isTerminal
    self.write = write
  }
}

/// The reader of a standard stream is gone, as with `headgate logs query | head -1`. Not a failure.
package struct OutputClosed: Error {
  package init() {}
}

/// The result could not be written, as on a full disk: whoever reads it would take a part for the whole.
package struct OutputFailed: Error {
  /// The system's words.
  package var reason: String

  package init(reason: String) { self.reason = reason }
}

/// The standard input.
package struct InputChannel: Sendable {
  package var isTerminal: Bool
  /// Everything up to its end.
  package var readAll: @Sendable () throws -> [UInt8]
  /// One line without its line break, typed at the terminal; `nil` at the end. Without `echo` it is not shown.
  package var readLine: @Sendable (_ echo: Bool) throws -> String?

  package init(
    isTerminal: Bool = false, readAll: @escaping @Sendable () throws -> [UInt8],
    readLine: @escaping @Sendable (_ echo: Bool) throws -> String? = { _ in nil }
  ) {
    self.isTerminal = isTerminal
    self.readAll = readAll
    self.readLine = readLine
  }
}

/// A way to the control plane, and how to end it.
package struct OpenConnection: Sendable {
  package var caller: any RPCCaller
  package var close: @Sendable () async -> Void

  package init(caller: any RPCCaller, close: @escaping @Sendable () async -> Void = {}) {
    self.caller = caller
    self.close = close
  }
}
