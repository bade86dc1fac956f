import CPostgres
import Glibc

extension PostgresSession {
  /// Connects, sets the session's limits and checks durability. Blocks, at most `connectTimeout` per host.
  ///
  /// - Throws: `.connectionFailed`, `.notDurable`, or `.server` when the settings are refused.
  package static func connect(_ configuration: PostgresConfiguration) throws(PostgresError) -> PostgresSession {
    guard let connection = open(configuration) else { throw PostgresError(.connectionFailed, "out of memory") }
    let session = PostgresSession(connection, answerTimeout: configuration.answerTimeout)
    guard PQstatus(connection) == CONNECTION_OK, PQsetnonblocking(connection, 1) == 0 else {
      throw PostgresError(.connectionFailed, PostgresError.connectionMessage(connection))
    }
    // Notices would go to standard error, and can show values.
    PQsetNoticeReceiver(connection, { _, _ in }, nil)
    session.copiesAtOnce = PQsslInUse(connection) == 0 && PQgssEncInUse(connection) == 0
    try session.setUp(configuration)
    if configuration.durability == .require, !session.undurableSettings.isEmpty {
      let settings = session.undurableSettings.joined(separator: ", ")
      throw PostgresError(.notDurable, "the server does not guarantee durability; off: \(settings)")
    }
    return session
  }

  /// What the connection string says wins over these defaults, the encoding excepted.
  private static func open(_ configuration: PostgresConfiguration) -> OpaquePointer? {
    let connectSeconds = max(2, configuration.connectTimeout.components.seconds)
    let parameters = [
      ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "20000"),
      ("connect_timeout", String(connectSeconds)), ("fallback_application_name", configuration.applicationName),
      ("dbname", configuration.connectionString), ("client_encoding", "UTF8"),
    ]
    let keywords = parameters.map { strdup($0.0) } + [nil]
    let values = parameters.map { strdup($0.1) } + [nil]
    defer {
      for text in keywords + values { free(text) }
    }
    return keywords.map { $0.map { UnsafePointer($0) } }.withUnsafeBufferPointer { keywords in
      values.map { $0.map { UnsafePointer($0) } }.withUnsafeBufferPointer { values in
        // 1: `dbname` is a whole connection string.
        PQconnectdbParams(keywords.baseAddress, values.baseAddress, 1)
      }
    }
  }

  /// Sets the limits, asks for plans that are made once (a plan over many partitions takes longer to make or to compile
  /// than to run; partitions are left out when it runs), and reads the settings that decide about durability, in one round trip.
  private func setUp(_ configuration: PostgresConfiguration) throws(PostgresError) {
    let script = """
      SET statement_timeout = \(configuration.statementTimeout.wholeMilliseconds);
      SET lock_timeout = \(configuration.lockTimeout.wholeMilliseconds);
      SET idle_in_transaction_session_timeout = \(configuration.idleInTransactionTimeout.wholeMilliseconds);
      SET TimeZone = 'UTC';
      \(configuration.isReadOnly ? "SET default_transaction_read_only = on;" : "")
      SET jit = off;
      SET plan_cache_mode = force_generic_plan;
      SELECT current_setting('server_version'), current_setting('fsync'), current_setting('full_page_writes'),
        current_setting('synchronous_commit')
      """
    guard PQsendQuery(connection, script) == 1 else { throw lost() }
    guard let result = try lastResult(until: .now + configuration.answerTimeout) else {
      throw PostgresError(.connectionFailed, "the server did not tell its settings")
    }
    defer { PQclear(result) }
    func column(_ index: CInt) -> String { PQgetvalue(result, 0, index).map { String(cString: $0) } ?? "" }
    serverVersion = String(column(0).prefix { $0 != " " })
    let settings = [("fsync", column(1)), ("full_page_writes", column(2)), ("synchronous_commit", column(3))]
    // Every value of synchronous_commit but "off" waits for the local flush at least.
    undurableSettings = settings.filter { $0.1 == "off" }.map(\.0)
  }
}
