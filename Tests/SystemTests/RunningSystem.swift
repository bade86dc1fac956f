import Cryptography
import Edge
import HeadgateProto
import Identifiers
import Logging
import Metrics
import NIOCore
import NIOPosix
import Postgres
import RPC
import Settings
import Store
import TestSupport
import Testing
import TokenVault

@testable import ControlPlane

/// An edge node and a control plane in this process, over HTTP and the RPC as they are, on a database of their own.
struct RunningSystem: Sendable {
  let node: ControlPlaneNode
  let edge: EdgeCore
  let database: PostgresDatabase
  let clock: HandClock
  /// Where callers connect on 127.0.0.1.
  let port: Int
  private let administrator: InProcessPair

  fileprivate init(
    node: ControlPlaneNode, edge: EdgeCore, database: PostgresDatabase, clock: HandClock, port: Int, administrator: InProcessPair
  ) {
    self.node = node
    self.edge = edge
    self.database = database
    self.clock = clock
    self.port = port
    self.administrator = administrator
  }

  var flows: FlowServiceClient<InProcessPair> { FlowServiceClient(administrator) }
  var triggers: TriggerServiceClient<InProcessPair> { TriggerServiceClient(administrator) }
  var runs: RunServiceClient<InProcessPair> { RunServiceClient(administrator) }
  var logs: LogServiceClient<InProcessPair> { LogServiceClient(administrator) }

  func send(_ webhook: Webhook) async throws -> HTTPAnswer { try await HTTPCaller.send(webhook.bytes, to: port) }

  /// Applies and publishes a flow; gives the key of its node "hook".
  @discardableResult
  func publish(_ definition: String, node: String = "hook") async throws -> String {
    let response = try await flows.apply(ApplyFlowRequest(definition: Array(definition.utf8), publish: true))
    return try #require(response.flow?.triggers.first { $0.node == node }?.key)
  }

  /// Publishes a flow whose trigger has these fields, as JSON members, beside id and type, and leads to a task.
  @discardableResult
  func publish(flow: String, trigger: String) async throws -> String {
    try await publish(
      """
      {"flow": "\(flow)", "nodes": [{"id": "hook", "type": "webhook_trigger", \(trigger)}, {"id": "next", "type": "task"}],
        "connections": [{"from": "hook.else", "to": "next"}]}
      """)
  }

  /// Requests of other days than these need partitions of their own.
  func makePartitions(ofDays days: Set<Int64>) async throws {
    let script = days.sorted().map { "SELECT create_partitions(date '1970-01-01' + \($0), date '1970-01-01' + \($0))" }
    try await sql(script.joined(separator: ";"))
  }

  /// Runs SQL as the database's owner, past the store.
  func sql(_ script: String) async throws {
    let connection = PostgresConnection(database.configuration, threadName: "test-sql", logger: .silent)
    let outcome = await connection.perform { session in try session.run(script: script) }
    await connection.close()
    try outcome.result.get()
  }

  /// The one number that a query gives.
  func count(_ query: String) async throws -> Int {
    let connection = PostgresConnection(database.configuration, threadName: "test-sql", logger: .silent)
    let outcome = await connection.perform { session in
      try session.query(PostgresStatement("count", "SELECT (\(query))::int8")).first { Int(try $0.int64()) }
    }
    await connection.close()
    return try #require(try outcome.result.get())
  }
}

/// Runs `body` with a system that is ready.
func withSystem(
  clock: HandClock = HandClock(), edge configureEdge: (inout EdgeCore.Options) -> Void = { _ in },
  _ body: (RunningSystem) async throws -> Void
) async throws {
  try await withDatabase { database in
    var options = ControlPlaneNode.Options(postgres: database.configuration)
    options.databaseConnections = 2
    options.clock = { clock.unixTime }
    let key = Base64.encode(SecretBytes.random(count: 32))
    let node = ControlPlaneNode(
      options, masterKeys: try MasterKeys(parsing: SecretBytes(copying: "1:\(key)"), source: "test"), logger: .silent)
    node.start()
    await BringUp(node, logger: .silent).run()
    let ways = try Ways(node)
    var edgeOptions = EdgeCore.Options()
    edgeOptions.publicURL = "https://hooks.example.com"
    configureEdge(&edgeOptions)
    let metrics = EdgeMetrics(factory: NOOPMetricsHandler.instance)
    let core = EdgeCore(
      options: edgeOptions,
      forwarder: HoldingForwarder(caller: RPCSubmitCaller(client: ways.edge.caller), policy: HoldPolicy(), metrics: metrics),
      metrics: metrics, logger: .silent, clock: { clock.wallTime })
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = EdgeServer(core: core, group: group)
    let listener = try await server.listen(ListenAddress(host: "127.0.0.1", port: 0))
    let outcome: Result<Void, any Error>
    do {
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { await ConfigurationService(node, logger: .silent).follow() }
        tasks.addTask { try await PolicyWatch(caller: ways.edge, policies: core.policies, logger: .silent).run() }
        try await body(
          RunningSystem(
            node: node, edge: core, database: database, clock: clock, port: try #require(listener.localAddress?.port),
            administrator: ways.administrator))
        tasks.cancelAll()
      }
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    try? await listener.close()
    server.closeAll()
    await ways.close()
    await node.shutDown(within: .seconds(1))
    try await group.shutdownGracefully()
    try outcome.get()
  }
}

/// The connections into a control plane.
private struct Ways {
  let edge: InProcessPair
  let administrator: InProcessPair

  init(_ node: ControlPlaneNode) throws {
    edge = try InProcessPair(handlers: node.methods(), principal: Principal(name: "edge", roles: [.edge]))
    administrator = try InProcessPair(
      handlers: node.methods(), principal: Principal(name: "administrator", roles: [.admin, .worker]))
  }

  func close() async {
    for pair in [edge, administrator] {
      await pair.shutdown()
      await pair.drain()
    }
  }
}
