import CPostgres
import Glibc

extension PostgresSession {
  /// Runs several `COPY … FROM STDIN (FORMAT binary)` statements in the order given: within a transaction as part of it, else in
  /// one transaction of their own, committed when this returns.
  ///
  /// Everything is sent without waiting for an answer: the statements (prepared, so that they are parsed once for a session),
  /// their rows, and one Sync, at which PostgreSQL commits
  /// (https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY). After an error it skips the rest up to the
  /// Sync. libpq would wait for the answer to each statement before it lets rows be sent; so this is written to its socket past
  /// it, between its own exchanges, when none of its bytes are under way.
  ///
  /// - Parameters:
  ///   - statements: COPY statements without semicolon.
  ///   - committing: ends the transaction that `query` began, in the same round trip. After an error it is still to be rolled
  ///     back.
  ///   - send: gives the rows of the statement at an index, by calling its second argument once.
  /// - Throws: the first error; `.connectionLost` with `isInDoubt` when the connection broke after everything was sent,
  ///   unless a transaction goes on.
  package func copy(
    _ statements: [String], committing: Bool = false,
    _ send: (Int, (borrowing CopyBuffer) throws(PostgresError) -> Void) throws(PostgresError) -> Void
  ) throws(PostgresError) {
    guard !committing || isInTransaction else { throw PostgresError(.misuse, "a commit without a transaction") }
    guard copiesAtOnce else { return try copyStepwise(statements, committing: committing, send) }
    let deadline = ContinuousClock.now + answerTimeout
    var names: [String] = []
    for statement in statements { names.append(try preparedCommand(statement, until: deadline)) }
    var end = CopyMessages.end
    if committing { end += CopyMessages.begin(try preparedCommand("COMMIT", until: deadline)) }
    end += CopyMessages.sync
    var sent = 0
    do throws(PostgresError) {
      for (index, name) in names.enumerated() {
        try send(index) { (rows) throws(PostgresError) in
          try put(rows, into: name, then: index == names.count - 1 ? end : CopyMessages.end, until: deadline)
          sent += 1
        }
      }
      // The Sync is behind the rows of the last statement: without them nothing more would come.
      guard sent == names.count else { throw lost("not every COPY was given its rows") }
      try awaitCommands(committing ? names.count + 1 : names.count, until: deadline)
    } catch {
      throw sent == names.count && (committing || !isInTransaction) ? noted(error).inDoubtIfLost : noted(error)
    }
    if committing { isInTransaction = false }
  }

  /// Sends a statement with its rows, and what comes behind them.
  private func put(
    _ rows: borrowing CopyBuffer, into name: String, then tail: [UInt8], until deadline: ContinuousClock.Instant
  ) throws(PostgresError) {
    var head = CopyMessages.begin(name)
    try rows.withBytes { (bytes) throws(PostgresError) in
      var rest = bytes[...]
      while !rest.isEmpty {
        let chunk = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.chunkBytes))
        rest = rest.dropFirst(chunk.count)
        head += CopyMessages.dataHeader(chunk.count)
        try put(head, chunk, rest.isEmpty ? tail : [], until: deadline)
        head.removeAll(keepingCapacity: true)
      }
    }
  }

  /// Sends all of the pieces; reads meanwhile, so that neither side waits for the other.
  private func put(
    _ head: [UInt8], _ rows: UnsafeRawBufferPointer, _ tail: [UInt8], until deadline: ContinuousClock.Instant
  ) throws(PostgresError) {
    let length = head.count + rows.count + tail.count
    var sent = 0
    while sent < length {
      let count = head.withUnsafeBytes { head in
        tail.withUnsafeBytes { tail in send([head, rows, tail], from: sent) }
      }
      if count >= 0 {
        sent += count
      } else if errno == EAGAIN {
        // What the server says before it has everything is looked at in the end; it only must not be kept from saying it.
        let events = try wait(POLLIN | POLLOUT, until: deadline)
        if events & POLLIN != 0, !answers.receive(from: socket) { throw lost(Self.closed) }
      } else if errno != EINTR {
        throw lost(Self.closed)
      }
    }
  }

  /// Sends what the socket takes of the pieces behind the first `offset` bytes; -1 with errno.
  private func send(_ pieces: [UnsafeRawBufferPointer], from offset: Int) -> Int {
    var skipped = offset
    var rest: [iovec] = []
    for piece in pieces {
      let part = piece.dropFirst(skipped)
      skipped -= piece.count - part.count
      guard !part.isEmpty else { continue }
      let start = UnsafeMutableRawPointer(mutating: UnsafeRawBufferPointer(rebasing: part).baseAddress)
      rest.append(iovec(iov_base: start, iov_len: part.count))
    }
    // SAFETY: the pieces are only read, and only within this call.
    return headgate_send(socket, &rest, rest.count)
  }

  /// Waits until the server has done everything, and committed.
  private func awaitCommands(_ expected: Int, until deadline: ContinuousClock.Instant) throws(PostgresError) {
    var completed = 0
    var failure: PostgresError?
    while true {
      while let (kind, body) = try answers.next() {
        switch kind {
        case .commandComplete: completed += 1
        case .errorResponse: if failure == nil { failure = noted(PostgresError(errorResponse: body)) }
        case .readyForQuery:
          if let failure { throw failure }
          guard completed == expected else { throw lost("the server did not run every statement") }
          return
        case .bindComplete, .copyInResponse, .noticeResponse, .notificationResponse, .parameterStatus: break
        }
      }
      // After a fatal error there is no more to come but the end.
      if let failure, failure.isConnectionLost { throw failure }
      try wait(POLLIN, until: deadline)
      guard answers.receive(from: socket) else { throw lost(Self.closed) }
    }
  }

  private static let closed = "the server closed the connection"
  /// Rows in one message: the server works at one while more are sent, and keeps one at a time.
  private static let chunkBytes = 64 << 10
}

/// Messages that run a prepared statement. Source: https://www.postgresql.org/docs/15/protocol-message-formats.html
private enum CopyMessages {
  /// Bind without parameters to the unnamed portal, and Execute of it.
  static func begin(_ name: String) -> [UInt8] {
    message("B", [0] + Array(name.utf8) + [0, 0, 0, 0, 0, 0, 0]) + message("E", [0, 0, 0, 0, 0])
  }

  static func dataHeader(_ byteCount: Int) -> [UInt8] { header("d", byteCount) }

  /// CopyDone.
  static let end = message("c", [])
  static let sync = message("S", [])

  private static func message(_ kind: Unicode.Scalar, _ body: [UInt8]) -> [UInt8] { header(kind, body.count) + body }

  private static func header(_ kind: Unicode.Scalar, _ bodyLength: Int) -> [UInt8] {
    let length = UInt32(truncatingIfNeeded: bodyLength + 4)
    return [UInt8(ascii: kind)] + withUnsafeBytes(of: length.bigEndian) { Array($0) }
  }
}
