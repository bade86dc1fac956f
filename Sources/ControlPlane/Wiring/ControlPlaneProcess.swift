import Cryptography
import HeadgateProto
import Logging
import Metrics
import NIOCore
import NIOPosix
import Observability
import Postgres
import RPC
import Settings
import ServiceLifecycle
import Store
import TokenVault
import UnixSignals

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What `headgate-control serve` and `migrate` do.
package enum ControlPlaneProcess {
  /// Serves until SIGTERM or SIGINT; then finishes what is under way.
  ///
  /// - Throws: when a master key or certificate cannot be read or a port cannot be listened on. Never because PostgreSQL is
  ///   away.
  package static func serve(_ configuration: ControlConfiguration) async throws {
    forbidCoreDumps()
    LineLogHandler.bootstrap(format: configuration.logsAsText ? .text : .json, level: configuration.logLevel)
    let metrics = PrometheusMetrics()
    MetricsSystem.bootstrap(metrics)
    ControlMetrics.prepare(metrics)

    let logger = Logger(label: "headgate.control")
    logger.notice("starting", metadata: ["version": "\(ControlPlaneVersion.version)", "configuration": configuration.logged])
    if configuration.database.allowsUnsafeDurability {
      logger.critical("durability is not required of PostgreSQL: a crash may lose requests that were answered 2xx")
    }
    if configuration.transport == .plaintext {
      logger.critical("the RPC port is not encrypted and trusts every program of this machine with every role")
    }
    let node = ControlPlaneNode(
      ControlPlaneNode.Options(configuration), masterKeys: try configuration.masterKeySource.read(), logger: logger)
    ControlMetrics.observe(node, in: metrics)

    let group = configuration.threads == 0 ? .singleton : MultiThreadedEventLoopGroup(numberOfThreads: configuration.threads)
    var services: [any Service] = [
      DatabaseService(node, drain: configuration.drain), ConfigurationService(node, logger: logger),
      MaintenanceService(node, logger: logger), TermsService(node, logger: logger), RunCountService(node),
      MasterKeyReload(keys: node.keys, source: configuration.masterKeySource, logger: logger),
    ]
    if let endpoint = configuration.adminListen {
      services.append(AdminListener(endpoint: endpoint, group: group, logger: logger) { AdminAnswers.answer($0, node, metrics) })
    }
    services.append(try RPCService(node, configuration, group: group, logger: logger))
    var groupConfiguration = ServiceGroupConfiguration(
      services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    // Calls and queue each have the drain's time; what is not done then never will be.
    groupConfiguration.maximumGracefulShutdownDuration = configuration.drain * 2 + .seconds(5)
    group.next().scheduleTask(in: .milliseconds(StartPages.graceMilliseconds * 2)) { StartPages.release() }
    try await ServiceGroup(configuration: groupConfiguration).run()
    logger.notice("stopped")
  }

  /// Brings the schema up to date. Returns what was done, for people.
  ///
  /// - Parameter role: a role of the database that control planes serve as; it is given what that takes and no more.
  /// - Throws: `StoreError`; also when PostgreSQL does not answer within ten seconds.
  package static func migrate(_ database: ControlConfiguration.Database, grantingTo role: String? = nil) async throws -> String {
    let logger = Logger(label: "headgate.control")
    let store = Store(PostgresConfiguration(database), connections: 1, logger: logger)
    store.start()
    do {
      try await store.waitUntilConnected(for: .seconds(10))
      let applied = try await store.migrate()
      let version = try await store.schemaVersion()
      if let role { try await store.grantServing(to: role) }
      await store.shutDown()
      let list = applied.map(String.init).joined(separator: ", ")
      return applied.isEmpty ? "schema is at version \(version)" : "schema is at version \(version); applied \(list)"
    } catch {
      await store.shutDown()
      throw Refusal(error)
    }
  }

  /// Looks whether a restored database is whole, changing nothing. Returns what was found.
  ///
  /// - Throws: `StoreError` as a `Refusal`, also when PostgreSQL does not answer within ten seconds; when the master keys
  ///   cannot be read.
  package static func checkBackup(
    _ database: ControlConfiguration.Database, masterKeys: MasterKeySource
  ) async throws -> [BackupCheck.Finding] {
    forbidCoreDumps()
    var configuration = PostgresConfiguration(database)
    configuration.isReadOnly = true
    // A restored database may well be on a server that is not meant to last; and counting it takes long.
    configuration.durability = .ignore
    configuration.statementTimeout = .zero
    configuration.answerTimeout = longestCheck
    let keys = try masterKeys.read()
    let store = Store(configuration, connections: 1, logger: Logger(label: "headgate.control"))
    store.start()
    do {
      try await store.waitUntilConnected(for: .seconds(10))
      let findings = try await BackupCheck(store: store, masterKeys: keys).run()
      await store.shutDown()
      return findings
    } catch {
      await store.shutDown()
      throw Refusal(error)
    }
  }

  private static let longestCheck = Duration.seconds(3600)

  /// A failure of a command, in words for whoever ran it.
  private struct Refusal: Error, CustomStringConvertible {
    let description: String

    init(_ error: any Error) {
      if case .unavailable(let cause)? = error as? StoreError {
        description = "PostgreSQL cannot be reached: \(cause)"
      } else {
        description = (error as? StoreError).flatMap(SchemaAdvice.text(for:)) ?? "\(error)"
      }
    }
  }

  /// A core file would hold keys and tokens.
  private static func forbidCoreDumps() {
    var limit = rlimit(rlim_cur: 0, rlim_max: 0)
    #if canImport(Glibc)
      setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    #else
      setrlimit(RLIMIT_CORE, &limit)
    #endif
  }
}

/// The RPC port. Last to start, first to end: it stops taking calls before what they need goes away.
struct RPCService: Service {
  private let node: ControlPlaneNode
  private let server: RPCServer
  private let logger: Logger

  init(_ node: ControlPlaneNode, _ configuration: ControlConfiguration, group: any EventLoopGroup, logger: Logger) throws {
    self.node = node
    self.logger = logger
    let transport: RPCServer.Configuration.Transport
    switch configuration.transport {
    case .plaintext: transport = .plaintext(principal: .loopback)
    case .mutualTLS(let authority, let certificate, let key):
      transport = .tls(try TLSMaterial(certificate: certificate, key: key, authority: authority))
    }
    var rpc = RPCServer.Configuration(
      host: configuration.listen.host, port: configuration.listen.port, transport: transport, agent: ControlPlaneVersion.agent,
      instanceID: node.instanceID)
    rpc.timeouts.drain = configuration.drain
    rpc.acceptsAPIKeysAlone = configuration.acceptsAPIKeysAlone
    // The status service names the peers of the server that it is served by.
    let peers = PeerSource()
    server = try RPCServer(
      configuration: rpc, handlers: node.methods(peers: { peers.current }), authenticator: node.authenticator, logger: logger,
      eventLoops: group)
    peers.set { [server] in server.peers }
    node.apiKeys.whenEnded { [server] keys in server.disconnect { keys.contains($0.apiKeyID) } }
    node.certificates.whenRevoked { [server] revoked in server.disconnect(certificates: revoked) }
    node.certificates.observe { [server] in server.certificates }
  }

  func run() async throws {
    let address = try await server.start()
    logger.notice("rpc listening", metadata: ["address": "\(address.endpointText)"])
    await endOfService()
    logger.notice("draining")
    node.readiness.set(.draining, because: "this process is shutting down")
    // Calls that wait would use up the drain's time.
    node.closeWaitingCalls()
    await server.drain()
  }
}
