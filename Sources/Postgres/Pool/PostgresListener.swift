import CPostgres
import Glibc
package import Logging

/// What a listener hears.
package enum PostgresListenerEvent: Hashable, Sendable {
  case notification(PostgresNotification)
  /// The listener is subscribed again (or for the first time): what was said before may have been missed.
  case mayHaveMissed
}

/// Listens to channels on one connection of its own, and speaks on them. Comes back by itself when the connection breaks.
package final class PostgresListener: Sendable {
  private struct State {
    /// What is to be said, in order; each message once.
    var outbox: [PostgresNotification] = []
    var isConnected = false
    var isStarted = false
    var isStopping = false
    var isStopped = false
    var stoppers: [CheckedContinuation<Void, Never>] = []
  }

  private let configuration: PostgresConfiguration
  private let channels: [String]
  private let publishInterval: Duration
  private let idleCheckInterval: Duration
  private let logger: Logger
  private let onEvent: @Sendable (PostgresListenerEvent) -> Void
  private let state = Monitor(State())
  private let doorbell: Doorbell

  /// Makes a listener; `start` connects it.
  ///
  /// - Parameters:
  ///   - publishInterval: messages are sent at most so often, equal ones in between once.
  ///   - idleCheckInterval: how often a silent connection is asked whether it is there.
  ///   - onEvent: called on the listener's thread, in order; must not block.
  package init(
    _ configuration: PostgresConfiguration, channels: [String], publishInterval: Duration = .milliseconds(50),
    idleCheckInterval: Duration = .seconds(10), logger: Logger, onEvent: @escaping @Sendable (PostgresListenerEvent) -> Void
  ) {
    self.configuration = configuration
    self.channels = channels
    self.publishInterval = publishInterval
    self.idleCheckInterval = idleCheckInterval
    self.logger = logger
    self.onEvent = onEvent
    doorbell = Doorbell()
  }

  /// Begins to connect and to listen.
  package func start() {
    let isFirst = state.withLock { state in
      defer { state.isStarted = true }
      return !state.isStarted
    }
    guard isFirst else { return }
    startThread(named: "postgres-listen") { [self] in run() }
  }

  /// Stops; no event comes after this returns.
  package func shutDown() async {
    await withCheckedContinuation { continuation in
      let isStopped = state.withLock { state in
        state.isStopping = true
        if state.isStarted, !state.isStopped {
          state.stoppers.append(continuation)
          return false
        }
        return true
      }
      doorbell.ring()
      state.broadcast()
      if isStopped { continuation.resume() }
    }
  }

  /// Says something on a channel soon; never blocks. Equal messages that were not sent yet become one; while there is no
  /// connection they wait, at most `outboxLimit` of them.
  package func publish(_ message: PostgresNotification) {
    let isNew = state.withLock { state in
      guard state.outbox.count < Self.outboxLimit, !state.outbox.contains(message) else { return false }
      state.outbox.append(message)
      return true
    }
    if isNew { doorbell.ring() }
  }

  /// The connection stands and is subscribed.
  package var isConnected: Bool { state.withLock { $0.isConnected } }

  /// Messages that may wait to be sent; more are dropped, since who reconnects looks at everything anyway.
  private static let outboxLimit = 1024

  private static let notify = PostgresStatement("notify", "SELECT pg_notify($1::text, $2::text)")
  private static let check = PostgresStatement("listener_check", "SELECT 1")

  // MARK: The thread

  private func run() {
    var failures = 0
    while !state.withLock({ $0.isStopping }) {
      do throws(PostgresError) {
        let session = try PostgresSession.connect(configuration)
        try session.listen(to: channels)
        failures = 0
        state.withLock { $0.isConnected = true }
        onEvent(.mayHaveMissed)
        try serve(session)
      } catch {
        failures += 1
        if failures == 1 { logger.warning("the listener lost PostgreSQL", metadata: ["error": "\(error)"]) }
      }
      state.withLock { $0.isConnected = false }
      let pause = configuration.backoff.pause(afterFailures: max(failures, 1))
      _ = state.wait(for: pause) { $0.isStopping ? true : nil }
    }
    let stoppers = state.withLock { state in
      state.isStopped = true
      return state.stoppers
    }
    for stopper in stoppers { stopper.resume() }
  }

  /// Listens and speaks until the connection breaks (throws) or the listener stops (returns).
  private func serve(_ session: PostgresSession) throws(PostgresError) {
    var nextPublish = ContinuousClock.now
    while !state.withLock({ $0.isStopping }) {
      for notification in try session.takeNotifications() { onEvent(.notification(notification)) }
      let hasMessages = state.withLock { !$0.outbox.isEmpty }
      if hasMessages, nextPublish <= .now {
        try publishAll(session)
        nextPublish = .now + publishInterval
        // The answers may have brought notifications along.
        continue
      }
      let patience = hasMessages ? nextPublish - .now : idleCheckInterval
      if !doorbell.wait(for: patience, orReadable: session.socket), !hasMessages { try session.query(Self.check) }
    }
  }

  private func publishAll(_ session: PostgresSession) throws(PostgresError) {
    let messages = state.withLock { state in
      defer { state.outbox.removeAll(keepingCapacity: true) }
      return state.outbox
    }
    for message in messages { try session.query(Self.notify, [.text(message.channel), .text(message.payload)]) }
  }
}

/// Wakes a thread that polls.
private final class Doorbell: Sendable {
  private let descriptor: CInt

  init() {
    descriptor = headgate_event_descriptor()
    precondition(descriptor >= 0, "no event descriptor can be made (error \(errno))")
  }

  deinit { close(descriptor) }

  func ring() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  /// Blocks until somebody rang, the socket can be read, or the time is over (`false`).
  func wait(for time: Duration, orReadable socket: CInt) -> Bool {
    var descriptors = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
    ]
    let count = poll(&descriptors, 2, max(1, time.wholeMilliseconds))
    if descriptors[0].revents != 0 {
      var rings: UInt64 = 0
      _ = read(descriptor, &rings, 8)
    }
    return count != 0
  }
}
