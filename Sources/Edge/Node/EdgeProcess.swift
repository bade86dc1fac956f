import HeadgateProto
import Logging
import Metrics
import NIOCore
import NIOPosix
import NIOSSL
import Observability
import RPC
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What `headgate-edge` does.
package enum EdgeProcess {
  /// Serves until SIGTERM or SIGINT; then finishes what is under way.
  ///
  /// - Throws: when a certificate cannot be read or an address cannot be listened on. Never because a control plane is away.
  package static func serve(_ configuration: EdgeConfiguration) async throws {
    ProcessLimits.forbidDumps()
    LineLogHandler.bootstrap(format: configuration.logFormat, level: configuration.logLevel)
    let prometheus = PrometheusMetrics()
    MetricsSystem.bootstrap(prometheus)
    prometheus.observeProcess(program: "headgate_edge", version: EdgeVersion.version)

    let logger = Logger(label: "headgate.edge")
    logger.notice("starting", metadata: ["version": "\(EdgeVersion.version)", "configuration": configuration.logged])
    var options = configuration.core
    let descriptors = ProcessLimits.raiseDescriptorLimit() - ProcessLimits.reservedDescriptors
    if descriptors < options.load.connections {
      options.load.connections = max(1, descriptors)
      logger.notice(
        "the limit of open files limits the connections", metadata: ["connections": .stringConvertible(options.load.connections)])
    }

    let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.threadCount)
    let client = try RPCClient(
      configuration: configuration.client(loops: Array(group.makeIterator())), logger: Logger(label: "headgate.rpc")
    ) { isReady in
      logger.notice(isReady ? "connected to a control plane" : "no connection to a control plane")
      // Nothing is left to be started.
      if isReady { group.next().scheduleTask(in: .milliseconds(StartPages.graceMilliseconds)) { StartPages.release() } }
    }
    let metrics = EdgeMetrics(factory: prometheus)
    let forwarder = HoldingForwarder(caller: RPCSubmitCaller(client: client), policy: configuration.hold, metrics: metrics)
    let core = EdgeCore(
      options: options, forwarder: forwarder, metrics: metrics, logger: logger, renderMetrics: { prometheus.render() })
    EdgeMetrics.describe(in: prometheus, load: core.load, policies: core.policies) { core.forwarder.isReady }

    let edge = EdgeService(
      core: core, group: group, listen: configuration.listen, adminListen: configuration.adminListen,
      tls: try configuration.publicTLS?.context(),
      drain: .init(notice: configuration.drainNotice, limit: configuration.drain), logger: logger)
    var services = ServiceGroupConfiguration(
      services: [
        ControlPlaneLink(client: client), PolicyWatch(caller: client, policies: core.policies, logger: logger), edge,
      ],
      gracefulShutdownSignals: [.sigterm, .sigint],
      logger: Logger(label: "headgate.lifecycle") { _ in SwiftLogNoOpLogHandler() })
    services.maximumGracefulShutdownDuration = configuration.drainNotice + configuration.drain + .seconds(5)
    try await ServiceGroup(configuration: services).run()
    try await group.shutdownGracefully()
    logger.notice("stopped")
  }
}

/// The connections to the control planes. First to start and last to end: requests under way still need them.
struct ControlPlaneLink: Service {
  let client: RPCClient

  func run() async throws {
    client.start()
    try? await gracefulShutdown()
    await client.shutdown()
  }
}

extension EdgeConfiguration {
  /// Event loops: where there are two cores, the second is better used by the neighbour.
  var threadCount: Int {
    if threads > 0 { return threads }
    return System.coreCount <= 2 ? 1 : System.coreCount
  }

  func client(loops: [any EventLoop]) throws -> RPCClient.Configuration {
    let transport: RPCClient.Configuration.Transport =
      switch self.transport {
      case .plaintext: .plaintext
      case .mutualTLS(let authority, let certificate, let key, let serverName):
        .tls(try TLSMaterial(certificate: certificate, key: key, authority: authority), serverName: serverName)
      }
    var client = RPCClient.Configuration(endpoints: controlPlanes, transport: transport, agent: EdgeVersion.agent)
    client.eventLoops = loops
    return client
  }

  /// Every setting as it is, for the first line of the log.
  var logged: Logger.MetadataValue {
    .dictionary(Dictionary(printable.map { ($0.key, .string($0.value)) }, uniquingKeysWith: { _, last in last }))
  }
}

extension EdgeConfiguration.PublicTLS {
  /// TLS 1.2 or later, HTTP/1.1 (ALPN), no client certificates.
  ///
  /// - Throws: `UnreadableTLSFile`, which names the file.
  func context() throws -> NIOSSLContext {
    let chain = try Self.read(certificate) { try NIOSSLCertificate.fromPEMFile($0) }
    let privateKey = try Self.read(key) { try NIOSSLPrivateKey(file: $0, format: .pem) }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    return try Self.read(certificate) { _ in try NIOSSLContext(configuration: configuration) }
  }

  private static func read<Value>(_ path: String, _ body: (String) throws -> Value) throws -> Value {
    do { return try body(path) } catch { throw UnreadableTLSFile(path: path) }
  }
}

/// A certificate or key that cannot be used.
package struct UnreadableTLSFile: Error, CustomStringConvertible {
  package let path: String
  package var description: String { "\(path) cannot be read as PEM, or does not fit the other file" }
}
