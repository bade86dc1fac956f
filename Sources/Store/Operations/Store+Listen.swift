package import Identifiers
package import Postgres

extension Store {
  /// Opens a session and tells every replica.
  ///
  /// - Parameter limit: open sessions that a workspace may have.
  /// - Returns: `nil` when the workspace has as many already.
  package func createListenSession(
    _ session: NewListenSession, limit: Int, audit: AuditEntry
  ) async throws(StoreError) -> ListenSessionRow? {
    try await change { [identifiers] connection in
      let created = try connection.query(
        Statements.createListenSession,
        [
          .id(session.workspace), .id(session.id), .id(session.trigger), .int16(session.mode.rawValue),
          .int64(session.timeLimit.wholeMicroseconds), .int32(Int32(clamping: session.maximumRequests)),
          .lenientText(session.principal), .int32(Int32(clamping: limit)),
        ])
      guard created.affectedCount == 1 else { return nil }
      try connection.record(audit, identifiers)
      try connection.announce(.sessions)
      return try connection.listenSession(session.id, in: session.workspace)
    }
  }

  /// A session, also one that has ended.
  package func listenSession(_ id: UniqueID, in workspace: UniqueID) async throws(StoreError) -> ListenSessionRow? {
    try await read { try $0.listenSession(id, in: workspace) }
  }

  /// Sessions, newest first.
  ///
  /// - Parameter ended: also those that ended in the last 24 hours.
  package func listenSessions(
    in workspace: UniqueID, of trigger: UniqueID?, ended: Bool, limit: Int
  ) async throws(StoreError) -> [ListenSessionRow] {
    try await read { session in
      try session.query(
        Statements.listListenSessions,
        [.id(workspace), .optional(trigger, PostgresValue.id), .bool(ended), .int32(Int32(clamping: limit))]
      ).map { try ListenSessionRow(&$0) }
    }
  }

  /// The open sessions of all workspaces.
  package func openListenSessions() async throws(StoreError) -> [OpenListenSession] {
    try await read { session in
      try session.query(Statements.openListenSessions).map { row in
        OpenListenSession(
          workspace: try row.id(), id: try row.id(), trigger: try row.id(),
          mode: ListenSessionMode(rawValue: try row.int16()) ?? .tap, remaining: .microseconds(try row.int64()))
      }
    }
  }

  /// Notes that sessions are being served, and what they have shown.
  package func attendListenSessions(_ sessions: [AttendedListenSession]) async throws(StoreError) {
    guard !sessions.isEmpty else { return }
    try await write { session in
      _ = try session.query(
        Statements.attendListenSessions,
        [.ids(sessions.map(\.workspace)), .ids(sessions.map(\.id)), .int64s(sessions.map(\.received))])
    }
  }

  /// Ends a session that is open and tells every replica.
  ///
  /// - Returns: whether it was open.
  package func endListenSession(
    _ id: UniqueID, in workspace: UniqueID, as state: ListenSessionState, audit: AuditEntry? = nil
  ) async throws(StoreError) -> Bool {
    try await change { [identifiers] session in
      let ended = try session.query(Statements.endListenSession, [.id(workspace), .id(id), .int16(state.rawValue)])
      guard ended.affectedCount == 1 else { return false }
      if let audit { try session.record(audit, identifiers) }
      try session.announce(.sessions)
      return true
    }
  }

  /// Ends the sessions whose time is over, and those that nobody has attended to for `patience`; deletes old ones.
  ///
  /// - Parameter patience: `nil`: sessions that nobody attends to stay.
  /// - Returns: how many were ended.
  package func endDueListenSessions(unattendedFor patience: Duration?) async throws(StoreError) -> Int {
    try await change { session in
      let ended = try session.query(
        Statements.endDueListenSessions, [.optional(patience) { .int64($0.wholeMicroseconds) }]
      ).affectedCount
      try session.query(Statements.deleteEndedListenSessions)
      if ended > 0 { try session.announce(.sessions) }
      return ended
    }
  }
}

// MARK: Requests

extension Store {
  /// The ids of a trigger's requests in order.
  ///
  /// - Parameters:
  ///   - time: only those whose id's time is not before this.
  ///   - position: only those after this id; `nil`: from the first.
  package func requestIDs(
    of trigger: ListenedTrigger, since time: UnixTime, after position: UniqueID?, limit: Int
  ) async throws(StoreError) -> [UniqueID] {
    try await read { session in
      try session.query(
        Statements.requestIdsOfTrigger,
        [
          .id(trigger.workspace), .id(trigger.trigger), .id(.first(atUnixMilliseconds: time.microseconds / 1000)),
          .id(position ?? .least), .int32(Int32(clamping: limit)),
        ]
      ).map { try $0.id() }
    }
  }

  /// The ids of the newest requests of several triggers, by trigger, each in order.
  ///
  /// - Parameter limit: of each trigger.
  package func recentRequestIDs(
    of triggers: [ListenedTrigger], since time: UnixTime, limit: Int
  ) async throws(StoreError) -> [UniqueID: [UniqueID]] {
    try await read { session in
      var ids: [UniqueID: [UniqueID]] = [:]
      try session.query(
        Statements.recentRequestsOfTriggers,
        [
          .ids(triggers.map(\.workspace)), .ids(triggers.map(\.trigger)),
          .id(.first(atUnixMilliseconds: time.microseconds / 1000)), .int32(Int32(clamping: limit)),
        ]
      ).forEach { row in
        let trigger = try row.id()
        ids[trigger, default: []].append(try row.id())
      }
      return ids
    }
  }

  /// How many requests a trigger has from a time to an id, both included; at most `limit`.
  package func requestCount(
    of trigger: ListenedTrigger, since time: UnixTime, to last: UniqueID, limit: Int
  ) async throws(StoreError) -> Int {
    try await read { session in
      let count = try session.query(
        Statements.countRequestsOfTrigger,
        [
          .id(trigger.workspace), .id(trigger.trigger), .id(.first(atUnixMilliseconds: time.microseconds / 1000)), .id(last),
          .int32(Int32(clamping: limit)),
        ]
      ).first { try $0.int64() }
      return Int(count ?? 0)
    }
  }

  /// Recorded requests as wholes, in the order of the ids; those that are not there are left out.
  package func requests(_ ids: [UniqueID], in workspace: UniqueID) async throws(StoreError) -> [RequestRow] {
    guard !ids.isEmpty else { return [] }
    return try await read { session in
      // One after another: they are few, and each may have megabytes.
      try ids.compactMap { id in
        try session.query(Statements.requestById, [.id(workspace), .id(id)]).first { try RequestRow(&$0) }
      }
    }
  }

  /// Tells every replica, outside of the requests' transactions.
  package func announce(_ news: ListenNews) async throws(StoreError) {
    try await write { session in try session.announce(news) }
  }
}

extension PostgresSession {
  fileprivate func listenSession(_ id: UniqueID, in workspace: UniqueID) throws -> ListenSessionRow? {
    try query(Statements.listenSessionById, [.id(workspace), .id(id)]).first { try ListenSessionRow(&$0) }
  }

  fileprivate func announce(_ news: ListenNews) throws(PostgresError) {
    try query(Statements.notify, [.text(Channel.listen), .text(news.payload)])
  }
}

extension ListenSessionRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      workspace: try row.id(), id: try row.id(), trigger: try row.id(), flowName: try row.text(), node: try row.text(),
      key: try row.text(), mode: ListenSessionMode(rawValue: try row.int16()) ?? .tap,
      state: ListenSessionState(rawValue: try row.int16()) ?? .cancelled, maximumRequests: Int(try row.int32()),
      received: try row.int64(), principal: try row.text(), createdAt: try row.time(), expiresAt: try row.time(),
      remaining: .microseconds(try row.int64()))
  }
}
