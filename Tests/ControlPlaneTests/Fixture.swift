import ControlPlane
import Cryptography
import HeadgateProto
import Identifiers
import Logging
import Postgres
import RPC
import Store
import Synchronization
import TestSupport
import TokenVault

@testable import ControlPlane

/// A control plane on a database of its own, with its handlers behind in-process connections.
struct Fixture: Sendable {
  let node: ControlPlaneNode
  let database: PostgresDatabase
  let log: CapturedLog
  /// For a second control plane on the same database.
  let masterKeys: MasterKeys

  let connections = Connections()

  /// Calls as somebody with these roles.
  func caller(_ roles: Role..., workspace: String? = nil, name: String = "tester") throws -> InProcessPair {
    let pair = try InProcessPair(
      handlers: node.methods(), principal: Principal(name: name, roles: Set(roles), workspace: workspace))
    connections.add(pair)
    return pair
  }

  /// Calls over a connection without rights of its own, which an API key, if there is one, gives it.
  func keyCaller(_ apiKey: String?) throws -> InProcessPair {
    let pair = try InProcessPair(
      handlers: node.methods(), principal: .anonymous, authenticator: node.authenticator, apiKey: apiKey)
    connections.add(pair)
    node.apiKeys.whenEnded { keys in pair.disconnect { keys.contains($0.apiKeyID) } }
    return pair
  }

  /// Calls over a connection that was opened with a certificate.
  func certificateCaller(_ certificate: PeerCertificate) throws -> InProcessPair {
    let pair = try InProcessPair(
      handlers: node.methods(), principal: .anonymous, certificate: certificate, authenticator: node.authenticator)
    connections.add(pair)
    node.certificates.whenRevoked { pair.disconnect(certificates: $0) }
    node.certificates.observe { [connections] in connections.certificates }
    return pair
  }

  var flows: FlowServiceClient<InProcessPair> { get throws { FlowServiceClient(try caller(.admin)) } }
  var triggers: TriggerServiceClient<InProcessPair> { get throws { TriggerServiceClient(try caller(.admin)) } }
  var ingest: IngestServiceClient<InProcessPair> { get throws { IngestServiceClient(try caller(.edge)) } }
  var runs: RunServiceClient<InProcessPair> { get throws { RunServiceClient(try caller(.admin)) } }
  var customers: CustomerServiceClient<InProcessPair> { get throws { CustomerServiceClient(try caller(.reader)) } }
  var logs: LogServiceClient<InProcessPair> { get throws { LogServiceClient(try caller(.admin)) } }

  /// Applies and publishes a definition; gives the keys of its triggers by node.
  @discardableResult
  func publish(_ definition: String, workspace: String = "") async throws -> [String: [UInt8]] {
    let response = try await flows.apply(
      ApplyFlowRequest(workspace: workspace, definition: Array(definition.utf8), publish: true))
    let triggers = response.flow?.triggers ?? []
    return Dictionary(uniqueKeysWithValues: triggers.map { ($0.node, Array($0.key.utf8)) })
  }

  /// Runs SQL as the database's owner, past the store.
  func sql(_ script: String) async throws {
    let connection = PostgresConnection(database.configuration, threadName: "test-sql", logger: .silent)
    let outcome = await connection.perform { session in try session.run(script: script) }
    await connection.close()
    try outcome.result.get()
  }

  /// The number that a query gives, past the store.
  func number(_ query: String) async throws -> Int64 {
    let connection = PostgresConnection(database.configuration, threadName: "test-sql", logger: .silent)
    let outcome = await connection.perform { session in
      try session.query(PostgresStatement("number", "SELECT (\(query))::int8")).first { try $0.int64() } ?? 0
    }
    await connection.close()
    return try outcome.result.get()
  }

  /// The actions of the audit log, oldest first.
  func audited(in workspace: String = "default") async throws -> [AuditRow] {
    let row = try await node.store.workspace(named: workspace)
    guard let row else { return [] }
    return try await node.store.auditLog(in: row.id, limit: 100).reversed()
  }
}

/// A second control plane on a fixture's database, which follows what the first one changes.
final class Replica: Sendable {
  let node: ControlPlaneNode
  private let following: Task<Void, Never>

  init(of fixture: Fixture) async throws {
    let node = ControlPlaneNode(fixture.node.options, masterKeys: fixture.masterKeys, logger: fixture.log.logger)
    self.node = node
    node.start()
    await BringUp(node, logger: fixture.log.logger).run()
    following = Task { await ConfigurationService(node, logger: fixture.log.logger).follow() }
  }

  func end() async {
    following.cancel()
    await node.shutDown(within: .seconds(1))
    await following.value
  }
}

/// Connections to be closed at a test's end.
final class Connections: Sendable {
  private let pairs = Mutex<[InProcessPair]>([])

  func add(_ pair: InProcessPair) { pairs.withLock { $0.append(pair) } }

  var certificates: Set<PeerCertificate> { pairs.withLock { $0 }.reduce(into: []) { $0.formUnion($1.certificates) } }

  func close() async {
    for pair in pairs.withLock({ $0 }) {
      await pair.shutdown()
      await pair.drain()
    }
  }
}

/// Requests as an edge node makes them.
enum EdgeRequest {
  private static let ids = RequestIDGenerator()

  static func make(
    _ key: [UInt8], body: String = "{}", headers: [(String, String)] = [], query: String = "", method: String = "POST",
    id: [UInt8]? = nil, address: [UInt8] = [203, 0, 113, 7], receivedAt: UnixTime = .now()
  ) -> SubmitRequest {
    SubmitRequest(
      requestId: id ?? ids.next(unixMilliseconds: UnixTime.now().microseconds / 1000).bytes, triggerKey: key,
      method: Array(method.utf8), query: Array(query.utf8),
      headers: ([("content-type", "application/json")] + headers).map { Header(name: Array($0.0.utf8), value: Array($0.1.utf8)) },
      body: Array(body.utf8), clientAddress: address, receivedAtUs: receivedAt.microseconds,
      baseUrl: Array("https://hooks.example.com".utf8))
  }
}

/// Lets so many control planes exist at once as the test server has connections for.
final class FixtureGate: Sendable {
  static let shared = FixtureGate(places: 12)

  private struct State {
    var free: Int
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state: Mutex<State>

  init(places: Int) { state = Mutex(State(free: places)) }

  func enter() async {
    await withCheckedContinuation { continuation in
      let mayEnter = state.withLock { state in
        if state.free == 0 {
          state.waiting.append(continuation)
          return false
        }
        state.free -= 1
        return true
      }
      if mayEnter { continuation.resume() }
    }
  }

  func leave() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if state.waiting.isEmpty {
        state.free += 1
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
  }
}

/// Runs `body` with a control plane that is ready.
func withControlPlane(
  on server: PostgresServer? = nil, masterKeys: MasterKeys? = nil, configure: (inout ControlPlaneNode.Options) -> Void = { _ in },
  _ body: @escaping @Sendable (Fixture) async throws -> Void
) async throws {
  await FixtureGate.shared.enter()
  defer { FixtureGate.shared.leave() }
  try await withDatabase(on: server) { database in
    let log = CapturedLog()
    var options = ControlPlaneNode.Options(postgres: database.configuration)
    options.databaseConnections = 2
    options.runs.backoff = RunBackoff(first: .milliseconds(20), longest: .milliseconds(40))
    configure(&options)
    let keys = try masterKeys ?? .forTests()
    let node = ControlPlaneNode(options, masterKeys: keys, logger: log.logger)
    node.start()
    await BringUp(node, logger: log.logger).run()
    let fixture = Fixture(node: node, database: database, log: log, masterKeys: keys)
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await ConfigurationService(node, logger: log.logger).follow() }
        try await body(fixture)
        group.cancelAll()
      }
    } catch {
      await fixture.connections.close()
      await node.shutDown(within: .seconds(1))
      throw error
    }
    await fixture.connections.close()
    await node.shutDown(within: .seconds(1))
  }
}

extension MasterKeys {
  /// One random key of a version.
  static func forTests(version: Int = 1) throws -> MasterKeys {
    try MasterKeys(
      parsing: SecretBytes(copying: "\(version):\(Base64.encode(SecretBytes.random(count: 32)))"), source: "test")
  }
}

/// Everything that was logged, as text.
final class CapturedLog: Sendable {
  private let lines = Mutex<[String]>([])

  var text: String { lines.withLock { $0.joined(separator: "\n") } }

  var logger: Logger {
    Logger(label: "test") { _ in Handler(log: self) }
  }

  private struct Handler: LogHandler {
    let log: CapturedLog
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    init(log: CapturedLog) { self.log = log }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let line = "\(event.level) \(event.message) \(metadata.merging(event.metadata ?? [:]) { $1 })"
      log.lines.withLock { $0.append(line) }
    }
  }
}

/// The error that a call failed with; `nil`: it succeeded.
func failure<Value>(of call: () async throws -> Value) async throws -> RPCError? {
  do {
    _ = try await call()
    return nil
  } catch let error as RPCError {
    return error
  }
}

/// Tries until something holds; for what another thread is about to do. Gives up after ten seconds.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
  let end = ContinuousClock.now + .seconds(10)
  while ContinuousClock.now < end {
    if try await condition() { return true }
    await Task.yield()
  }
  return false
}

/// Definitions that several tests use.
enum Definitions {
  static func open(_ flow: String = "orders", node: String = "hook") -> String {
    """
    {"flow": "\(flow)", "nodes": [{"id": "\(node)", "type": "webhook_trigger", "auth": {"mode": "public"}},
      {"id": "next", "type": "task"}], "connections": [{"from": "\(node).else", "to": "next"}]}
    """
  }

  static func bearer(_ flow: String = "orders", secret: String? = nil) -> String {
    let secret = secret.map { ", \"secret\": \"\($0)\"" } ?? ""
    return """
      {"flow": "\(flow)", "nodes": [{"id": "hook", "type": "webhook_trigger", "auth": {"mode": "bearer"\(secret)}},
        {"id": "next", "type": "task"}], "connections": [{"from": "hook.else", "to": "next"}]}
      """
  }

  /// Event routing and mapping.
  static let routed = """
    {"flow": "orders", "nodes": [
      {"id": "hook", "type": "webhook_trigger", "auth": {"mode": "public"},
       "events": {"path": "body.event", "cases": [
         {"id": "approved", "value": "order_approved", "label": "Approved"},
         {"id": "refunded", "value": "order_refunded", "label": "Refunded"}]},
       "map": [{"variable": "email", "from": "body.email", "required": true},
               {"variable": "amount", "from": "body.amount", "type": "number", "default": 0}]},
      {"id": "welcome", "type": "task"}],
     "connections": [{"from": "hook.approved", "to": "welcome"}]}
    """
}

extension RPCError? {
  /// The fields that were found wrong.
  var paths: [String] { self?.faults.map(\.path) ?? [] }
}
