import Cryptography
package import HeadgateProto
import Identifiers
import Rules
package import Logging
package import Postgres
package import RPC
package import Store
package import TokenVault

/// The parts of one control-plane process, put together; without sockets and signals, so that tests run it as it is.
package final class ControlPlaneNode: Sendable {
  /// What differs between installations.
  package struct Options: Sendable {
    package var postgres: PostgresConfiguration
    package var databaseConnections = 4
    package var ingest = IngestLimits()
    package var submit = SubmitLimits()
    package var runs = RunRules()
    /// Of the edge nodes, without a slash at its end; empty: not known.
    package var publicBaseURL = ""
    package var reloadInterval = Duration.seconds(60)
    var keyPace = KeyRotation.Pace()
    var apiKeyRhythm = APIKeyWatch.Rhythm()
    package var migratesAtStart = true
    /// The wall clock that requests are judged by.
    package var clock: @Sendable () -> UnixTime = { .now() }
    /// Days that requests and runs are kept; `nil`: for ever.
    package var retentionDays: Int?
    /// Days that bodies are kept; `nil`: as long as the requests.
    package var bodyRetentionDays: Int?
    /// Whether the bodies of closed days get search indexes.
    package var indexesBodies = true
    /// Searches of the log at a time.
    package var searchConnections = 2
    /// Of each listener.
    package var listenQueue = ListenQueue.Limits()

    package init(postgres: PostgresConfiguration) { self.postgres = postgres }

    /// What is kept how long.
    var retention: RetentionRules {
      RetentionRules(requestDays: retentionDays, bodyDays: bodyRetentionDays, indexesBodies: indexesBodies)
    }
  }

  package let instanceID: String
  package let options: Options
  package let store: Store
  package let ingest: IngestWriter
  package let runs: RunWriter
  package let feed: ChangeFeed
  package let readiness: Readiness
  package let policies = PolicyFeed()
  package let triggers: LiveTriggers
  package let environments = LiveEnvironments()
  package let loader: LiveLoader
  package let pending: PendingRequests
  package let bell = RunBell()
  package let commits = CommitBell()
  package let listenSessions = OpenSessions()
  package let listenExchange = ListenExchange()
  package let listenFollower: ListenFollower
  package let metrics = IngestMetrics()
  package let runMetrics = RunMetrics()
  package let retention = RetentionMetrics()
  package let keys: WorkspaceKeys
  package let apiKeys: APIKeyRing
  package let certificates: CertificateRing
  private let directory: WorkspaceDirectory
  private let cursors: CursorSeal
  private let logger: Logger

  package init(_ options: Options, masterKeys: MasterKeys, logger: Logger) {
    self.options = options
    self.logger = logger
    let replica = UniqueID.random()
    instanceID = replica.description
    let store = Store(
      options.postgres, connections: options.databaseConnections, searchConnections: options.searchConnections, logger: logger)
    self.store = store
    let feed = ChangeFeed(options.postgres, logger: logger)
    self.feed = feed
    let ingest = IngestWriter(options.postgres, limits: options.ingest, logger: logger) { [commits] commit in
      commits.ring()
      for workspace in commit.workspacesWithRuns { feed.runsBecameReady(in: workspace) }
    }
    self.ingest = ingest
    let bell = bell
    runs = RunWriter(options.postgres, logger: logger) { workspaces in
      for workspace in workspaces {
        bell.ring(workspace, flow: nil)
        feed.runsBecameReady(in: workspace)
      }
    }
    // An idle connection does not notice that its server is gone; the feed's does, at once.
    readiness = Readiness { feed.isConnected && store.status.isConnected && ingest.status.connectedLanes > 0 }
    triggers = LiveTriggers(policies: policies)
    directory = WorkspaceDirectory(store: store)
    keys = WorkspaceKeys(masterKeys: masterKeys, store: store)
    apiKeys = APIKeyRing(store: store)
    certificates = CertificateRing(store: store)
    loader = LiveLoader(
      store: store, keys: keys, directory: directory, triggers: triggers, environments: environments, logger: logger)
    pending = PendingRequests(
      store: store, triggers: triggers, sealed: SealedParts(keys: keys), maximumAttempts: options.runs.maximumAttempts,
      publicBaseURL: options.publicBaseURL, logger: logger
    ) { workspace, flows in
      for flow in flows { bell.ring(workspace, flow: flow) }
      feed.runsBecameReady(in: workspace)
    }
    listenFollower = ListenFollower(
      store: store, sessions: listenSessions, exchange: listenExchange, replica: replica, logger: logger)
    // Without a master key there is no `MasterKeys`; a random key then only means that cursors end with the process.
    cursors = CursorSeal(key: masterKeys.derivedKey(for: "cursors") ?? .random(count: 32))
  }

  /// What the RPC server registers.
  ///
  /// - Parameter peers: who is connected, for `StatusService`.
  package func methods(peers: @escaping @Sendable () async -> [ConnectedPeer] = { [] }) -> [MethodHandler] {
    let secrets = TriggerSecrets(keys: keys)
    let applier = FlowApplier(store: store, secrets: secrets, live: loader, triggers: triggers, pending: pending)
    let descriptions = TriggerDescriptions(store: store, triggers: triggers, publicBaseURL: options.publicBaseURL)
    let gated: [MethodHandler] =
      IngestService(
        triggers: triggers, readiness: readiness, writer: ingest, bell: bell,
        listening: ListenWatch(sessions: listenSessions, exchange: listenExchange), sealed: SealedParts(keys: keys),
        limits: options.submit,
        maximumAttempts: options.runs.maximumAttempts, metrics: metrics, logger: logger, clock: options.clock
      ).methods
      + WorkspaceService(store: store, directory: directory, live: loader).methods
      + FlowService(store: store, directory: directory, applier: applier, live: loader, cursors: cursors).methods
      + TriggerService(
        store: store, directory: directory, descriptions: descriptions, applier: applier, secrets: secrets, live: loader,
        cursors: cursors
      ).methods
      + VariableService(store: store, directory: directory, secrets: VariableSecrets(keys: keys), live: loader).methods
      + PolicyService(feed: policies).methods + PresetService(presets: PresetDescription.all.map { PresetInfo($0) }).methods
      + LogService(store: store, directory: directory, cursors: cursors, bell: commits).methods
      + ReplayService(
        ReplayService.Parts(
          store: store, directory: directory, triggers: triggers, writer: ingest, bell: bell,
          sealed: SealedParts(keys: keys), maximumAttempts: options.runs.maximumAttempts, publicBaseURL: options.publicBaseURL)
      ).methods
      + CustomerService(store: store, directory: directory, cursors: cursors).methods
      + KeyService(store: store, directory: directory, keys: keys, pace: options.keyPace).methods
      + AccessService(store: store, directory: directory, keys: apiKeys, certificates: certificates, cursors: cursors).methods
      + ListenService(
        store: store, directory: directory, descriptions: descriptions, exchange: listenExchange, follower: listenFollower,
        queueLimits: options.listenQueue
      ).methods
      + RunService(
        store: store, writer: runs, directory: directory, bell: bell, feed: feed, rules: options.runs, cursors: cursors,
        metrics: runMetrics
      ).methods
    let status = StatusService(
      StatusService.Sources(
        instanceID: instanceID, readiness: readiness, store: store, ingest: ingest, triggers: triggers, metrics: metrics,
        retention: options.retention, peers: peers),
      directory: directory)
    return gated.map { $0.gated(by: readiness) } + status.methods
  }

  /// Who callers are: by their certificate, unless it is revoked, or by an API key.
  package var authenticator: RPCAuthenticator {
    RPCAuthenticator(
      certificate: { [certificates] certificate in
        guard let principal = certificate.principal, certificates.admits(certificate) else { return nil }
        return principal
      }, apiKey: { [apiKeys] key in try apiKeys.principal(of: key) })
  }

  /// Starts the connections to PostgreSQL, which come and go in the background.
  package func start() {
    store.start()
    ingest.start()
    runs.start()
    feed.start()
  }

  /// Ends the calls that would otherwise wait on: those for runs, and the streams of listeners.
  package func closeWaitingCalls() {
    bell.close()
    commits.close()
    policies.close()
    listenExchange.close()
  }

  /// Commits what is queued, as far as that succeeds within the time, and closes the connections.
  package func shutDown(within time: Duration) async {
    readiness.set(.draining, because: "this process is shutting down")
    closeWaitingCalls()
    await ingest.shutDown(within: time)
    await runs.shutDown()
    await feed.shutDown()
    await store.shutDown()
  }
}
