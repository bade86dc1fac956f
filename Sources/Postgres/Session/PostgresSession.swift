import CPostgres
import Glibc

/// One connection to PostgreSQL, used by blocking calls on one thread at a time.
///
/// libpq is in non-blocking mode underneath: every wait is a `poll` with a deadline, so a server that answers nothing at
/// all costs at most `answerTimeout` and then the connection.
package final class PostgresSession {
  let connection: OpaquePointer
  let answerTimeout: Duration
  private var prepared: Set<String> = []
  /// The names under which COPY statements are prepared, by their text.
  private var preparedCommands: [String: String] = [:]
  /// What arrived in answer to what was sent past libpq.
  var answers = AnswerReader()
  private var isBroken = false
  /// Between BEGIN and its end.
  package internal(set) var isInTransaction = false

  /// "15.18", as the server says it.
  package internal(set) var serverVersion = ""
  /// Which of fsync, full_page_writes and synchronous_commit were off when the session began; empty: it is durable.
  package internal(set) var undurableSettings: [String] = []

  /// Whether `copy` sends everything at once, past libpq; must be false where libpq encrypts.
  package var copiesAtOnce = true

  /// What the server said of itself.
  package var server: PostgresServerInfo { PostgresServerInfo(version: serverVersion, isDurable: undurableSettings.isEmpty) }

  /// Takes over a connection that stands; see `connect`.
  init(_ connection: OpaquePointer, answerTimeout: Duration) {
    self.connection = connection
    self.answerTimeout = answerTimeout
  }

  deinit { PQfinish(connection) }

  /// The session can take a statement: it is not broken, and the server has not closed it while it was idle.
  package var isUsable: Bool {
    guard !isBroken, PQstatus(connection) == CONNECTION_OK else { return false }
    guard let events = pollOnce(POLLIN, milliseconds: 0) else { return false }
    // Readable while idle: an end of file, a FATAL error, or a harmless notice or parameter change.
    guard events != 0 else { return true }
    return PQconsumeInput(connection) == 1 && PQstatus(connection) == CONNECTION_OK && PQisBusy(connection) == 0
      && pollOnce(POLLIN, milliseconds: 0) == 0
  }

  /// Runs a statement, preparing it first if this session has not yet.
  ///
  /// Outside a transaction a connection that breaks before the answer throws `.connectionLost` with `isInDoubt`.
  @discardableResult
  package func query(_ statement: PostgresStatement, _ parameters: [PostgresValue] = []) throws(PostgresError) -> PostgresResult {
    let deadline = ContinuousClock.now + answerTimeout
    if !prepared.contains(statement.name) {
      try prepare(statement, types: parameters.map(\.type), deadline)
    }
    try send(statement, parameters)
    do throws(PostgresError) {
      guard let result = try lastResult(until: deadline) else {
        throw PostgresError(.misuse, "no result for statement \(statement.name)")
      }
      return PostgresResult(result)
    } catch { throw isInTransaction ? error : error.inDoubtIfLost }
  }

  /// Sends a statement that is prepared.
  func send(_ statement: PostgresStatement, _ parameters: [PostgresValue]) throws(PostgresError) {
    let sent = EncodedParameters(parameters).withPointers { count, values, lengths, formats in
      PQsendQueryPrepared(connection, statement.name, count, values, lengths, formats, 1)
    }
    guard sent == 1 else { throw lost() }
  }

  /// Runs statements of the simple protocol, in one transaction unless they say otherwise; results are dropped.
  package func run(script: String) throws(PostgresError) {
    let deadline = ContinuousClock.now + answerTimeout
    guard PQsendQuery(connection, script) == 1 else { throw lost() }
    do throws(PostgresError) {
      if let result = try lastResult(until: deadline) { PQclear(result) }
    } catch { throw isInTransaction ? error : error.inDoubtIfLost }
  }

  /// Runs `body` between BEGIN and COMMIT; rolls back when it throws.
  ///
  /// - Parameter mode: what follows BEGIN, such as "ISOLATION LEVEL REPEATABLE READ READ ONLY".
  /// - Throws: what `body` throws; `.connectionLost` with `isInDoubt` when COMMIT got no answer.
  package func transaction<Value>(_ mode: String = "", _ body: () throws -> Value) throws -> Value {
    guard !isInTransaction else { throw PostgresError(.misuse, "a transaction within a transaction") }
    isInTransaction = true
    defer { isInTransaction = false }
    try run(script: "BEGIN " + mode)
    let value: Value
    do { value = try body() } catch {
      // A broken connection cannot roll back; the server does it.
      if !isBroken { try? run(script: "ROLLBACK") }
      throw error
    }
    do throws(PostgresError) { try run(script: "COMMIT") } catch { throw error.inDoubtIfLost }
    return value
  }

  /// Ends a transaction that `query` began and that came to nothing. Where that fails the connection is broken, and the server
  /// ends it.
  package func rollBack() {
    guard isInTransaction else { return }
    if !isBroken { try? run(script: "ROLLBACK") }
    isInTransaction = false
  }

  /// Prepares a statement without running it, so that the server checks it against the schema.
  package func prepare(_ statement: PostgresStatement) throws(PostgresError) {
    try prepare(statement, types: [], ContinuousClock.now + answerTimeout)
  }

  /// Prepares those of some statements that are not yet.
  func prepare(_ calls: [PostgresCall], until deadline: ContinuousClock.Instant) throws(PostgresError) {
    for call in calls where !prepared.contains(call.statement.name) {
      try prepare(call.statement, types: call.parameters.map(\.type), deadline)
    }
  }

  private func prepare(
    _ statement: PostgresStatement, types: [PostgresType], _ deadline: ContinuousClock.Instant
  ) throws(PostgresError) {
    let sent = types.map(\.rawValue).withUnsafeBufferPointer { types in
      PQsendPrepare(connection, statement.name, statement.sql, CInt(types.count), types.baseAddress)
    }
    guard sent == 1 else { throw lost() }
    if let result = try lastResult(until: deadline) { PQclear(result) }
    prepared.insert(statement.name)
  }

  /// The name under which a statement without parameters, a COPY or the COMMIT behind it, is prepared, now.
  func preparedCommand(_ sql: String, until deadline: ContinuousClock.Instant) throws(PostgresError) -> String {
    if let name = preparedCommands[sql] { return name }
    let name = "command \(preparedCommands.count)"
    try prepare(PostgresStatement(name, sql), types: [], deadline)
    preparedCommands[sql] = name
    return name
  }

  // MARK: Results

  /// Waits for every result of what was sent and returns the last; throws the first error.
  func lastResult(until deadline: ContinuousClock.Instant) throws(PostgresError) -> OpaquePointer? {
    var last: OpaquePointer?
    var failure: PostgresError?
    while let result = try nextResult(until: deadline) {
      if let error = error(of: result) {
        if failure == nil { failure = error }
        PQclear(result)
      } else {
        if let last { PQclear(last) }
        last = result
      }
    }
    if let failure {
      if let last { PQclear(last) }
      throw failure
    }
    return last
  }

  /// The next result of what was sent; `nil`: no more. Sends what is still in the buffer.
  func nextResult(until deadline: ContinuousClock.Instant) throws(PostgresError) -> OpaquePointer? {
    try flush(until: deadline)
    while PQisBusy(connection) == 1 {
      try wait(POLLIN, until: deadline)
      guard PQconsumeInput(connection) == 1 else { throw lost() }
    }
    let result = PQgetResult(connection)
    if result == nil, PQstatus(connection) != CONNECTION_OK { throw lost() }
    return result
  }

  /// Sends what is in libpq's buffer; reads meanwhile, so that neither side waits for the other.
  func flush(until deadline: ContinuousClock.Instant) throws(PostgresError) {
    while true {
      switch PQflush(connection) {
      case 0: return
      case 1:
        let events = try wait(POLLIN | POLLOUT, until: deadline)
        if events & POLLIN != 0, PQconsumeInput(connection) != 1 { throw lost() }
      default: throw lost()
      }
    }
  }

  /// The error that a result stands for; `nil`: none. A fatal one breaks the session.
  func error(of result: OpaquePointer) -> PostgresError? {
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_COPY_IN, PGRES_EMPTY_QUERY: return nil
    default: break
    }
    return noted(PostgresError(result: result) ?? lost())
  }

  /// The error; a fatal one breaks the session.
  func noted(_ error: PostgresError) -> PostgresError {
    if error.isConnectionLost { isBroken = true }
    return error
  }

  /// Marks the session as broken.
  func lost(_ reason: String? = nil) -> PostgresError {
    isBroken = true
    return PostgresError(.connectionLost, reason ?? PostgresError.connectionMessage(connection))
  }

  // MARK: Waiting

  /// Waits until the socket is ready. Returns the events that happened.
  @discardableResult
  func wait(_ events: Int32, until deadline: ContinuousClock.Instant) throws(PostgresError) -> Int32 {
    while true {
      let remaining = deadline - .now
      guard remaining > .zero else { throw lost("the server did not answer in time") }
      guard let happened = pollOnce(events, milliseconds: max(1, remaining.wholeMilliseconds)) else {
        throw lost()
      }
      if happened != 0 { return happened }
    }
  }

  /// The events that happened; 0: none in time; `nil`: the socket is gone.
  private func pollOnce(_ events: Int32, milliseconds: Int32) -> Int32? {
    let socket = PQsocket(connection)
    guard socket >= 0 else { return nil }
    var descriptor = pollfd(fd: socket, events: Int16(truncatingIfNeeded: events), revents: 0)
    let count = poll(&descriptor, 1, milliseconds)
    // An interrupted wait is one in which nothing happened.
    if count < 0 { return errno == EINTR ? 0 : nil }
    return Int32(descriptor.revents)
  }
}

extension PostgresError {
  /// For a statement outside a transaction, and for COMMIT: without an answer nobody knows.
  var inDoubtIfLost: PostgresError {
    guard isConnectionLost, kind != .connectionFailed, sqlState != Self.readOnlyTransaction else { return self }
    var error = self
    error.isInDoubt = true
    return error
  }
}

/// What a server says of itself.
package struct PostgresServerInfo: Hashable, Sendable {
  /// "15.18".
  package var version: String
  /// fsync, full_page_writes and synchronous_commit are on.
  package var isDurable: Bool

  /// Makes a description.
  package init(version: String, isDurable: Bool) {
    self.version = version
    self.isDurable = isDurable
  }
}
