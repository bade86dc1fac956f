package import Logging

/// A connection with a thread of its own, on which the actor runs and may block in libpq.
package actor PostgresConnection {
  private let configuration: PostgresConfiguration
  private let logger: Logger
  private let executor: ThreadExecutor
  private var session: PostgresSession?
  private var isClosed = false

  /// The thread that everything of this actor runs on.
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// Makes a connection that is not connected yet.
  package init(_ configuration: PostgresConfiguration, threadName: String, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
    executor = ThreadExecutor(named: threadName)
  }

  /// What work came to, and whether the connection can be used for more.
  package struct Outcome<Value: Sendable>: Sendable {
    package var result: Result<Value, any Error>
    package var isUsable: Bool
    /// The server that did the work; `nil`: there was none.
    package var server: PostgresServerInfo?
  }

  /// Does work on the connection's thread. Connects first, with one attempt, if the server closed the connection meanwhile.
  package func perform<Value: Sendable>(_ body: @Sendable (PostgresSession) throws -> Value) -> Outcome<Value> {
    do {
      let session = try currentSession()
      let result = Result { try body(session) }
      if !session.isUsable { self.session = nil }
      return Outcome(result: result, isUsable: self.session != nil, server: session.server)
    } catch {
      return Outcome(result: .failure(error), isUsable: false)
    }
  }

  /// Closes the connection for good, once the thread is free; ends `keepTrying`.
  package nonisolated func close() async {
    executor.interrupt()
    await closeSession()
  }

  /// The same without waiting for it.
  package nonisolated func closeSoon() {
    executor.interrupt()
    executor.submit { [self] in assumeIsolated { $0.closeSession() } }
  }

  private func closeSession() {
    isClosed = true
    session = nil
  }

  /// Connects in the background, again and again with pauses, until it succeeds or the connection is closed.
  ///
  /// - Parameter report: called on the connection's thread after each attempt, with `nil` after the one that succeeded.
  package nonisolated func keepTrying(_ report: @escaping @Sendable (PostgresError?) -> Void) {
    executor.submit { [self] in
      assumeIsolated { $0.connect(report) }
    }
  }

  private func currentSession() throws(PostgresError) -> PostgresSession {
    guard !isClosed else { throw PostgresError(.shutDown, "the connection was closed") }
    if let session, session.isUsable { return session }
    session = nil
    let session = try PostgresSession.connect(configuration)
    self.session = session
    return session
  }

  private func connect(_ report: @Sendable (PostgresError?) -> Void) {
    var failures = 0
    while !isClosed, !executor.isInterrupted {
      do throws(PostgresError) {
        _ = try currentSession()
        if failures > 0 { logger.info("connected to PostgreSQL again", metadata: ["attempts": "\(failures + 1)"]) }
        return report(nil)
      } catch {
        failures += 1
        if failures == 1 { logger.warning("no connection to PostgreSQL", metadata: ["error": "\(error)"]) }
        report(error)
        guard executor.pause(for: configuration.backoff.pause(afterFailures: failures)) else { return }
      }
    }
  }
}
