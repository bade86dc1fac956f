import Foundation
package import Logging
package import Postgres
package import Store
import Synchronization

/// A database of one test's own.
package struct PostgresDatabase: Sendable {
  package let name: String
  /// Over the Unix socket, or as HEADGATE_TEST_POSTGRES says.
  package let connectionString: String
  /// Its server; `nil`: one that was started by somebody else.
  package let server: PostgresServer?

  /// A configuration for this database, with short pauses.
  package var configuration: PostgresConfiguration {
    PostgresConfiguration(
      connectionString: connectionString, applicationName: "test",
      backoff: Backoff(first: .milliseconds(5), longest: .milliseconds(50)))
  }
}

/// Runs `body` with a new database, which is dropped afterwards. Many may run at the same time.
///
/// - Parameters:
///   - isMigrated: with Headgate's schema and the partitions of these days; else empty.
///   - server: where; `nil`: the shared server.
package func withDatabase<Value>(
  migrated isMigrated: Bool = true, on server: PostgresServer? = nil, isolation: isolated (any Actor)? = #isolation,
  _ body: (PostgresDatabase) async throws -> sending Value
) async throws -> sending Value {
  let host = try await DatabaseHost.choose(server)
  let name = "test_\(UInt64.random(in: 0..<(.max)))"
  await databaseGate.enter()
  do {
    if isMigrated { try await host.prepareTemplate() }
    try await host.administer("CREATE DATABASE \(name) TEMPLATE \(isMigrated ? host.template : "template0")")
  } catch {
    await databaseGate.leave()
    throw error
  }
  let database = PostgresDatabase(name: name, connectionString: host.connectionString(name), server: host.server)
  let result: Value
  do { result = try await body(database) } catch {
    try? await host.administer("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    await databaseGate.leave()
    throw error
  }
  // A test may have left its server dead.
  try? await host.administer("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
  await databaseGate.leave()
  return result
}

/// Databases at the same time: each has a handful of connections, and a server takes a hundred by default.
private let databaseGate = AsyncGate(width: 12)

/// A store on a database, started; shut down afterwards.
package func withStore<Value>(
  on database: PostgresDatabase, connections: Int = 2, isolation: isolated (any Actor)? = #isolation,
  _ body: (Store) async throws -> sending Value
) async throws -> sending Value {
  let store = Store(database.configuration, connections: connections, logger: .silent)
  store.start()
  let result: Value
  do { result = try await body(store) } catch {
    await store.shutDown()
    throw error
  }
  await store.shutDown()
  return result
}

extension Logger {
  /// Says nothing.
  package static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// Where databases are made.
private struct DatabaseHost: Sendable {
  let server: PostgresServer?
  let base: String

  /// Servers, by their base string, whose template has been made.
  private static let templates = Mutex<Set<String>>([])
  private static let templateGate = AsyncGate(width: 1)

  static func choose(_ server: PostgresServer?) async throws -> DatabaseHost {
    if let server { return DatabaseHost(server: server, base: server.connectionString()) }
    if let external = PostgresServer.external { return DatabaseHost(server: nil, base: external) }
    let shared = try await PostgresServer.shared()
    return DatabaseHost(server: shared, base: shared.connectionString())
  }

  /// Per process: another one may use the same external server.
  var template: String { "template_\(ProcessIdentity.id)" }

  func connectionString(_ database: String) -> String {
    guard base.contains("://") else { return "\(base) dbname=\(database)" }
    // Of a URI, the path is the database.
    let (uri, query) = (base.prefix { $0 != "?" }, base.drop { $0 != "?" })
    let schemeEnd = uri.range(of: "://").map(\.upperBound) ?? uri.startIndex
    let authority = uri[schemeEnd...].prefix { $0 != "/" }
    return "\(uri[..<schemeEnd])\(authority)/\(database)\(query)"
  }

  func administer(_ script: String) async throws {
    let configuration = PostgresConfiguration(
      connectionString: base, statementTimeout: .seconds(60), answerTimeout: .seconds(70), durability: .ignore)
    let connection = PostgresConnection(configuration, threadName: "administer", logger: .silent)
    let outcome = await connection.perform { session in try session.run(script: script) }
    await connection.close()
    try outcome.result.get()
  }

  func prepareTemplate() async throws {
    await Self.templateGate.enter()
    let result: Result<Void, any Error>
    do { result = .success(try await makeTemplate()) } catch { result = .failure(error) }
    await Self.templateGate.leave()
    try result.get()
  }

  private func makeTemplate() async throws {
    guard !Self.templates.withLock({ $0.contains(base) }) else { return }
    try await administer("DROP DATABASE IF EXISTS \(template) WITH (FORCE)")
    try await administer("CREATE DATABASE \(template) TEMPLATE template0")
    var configuration = PostgresConfiguration(connectionString: connectionString(template))
    configuration.durability = .ignore
    let store = Store(configuration, connections: 1, logger: .silent)
    store.start()
    _ = try await store.migrate()
    _ = try await store.createPartitions()
    await store.shutDown()
    Self.templates.withLock { _ = $0.insert(base) }
  }
}
