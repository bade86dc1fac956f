import Identifiers
package import Logging
package import Postgres

/// Everything that Headgate keeps, on PostgreSQL: typed operations, one transaction each.
///
/// `start()` makes the connections in the background; PostgreSQL being away is not an error of the store but of the calls
/// (`StoreError.unavailable`). Every operation may be called from any task.
package final class Store: Sendable {
  let configuration: PostgresConfiguration
  let pool: PostgresPool
  /// For what may take long: searches of the log.
  let searchPool: PostgresPool
  let logger: Logger
  /// Identifiers that grow with time, for the audit log.
  let identifiers = RequestIDGenerator()

  /// Makes a store; connects nothing yet.
  ///
  /// - Parameters:
  ///   - connections: how many connections its operations share; the group commit and the change feed have their own.
  ///   - searchConnections: how many searches of the log there are at a time; further ones wait.
  ///   - searchTime: the longest that one statement of a search may take.
  package init(
    _ configuration: PostgresConfiguration, connections: Int = 4, searchConnections: Int = 2,
    searchTime: Duration = .seconds(8), logger: Logger
  ) {
    self.configuration = configuration
    pool = PostgresPool(configuration, connections: connections, logger: logger)
    var searching = configuration
    searching.statementTimeout = min(
      searchTime, configuration.statementTimeout == .zero ? searchTime : configuration.statementTimeout)
    searchPool = PostgresPool(searching, connections: searchConnections, logger: logger)
    self.logger = logger
  }

  /// Starts the connections' threads.
  package func start() {
    pool.start()
    searchPool.start()
  }

  /// Waits until a connection stands.
  ///
  /// - Throws: `.unavailable` with the last failure when the time is over; `.notDurable` as soon as that is known.
  package func waitUntilConnected(for time: Duration) async throws(StoreError) {
    do { try await pool.waitUntilConnected(for: time) } catch { throw StoreError(error) }
  }

  /// Closes the connections once the operations under way are done; further calls throw `.unavailable`.
  package func shutDown() async {
    await searchPool.shutDown()
    await pool.shutDown()
  }

  /// The state of the connections, for status and readiness.
  package var status: StoreStatus {
    let status = pool.status
    return StoreStatus(
      isConnected: status.connected > 0, connections: status.connected, busyConnections: status.lent, waiters: status.waiting,
      serverVersion: status.serverVersion, isDurable: status.isDurable, lastFailure: status.lastFailure)
  }
}

/// The state of the store's connections.
package struct StoreStatus: Hashable, Sendable {
  /// At least one connection stands, as far as is known: an idle one that broke is noticed when it is used.
  /// `ChangeFeed.isConnected` notices at once.
  package var isConnected: Bool
  /// Those of the pool that stand.
  package var connections: Int
  /// Those of them that an operation is using.
  package var busyConnections: Int
  /// Operations that wait for a connection.
  package var waiters: Int
  /// Such as "15.18"; empty while none was ever connected.
  package var serverVersion: String
  /// fsync, synchronous_commit and full_page_writes are on, as last seen.
  package var isDurable: Bool
  /// Why the last attempt to connect failed; `nil` while connected.
  package var lastFailure: PostgresError?
}

extension Store {
  /// Runs statements that change nothing; tries once more when the connection breaks, as after a restart of PostgreSQL.
  func read<Value: Sendable>(_ body: @escaping @Sendable (PostgresSession) throws -> Value) async throws(StoreError) -> Value {
    try await read(on: pool, body)
  }

  /// `read` on connections of a pool.
  func read<Value: Sendable>(
    on pool: PostgresPool, _ body: @escaping @Sendable (PostgresSession) throws -> Value
  ) async throws(StoreError) -> Value {
    do {
      do {
        return try await pool.withSession(body)
      } catch let error as PostgresError where error.kind == .connectionLost || error.isConnectionLost {
        return try await pool.withSession(body)
      }
    } catch {
      guard var error = error as? PostgresError else { throw StoreError(error) }
      // What only reads has no effect to be in doubt of.
      error.isInDoubt = false
      throw StoreError(error)
    }
  }

  /// Runs one statement, or several calls of `transaction`, that change something.
  func write<Value: Sendable>(_ body: @escaping @Sendable (PostgresSession) throws -> Value) async throws(StoreError) -> Value {
    do { return try await pool.withSession(body) } catch { throw StoreError(error) }
  }

  /// Runs statements as one transaction.
  func change<Value: Sendable>(_ body: @escaping @Sendable (PostgresSession) throws -> Value) async throws(StoreError) -> Value {
    try await write { session in try session.transaction { try body(session) } }
  }
}
